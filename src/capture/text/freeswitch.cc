// FreeSWITCH (and everything on Sofia-SIP) with "sofia profile ... siptrace on": messages indented
// by three blanks between rulers; newer versions leave the indentation or the rulers out.
//
//   recv 1023 bytes from udp/[10.0.0.1]:5060 at 12:34:56.789012:
//      ------------------------------------------------------------------------
#include "base/text.h"
#include "capture/text/dialects.h"
#include "capture/text/log_dialect.h"

namespace siploom::capture::dump {
namespace {

class Freeswitch final : public LogDialect {
 protected:
  std::optional<LogHeading> heading(const LineCursor& at) const override {
    const std::string_view line = at.line();
    const size_t bytes = line.find(" bytes ");
    if (bytes == kNone) return std::nullopt;
    LogHeading out;
    size_t from = line.find("recv ");
    if (from != kNone && from < bytes) {
      out.direction = Direction::Received;
    } else if ((from = line.find("send ")) != kNone && from < bytes) {
      out.direction = Direction::Sent;
    } else {
      return std::nullopt;
    }
    out.declared_bytes = number_before(line.substr(from), " bytes ");
    // "udp/[10.0.0.1]:5060", "tcp/[::1]:5060", "tls/10.0.0.1:5061"
    const size_t slash = line.find('/', bytes);
    if (slash == kNone) return std::nullopt;
    const size_t word = line.rfind(' ', slash) + 1;
    out.transport = transport_named(line.substr(word, slash - word));
    std::string_view address = line.substr(slash + 1);
    address = address.substr(0, address.find(' '));
    if (address.ends_with(':')) address.remove_suffix(1);
    out.peer = parse_party(address).value_or(Party{});
    if (out.transport == Transport::Unknown || !out.peer.known()) return std::nullopt;
    if (const size_t time = line.find(" at ", slash); time != kNone) {
      out.time = find_time(line.substr(time + 4));
    }
    return out;
  }

  bool ends(std::string_view line) const override {
    return is_ruler(line) && trim(line).size() >= 20;
  }
};

}  // namespace

std::unique_ptr<Dialect> make_freeswitch() { return std::make_unique<Freeswitch>(); }

}  // namespace siploom::capture::dump
