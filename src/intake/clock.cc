#include "intake/clock.h"

#include <ctime>

namespace siploom::intake {

namespace {

Nanoseconds read_clock(clockid_t which) {
  timespec now{};
  ::clock_gettime(which, &now);
  return int64_t{now.tv_sec} * kSecond + now.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  Timestamp wall() const override { return {read_clock(CLOCK_REALTIME)}; }
  Nanoseconds monotonic() const override { return read_clock(CLOCK_MONOTONIC); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace siploom::intake
