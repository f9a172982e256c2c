// Hashing of keys chosen by the outside: XXH3 with a seed of this process, so that nobody can aim
// at one bucket.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace siploom {

// Seed of this process; fixed once at the first use, or by set_hash_seed() before it (tests,
// reproducible runs).
namespace hash_detail {
inline std::atomic<uint64_t> seed{0};
uint64_t make_seed();
}  // namespace hash_detail
inline uint64_t hash_seed() {
  const uint64_t seed = hash_detail::seed.load(std::memory_order_relaxed);
  return seed != 0 ? seed : hash_detail::make_seed();
}
void set_hash_seed(uint64_t seed);

uint64_t hash_bytes(ByteSpan bytes, uint64_t seed);
inline uint64_t hash_bytes(ByteSpan bytes) { return hash_bytes(bytes, hash_seed()); }
inline uint64_t hash_text(std::string_view text) { return hash_bytes(as_bytes(text), hash_seed()); }
inline uint64_t hash_text(std::string_view text, uint64_t seed) {
  return hash_bytes(as_bytes(text), seed);
}

// Folds two words into one by a 128-bit multiply; good avalanche, two cycles.
inline uint64_t mix(uint64_t a, uint64_t b) {
  using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a ^ 0x9E3779B97F4A7C15ull) * (b ^ 0xE7037ED1A0B428DBull);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace siploom
