#include "pipeline/relay/options.h"

#include <fmt/format.h>

#include "base/net.h"
#include "base/text.h"

namespace siploom::pipeline::relay {

namespace {

std::string_view protocol_name(Protocol protocol) {
  return protocol == Protocol::Udp ? "udp" : protocol == Protocol::Tcp ? "tcp" : "tls";
}

tl::unexpected<Error> not_understood(std::string_view text) {
  return fail(ErrorCode::InvalidArgument,
              fmt::format("relay: cannot read '{}'; write it like udp:10.0.0.1:9060, "
                          "tcp:collector.example.org:9060 or tls:[2001:db8::1]:9061",
                          text));
}

}  // namespace

std::string Destination::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}:{}{}{}:{}", protocol_name(protocol), v6 ? "[" : "", host, v6 ? "]" : "",
                     port);
}

Result<Destination> parse_destination(std::string_view text) {
  Destination out;
  const Halves kind = split_once(text, ':');
  if (kind.before == "tcp") out.protocol = Protocol::Tcp;
  if (kind.before == "tls") out.protocol = Protocol::Tls;
  if (out.protocol == Protocol::Udp && kind.before != "udp") return not_understood(text);
  const size_t colon = kind.after.rfind(':');
  if (!kind.found || colon == std::string_view::npos) return not_understood(text);
  std::string_view host = kind.after.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!parse_ip(host)) return not_understood(text);
  } else if (host.find_first_of(":/ ") != std::string_view::npos) {
    return not_understood(text);
  }
  const auto port = parse_number<uint16_t>(kind.after.substr(colon + 1));
  if (host.empty() || !port || *port == 0) return not_understood(text);
  out.host = host;
  out.port = std::to_string(*port);
  return out;
}

Result<std::vector<Destination>> parse_destinations(const std::vector<std::string>& texts) {
  std::vector<Destination> out;
  for (const std::string& text : texts) {
    if (!trim(text).empty()) out.push_back(SL_TRY(parse_destination(trim(text))));
  }
  if (out.size() <= kMaxDestinations) return out;
  return fail(ErrorCode::LimitExceeded,
              fmt::format("relay: at most {} destinations", kMaxDestinations));
}

}  // namespace siploom::pipeline::relay
