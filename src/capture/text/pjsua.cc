// pjsua and other programs on the PJSIP library, log level 4 and up.
//
//   12:34:56.789  pjsua_core.c  .TX 1023 bytes Request msg INVITE/cseq=1 (tdta0x1) to
//   UDP 10.0.0.1:5060:
//   ...
//   --end msg--
#include "base/text.h"
#include "capture/text/dialects.h"
#include "capture/text/log_dialect.h"

namespace siploom::capture::dump {
namespace {

class Pjsua final : public LogDialect {
 protected:
  std::optional<LogHeading> heading(const LineCursor& at) const override {
    const std::string_view line = trim_right(at.line());
    const size_t bytes = line.find(" bytes ");
    if (bytes == kNone || !line.ends_with(':')) return std::nullopt;
    LogHeading out;
    size_t from = line.find("TX ");
    if (from != kNone && from < bytes) {
      out.direction = Direction::Sent;
    } else if ((from = line.find("RX ")) != kNone && from < bytes) {
      out.direction = Direction::Received;
    } else {
      return std::nullopt;
    }
    const bool is_sent = out.direction == Direction::Sent;
    const std::string_view preposition = is_sent ? " to " : " from ";
    const size_t peer = line.rfind(preposition);
    if (peer == kNone || peer < bytes) return std::nullopt;
    const Halves halves = split_once(
        line.substr(peer + preposition.size(), line.size() - peer - preposition.size() - 1), ' ');
    out.transport = transport_named(halves.before);
    out.peer = parse_party(halves.after).value_or(Party{});
    if (!halves.found || !out.peer.known()) return std::nullopt;
    out.declared_bytes = number_before(line.substr(from), " bytes ");
    out.time = find_time(line.substr(0, from));
    return out;
  }

  bool ends(std::string_view line) const override { return line == "--end msg--"; }
};

}  // namespace

std::unique_ptr<Dialect> make_pjsua() { return std::make_unique<Pjsua>(); }

}  // namespace siploom::capture::dump
