// Progress: a bar on standard error for long work, when a person is looking; gone when the work is
// done.
#pragma once

#include <chrono>
#include <cstdint>

namespace siploom::cli {

class Progress final {
 public:
  // `total` 0: not known, then no bar.
  Progress(uint64_t total, bool wanted);
  ~Progress() { clear(); }
  void update(uint64_t done);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  uint64_t total_;
  bool on_;
  bool shown_ = false;
  Clock::time_point began_, last_;
};

}  // namespace siploom::cli
