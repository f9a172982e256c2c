#include "base/hash.h"

#define XXH_INLINE_ALL
#include <sys/random.h>
#include <xxhash.h>

namespace siploom {

uint64_t hash_detail::make_seed() {
  uint64_t fresh = 0, none = 0;
  if (getrandom(&fresh, sizeof fresh, 0) != static_cast<ssize_t>(sizeof fresh))
    fresh = 0x5DEECE66Dull;
  fresh |= 1;
  return seed.compare_exchange_strong(none, fresh) ? fresh : none;
}

void set_hash_seed(uint64_t seed) { hash_detail::seed.store(seed | 1); }

uint64_t hash_bytes(ByteSpan bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace siploom
