// Logs of SIP honeypots: who sent it and when, as fields, then the message. Addresses may be masked
// ("210.184.X.Y").
//
//   Source: 210.184.1.2:1083
//   Datetime: 2010-05-02 01:43:05.606584
//
//   Message:
#include "base/text.h"
#include "capture/text/dialects.h"
#include "capture/text/log_dialect.h"

namespace siploom::capture::dump {
namespace {

class Honeypot final : public LogDialect {
 protected:
  std::optional<LogHeading> heading(const LineCursor& at) const override {
    if (!at.line().starts_with("Source: ") || !at.peek(1).starts_with("Datetime: ")) {
      return std::nullopt;
    }
    LogHeading out;
    out.direction = Direction::Received;
    out.peer = parse_party(trim(at.line().substr(8))).value_or(Party{});
    out.time = find_time(at.peek(1).substr(10));
    out.lines = 2;
    return out.peer.known() ? std::optional(out) : std::nullopt;
  }

  bool ends(std::string_view line) const override { return is_ruler(line) && line.size() >= 20; }
};

}  // namespace

std::unique_ptr<Dialect> make_honeypot() { return std::make_unique<Honeypot>(); }

}  // namespace siploom::capture::dump
