// CallTimes: how long it took to ring and to set up calls that are over, as buckets that /metrics
// shows. A plain value; its owner locks.
#pragma once

#include <array>
#include <cstdint>

#include "model/call.h"

namespace siploom::pipeline {

struct TimeBuckets {
  // Seconds. Post-dial delay lies about 1 to 5 s (ITU-T E.721 has 3 to 8 s), setup within the time
  // that one lets a telephone ring; 32 s is when INVITE is given up (RFC 3261 timer B).
  static constexpr std::array<double, 15> kBounds = {0.1, 0.25, 0.5, 1,  2,  3,  4,  6,
                                                     8,   12,   20,  32, 60, 90, 180};
  std::array<uint64_t, kBounds.size()> counts{};  // of each bound alone
  uint64_t count = 0;
  double sum_s = 0;

  void add(Nanoseconds value);  // kNoDuration is not counted
};

struct CallTimes {
  TimeBuckets pdd, setup;

  // Only calls whose INVITE was seen say how long it took.
  void add(const model::Call& call);
};

}  // namespace siploom::pipeline
