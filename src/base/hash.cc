#include "base/hash.h"

#define XXH_INLINE_ALL
#include <sys/random.h>
#include <xxhash.h>

#include <atomic>

namespace siploom {

namespace {
std::atomic<uint64_t> g_seed{0};
}  // namespace

uint64_t hash_seed() {
  uint64_t seed = g_seed.load(std::memory_order_relaxed);
  if (seed != 0) return seed;
  uint64_t fresh = 0;
  if (getrandom(&fresh, sizeof fresh, 0) != static_cast<ssize_t>(sizeof fresh)) fresh = 0x5DEECE66Dull;
  fresh |= 1;
  return g_seed.compare_exchange_strong(seed, fresh) ? fresh : seed;
}

void set_hash_seed(uint64_t seed) { g_seed.store(seed | 1); }

uint64_t hash_bytes(ByteSpan bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace siploom
