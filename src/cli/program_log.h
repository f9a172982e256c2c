// ProgramLog: what siploom serve tells its operator, a line each on standard error, for people or
// for machines. Any thread; what is written may be changed at any time.
#pragma once

#include <atomic>
#include <string_view>

#include "admin/settings.h"
#include "base/time.h"

namespace siploom::cli {

// In the order of log.level's choices: of a level, what stands before it is written, too.
enum class LogLevel : uint8_t { Error, Warning, Info, Debug };

class ProgramLog final {
 public:
  ProgramLog(Timestamp (*clock)(), int fd) : clock_(clock), fd_(fd) {}

  // Takes over log.level and log.format.
  void configure(const admin::Settings& settings);
  bool writes(LogLevel level) const { return level <= level_.load(std::memory_order_relaxed); }
  void write(LogLevel level, std::string_view text) const;
  // Whatever the level: what the operator cannot go on without.
  void tell(std::string_view text) const { put(LogLevel::Info, text); }

 private:
  void put(LogLevel level, std::string_view text) const;

  Timestamp (*clock_)();
  int fd_;
  std::atomic<LogLevel> level_{LogLevel::Info};
  std::atomic<bool> json_{false};
};

}  // namespace siploom::cli
