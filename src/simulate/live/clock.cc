#include "simulate/live/clock.h"

#include <algorithm>
#include <ctime>

namespace siploom::simulate::live {

namespace {

Nanoseconds read(clockid_t which) {
  timespec now{};
  clock_gettime(which, &now);
  return Nanoseconds{now.tv_sec} * kSecond + now.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  Timestamp wall() override { return {read(CLOCK_REALTIME)}; }
  Nanoseconds monotonic() override { return read(CLOCK_MONOTONIC); }
  void wait(std::span<pollfd> sockets, Nanoseconds at_most) override {
    at_most = std::max<Nanoseconds>(at_most, 0);
    const timespec most{static_cast<time_t>(at_most / kSecond), at_most % kSecond};
    // What is ready shows when the sockets are used; an error here is a signal.
    static_cast<void>(::ppoll(sockets.data(), sockets.size(), &most, nullptr));
  }
};

}  // namespace

std::unique_ptr<Clock> system_clock() { return std::make_unique<SystemClock>(); }

}  // namespace siploom::simulate::live
