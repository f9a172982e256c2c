#include "simulate/live/destination.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>

#include "base/host_port.h"
#include "base/text.h"

namespace siploom::simulate::live {

namespace {

tl::unexpected<Error> not_understood(std::string_view text) {
  return fail(ErrorCode::InvalidArgument,
              fmt::format("--hep: cannot read '{}'; write it like udp:127.0.0.1:9060 or "
                          "tcp:collector.example.org:9060",
                          text));
}

Result<Destination> parse_destination(std::string_view text) {
  Destination out;
  const Halves kind = split_once(text, ':');
  out.tcp = kind.before == "tcp";
  if (!kind.found || (!out.tcp && kind.before != "udp")) return not_understood(text);
  const auto where = parse_host_port(kind.after);
  if (!where) return not_understood(text);
  out.host = where->host;
  out.port = std::to_string(where->port);
  return out;
}

}  // namespace

std::string Destination::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}:{}{}{}:{}", tcp ? "tcp" : "udp", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

Result<std::vector<Destination>> parse_destinations(std::string_view text) {
  std::vector<Destination> out;
  for (bool more = true; more;) {
    const Halves part = split_once(text, ',');
    out.push_back(SL_TRY(parse_destination(trim(part.before))));
    text = part.after;
    more = part.found;
  }
  if (out.size() <= kMaxDestinations) return out;
  return fail(ErrorCode::InvalidArgument,
              fmt::format("--hep: at most {} destinations, one for each node", kMaxDestinations));
}

Result<SocketAddress> resolve(const Destination& destination, size_t attempt) {
  addrinfo hints{};
  hints.ai_socktype = destination.tcp ? SOCK_STREAM : SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(destination.host.c_str(), destination.port.c_str(), &hints, &found);
  if (code != 0) {
    return fail(ErrorCode::NotFound, fmt::format("{}: {}", destination.host, gai_strerror(code)));
  }
  std::vector<SocketAddress> all;
  // "localhost" is ::1, too, where few collectors listen.
  for (const bool v4 : {true, false}) {
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      if ((each->ai_family == AF_INET) != v4) continue;
      SocketAddress& address = all.emplace_back();
      address.size = std::min<socklen_t>(each->ai_addrlen, sizeof address.bytes);
      std::memcpy(&address.bytes, each->ai_addr, address.size);
    }
  }
  freeaddrinfo(found);
  if (all.empty()) return fail(ErrorCode::NotFound, destination.host + ": no address");
  return all[attempt % all.size()];
}

}  // namespace siploom::simulate::live
