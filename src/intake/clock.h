// The two clocks that the intake reads, so that tests can turn them by hand. Any thread.
#pragma once

#include "base/time.h"

namespace siploom::intake {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp wall() const = 0;         // time of receipt, where the kernel gives none
  virtual Nanoseconds monotonic() const = 0;  // timeouts and rates; its zero means nothing
};

// The system's own.
const Clock& system_clock();

}  // namespace siploom::intake
