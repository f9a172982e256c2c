#include "pipeline/relay/options.h"

#include <fmt/format.h>

#include "base/host_port.h"
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
  const auto where = parse_host_port(kind.after);
  if (!kind.found || !where) return not_understood(text);
  out.host = where->host;
  out.port = std::to_string(where->port);
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
