#include "store/bloom.h"

#include <algorithm>

#include "base/hash.h"

namespace siploom::store {

namespace {

constexpr unsigned kProbes = 6;
// Far apart: with seeds that differ in a bit or two, XXH3 gives short texts of two kinds one hash.
constexpr uint64_t seed_of(KeyKind kind) {
  return static_cast<uint64_t>(kind) * 0xD6E8FEB86659FD93ull;
}

size_t block_of(uint64_t key, size_t blocks) {
  using Wide = unsigned __int128;
  return static_cast<size_t>((static_cast<Wide>(key) * blocks) >> 64);
}

// Six positions of nine bits within the block, from the key's lower bits stirred once more.
template <class Fn>
bool each_bit(uint64_t key, Fn&& fn) {
  uint64_t bits = key * 0x9E3779B97F4A7C15ull;
  bits ^= bits >> 29;
  for (unsigned i = 0; i < kProbes; ++i) {
    const auto bit = static_cast<unsigned>(bits >> (i * 9)) & 511u;
    if (!fn(bit / 8, static_cast<uint8_t>(1u << (bit % 8)))) return false;
  }
  return true;
}

}  // namespace

uint64_t bloom_key(KeyKind kind, std::string_view text) { return hash_text(text, seed_of(kind)); }

uint64_t bloom_key(const IpAddress& address) {
  return hash_bytes(address.octets, seed_of(KeyKind::Address));
}

std::vector<uint8_t> make_bloom(const std::vector<uint64_t>& keys) {
  if (keys.empty()) return {};
  const size_t bits = keys.size() * kBloomBitsPerKey;
  const size_t blocks = std::max<size_t>(1, (bits + 511) / 512);
  std::vector<uint8_t> filter(blocks * kBloomBlockBytes);
  for (const uint64_t key : keys) {
    uint8_t* block = &filter[block_of(key, blocks) * kBloomBlockBytes];
    each_bit(key, [&](size_t octet, uint8_t mask) {
      block[octet] = static_cast<uint8_t>(block[octet] | mask);
      return true;
    });
  }
  return filter;
}

bool bloom_has(ByteSpan filter, uint64_t key) {
  const size_t blocks = filter.size() / kBloomBlockBytes;
  if (blocks == 0) return false;
  const ByteSpan block = filter.subspan(block_of(key, blocks) * kBloomBlockBytes, kBloomBlockBytes);
  return each_bit(key, [&](size_t octet, uint8_t mask) { return (block[octet] & mask) != 0; });
}

}  // namespace siploom::store
