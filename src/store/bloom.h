// Bloom: a blocked bloom filter (one cache line a key) of what can be looked for in a segment
// without its day: ids, numbers, addresses. Part of the side file's format.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/net.h"

namespace siploom::store {

// What a key is of: the same text may be an id and a number.
enum class KeyKind : uint8_t { Id = 1, Number = 2, Address = 3 };
uint64_t bloom_key(KeyKind kind, std::string_view text);
uint64_t bloom_key(const IpAddress& address);

constexpr size_t kBloomBlockBytes = 64;
constexpr size_t kBloomBitsPerKey = 12;

// Of distinct keys (they are hashes already).
std::vector<uint8_t> make_bloom(const std::vector<uint64_t>& keys);
// Whether `key` may be among them; `filter` is what make_bloom gave (no keys: nothing is).
bool bloom_has(ByteSpan filter, uint64_t key);

}  // namespace siploom::store
