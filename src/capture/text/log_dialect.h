// LogDialect: logs that print each message whole, line by line, under a heading: what most dialects
// have in common.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "capture/text/dialect.h"

namespace siploom::capture::dump {

struct LogHeading {
  TimeText time;
  Direction direction = Direction::Unknown;
  Party peer;      // the other side, when the log is of one side ...
  Party src, dst;  // ... and both, when it tells both
  Transport transport = Transport::Unknown;
  size_t declared_bytes = 0;  // of the message; 0: not told
  size_t lines = 1;           // that the heading takes
};

class LogDialect : public Dialect {
 public:
  bool begins(const LineCursor& at) const final { return heading(at).has_value(); }
  void read(LineCursor& at, const Dialects& all, PacketSink& sink) final;

 protected:
  virtual std::optional<LogHeading> heading(const LineCursor& at) const = 0;
  // `line` is the dialect's mark for the end of a message.
  virtual bool ends(std::string_view line) const {
    static_cast<void>(line);
    return false;
  }
};

// Collects the message whose start line comes next, after some blank or dashed lines. What stands
// before the start line on its own line (indentation, a log's prefix) is taken off the other lines
// too. Empty when no message comes.
using EndTest = std::function<bool(std::string_view line)>;
std::string collect_message(LineCursor& at, const Dialects& all, size_t declared_bytes,
                            const EndTest& ends);

// `line` without a prefix that looks like `prefix` (the same but for digits); the line itself if it
// has none such.
std::string_view without_prefix(std::string_view line, std::string_view prefix);
// A line of one of "-=_~*" only.
bool is_ruler(std::string_view line);
// The number right before `unit` in `line` ("(1023 bytes)" with " bytes"), or 0.
size_t number_before(std::string_view line, std::string_view unit);

}  // namespace siploom::capture::dump
