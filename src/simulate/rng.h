// Random numbers that are the same on every machine: splitmix64 (Steele, Lea, Flood 2014) and
// integer arithmetic only.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/hash.h"
#include "base/time.h"

namespace siploom::simulate {

// A chance in 2^32; `of_percent` rounds once, in IEEE double arithmetic.
struct Chance {
  uint64_t threshold = 0;
  static Chance of_percent(double percent) {
    return {static_cast<uint64_t>(percent / 100.0 * 4294967296.0)};
  }
  bool hit(uint64_t random) const { return (random >> 32) < threshold; }
};

class Rng final {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  // 0 to n - 1; n is not 0.
  uint64_t below(uint64_t n) {
    using Wide = unsigned __int128;
    return static_cast<uint64_t>(static_cast<Wide>(next()) * n >> 64);
  }
  // `low` to `high`, both included.
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(below(static_cast<uint64_t>(high - low) + 1));
  }
  bool chance(Chance chance) { return chance.hit(next()); }
  bool one_in(uint64_t n) { return below(n) == 0; }
  template <class T, size_t N>
  const T& pick(const T (&items)[N]) {
    return items[below(N)];
  }

  // Time to the next event of a Poisson process: -ln(u) * mean, with the logarithm in fixed point.
  Nanoseconds exponential(Nanoseconds mean) {
    const uint64_t u = next() | 1;
    const int shift = std::countl_zero(u);
    uint64_t mantissa = u << shift >> 32;  // 1.31 fixed point, in [1, 2)
    uint64_t log2 = static_cast<uint64_t>(63 - shift);
    for (int bit = 0; bit < kLogBits; ++bit) {
      mantissa = mantissa * mantissa >> 31;
      log2 <<= 1;
      if (mantissa >> 32 != 0) {
        mantissa >>= 1;
        log2 |= 1;
      }
    }
    constexpr uint64_t kLn2 = 2'977'044'472;  // ln 2 in 0.32 fixed point
    const uint64_t minus_log2 = (uint64_t{64} << kLogBits) - log2;
    using Wide = unsigned __int128;
    return static_cast<Nanoseconds>(
        static_cast<Wide>(minus_log2) * kLn2 * static_cast<uint64_t>(mean) >> (32 + kLogBits));
  }

 private:
  static constexpr int kLogBits = 20;
  uint64_t state_;
};

}  // namespace siploom::simulate
