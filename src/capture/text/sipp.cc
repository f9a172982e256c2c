// SIPp -trace_msg. The heading tells neither address; they come from the messages.
//
//   ----------------------------------------------- 2026-01-02 12:34:56.789012
//   UDP message sent (544 bytes):        or        UDP message received [544] bytes :
#include "base/text.h"
#include "capture/text/dialects.h"
#include "capture/text/log_dialect.h"

namespace siploom::capture::dump {
namespace {

// What follows " message " in a heading's second line.
bool read_message_line(std::string_view line, LogHeading& out) {
  const size_t word = line.find(" message ");
  if (word == std::string_view::npos || word > 5) return false;
  out.transport = transport_named(line.substr(0, word));
  const std::string_view rest = line.substr(word + 9);
  if (rest.starts_with("sent ")) out.direction = Direction::Sent;
  if (rest.starts_with("received ")) out.direction = Direction::Received;
  out.declared_bytes = number_before(rest, " bytes");
  if (out.declared_bytes == 0) out.declared_bytes = number_before(rest, "] bytes");
  return out.transport != Transport::Unknown && out.direction != Direction::Unknown;
}

class Sipp final : public LogDialect {
 protected:
  std::optional<LogHeading> heading(const LineCursor& at) const override {
    const std::string_view line = at.line();
    LogHeading out;
    if (line.starts_with("--------")) {
      if (!read_message_line(at.peek(1), out)) return std::nullopt;
      out.time = find_time(line.substr(line.find_first_not_of('-') == std::string_view::npos
                                           ? line.size()
                                           : line.find_first_not_of('-')));
      out.lines = 2;
      return out;
    }
    if (!read_message_line(line, out)) return std::nullopt;
    return out;
  }
};

}  // namespace

std::unique_ptr<Dialect> make_sipp() { return std::make_unique<Sipp>(); }

}  // namespace siploom::capture::dump
