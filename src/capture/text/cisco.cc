// Cisco IOS and IOS XE, "debug ccsip messages". The heading tells neither address; they come from
// the messages.
//
//   000001: Jan  2 12:34:56.789: //-1/xxxxxxxxxxxx/SIP/Msg/ccsipDisplayMsg:
//   Received:
//   INVITE sip:...
#include "base/text.h"
#include "capture/text/dialects.h"
#include "capture/text/log_dialect.h"

namespace siploom::capture::dump {
namespace {

Direction direction_of(std::string_view line) {
  line = trim(line);
  if (line.ends_with("Sent:")) return Direction::Sent;
  return line.ends_with("Received:") ? Direction::Received : Direction::Unknown;
}

class Cisco final : public LogDialect {
 protected:
  std::optional<LogHeading> heading(const LineCursor& at) const override {
    const std::string_view line = at.line();
    LogHeading out;
    if (line.find("ccsipDisplayMsg") != std::string_view::npos) {
      for (size_t ahead = 0; ahead < 3; ++ahead) {
        out.direction = direction_of(at.peek(ahead));
        out.lines = ahead + 1;
        if (out.direction != Direction::Unknown) break;
      }
      if (out.direction == Direction::Unknown) return std::nullopt;
      out.time = find_time(after_sequence_number(line));
      return out;
    }
    // The same without its first line, as people cut it.
    out.direction = direction_of(line);
    if (out.direction == Direction::Unknown) return std::nullopt;
    const bool has_message = is_start_line(trim(at.peek(1))) ||
                             (trim(at.peek(1)).empty() && is_start_line(trim(at.peek(2))));
    if (!has_message) return std::nullopt;
    out.time = find_time(line);
    return out;
  }

 private:
  // "000001: " counts log lines ("service sequence-numbers"); "*" and "." tell an unsure clock.
  static std::string_view after_sequence_number(std::string_view line) {
    line = trim_left(line);
    const size_t colon = line.find_first_not_of("0123456789");
    return colon != std::string_view::npos && colon > 0 && line.substr(colon).starts_with(": ")
               ? line.substr(colon + 2)
               : line;
  }
};

}  // namespace

std::unique_ptr<Dialect> make_cisco() { return std::make_unique<Cisco>(); }

}  // namespace siploom::capture::dump
