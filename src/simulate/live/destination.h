// Destination: where HEP goes, as the command line says it: "udp:HOST:PORT",
// "tcp:[2001:db8::1]:9060".
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace siploom::simulate::live {

struct Destination {
  bool tcp = false;
  std::string host, port;

  // As it was written.
  std::string text() const;
};

constexpr size_t kMaxDestinations = 3;  // one for each node

// Several, separated by commas. InvalidArgument: with what would be right.
Result<std::vector<Destination>> parse_destinations(std::string_view text);

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};
// Asks the resolver, which may take its time; IPv4 comes first, and of several addresses another
// one at each attempt. NotFound: it knows no such host.
Result<SocketAddress> resolve(const Destination& destination, size_t attempt = 0);

}  // namespace siploom::simulate::live
