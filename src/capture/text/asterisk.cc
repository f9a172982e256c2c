// Asterisk: "sip set debug on" (chan_sip) and "pjsip set logger on", from the console or from a log
// file, where
// "[Jan  2 03:04:05] VERBOSE[123][C-0000] chan_sip.c:" stands before the heading or before every
// line.
//
//   <--- SIP read from UDP:10.0.0.1:5060 --->          ... <------------->
//   <--- Reliably Transmitting (NAT) to 10.0.0.1:5060 --->   ... <------------>
//   Reliably Transmitting (no NAT) to 10.0.0.1:5060:   ... ---
//   Retransmitting #1 (NAT) to 10.0.0.1:5060:          ... ---
//   <--- Transmitting SIP request (1023 bytes) to UDP:10.0.0.1:5060 --->
//   <--- Received SIP response (1023 bytes) from TLS:10.0.0.1:5061 --->
#include "base/text.h"
#include "capture/text/dialects.h"
#include "capture/text/log_dialect.h"

namespace siploom::capture::dump {
namespace {

// "UDP:10.0.0.1:5060", "WS:[::1]:8088" or an address alone.
void read_peer(std::string_view text, LogHeading& out) {
  const Halves halves = split_once(text, ':');
  if (const Transport named = transport_named(halves.before); named != Transport::Unknown) {
    out.transport = named;
    text = halves.after;
  }
  out.peer = parse_party(text).value_or(Party{});
}

class Asterisk final : public LogDialect {
 protected:
  std::optional<LogHeading> heading(const LineCursor& at) const override {
    const std::string_view line = trim_right(at.line());
    LogHeading out;
    const size_t arrow = line.find("<--- ");
    size_t begin = arrow;
    std::string_view peer;
    if (arrow != kNone && line.ends_with("--->")) {
      const std::string_view inside = trim(line.substr(arrow + 5, line.size() - arrow - 9));
      if (!read_inside(inside, peer, out)) return std::nullopt;
    } else if (line.ends_with(':') && (begin = line.find("ransmitting ")) != kNone) {
      // "Transmitting", "Reliably Transmitting", "Retransmitting #1".
      if (!read_inside(line.substr(begin, line.size() - begin - 1), peer, out)) return std::nullopt;
    } else {
      return std::nullopt;
    }
    read_peer(peer, out);
    if (!out.peer.known()) return std::nullopt;
    out.time = find_time(line.substr(0, begin));
    return out;
  }

  bool ends(std::string_view line) const override {
    if (line.empty() || (line.front() != '<' && line.front() != '-')) return false;
    return line == "---" || line.starts_with("<-------") || line.starts_with("--- (");
  }

 private:
  static bool read_inside(std::string_view inside, std::string_view& peer, LogHeading& out) {
    if (inside.starts_with("SIP read from ") || inside.starts_with("Received SIP ")) {
      const size_t from = inside.find(" from ");
      if (from == kNone) return false;
      out.direction = Direction::Received;
      peer = inside.substr(from + 6);
    } else {
      const size_t verb = inside.find("ransmitting ");
      const size_t to = inside.find(" to ", verb == kNone ? 0 : verb);
      if (verb == kNone || to == kNone) return false;
      out.direction = Direction::Sent;
      peer = inside.substr(to + 4);
    }
    out.declared_bytes = number_before(inside, " bytes)");
    return true;
  }
};

}  // namespace

std::unique_ptr<Dialect> make_asterisk() { return std::make_unique<Asterisk>(); }

}  // namespace siploom::capture::dump
