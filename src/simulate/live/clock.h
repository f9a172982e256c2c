// Clock: time and waiting, for what runs live. Tests turn their own.
#pragma once

#include <poll.h>

#include <memory>
#include <span>

#include "base/time.h"

namespace siploom::simulate::live {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp wall() = 0;
  virtual Nanoseconds monotonic() = 0;
  // Until a socket is ready, a signal came, or `at_most` is over.
  virtual void wait(std::span<pollfd> sockets, Nanoseconds at_most) = 0;
};

std::unique_ptr<Clock> system_clock();

}  // namespace siploom::simulate::live
