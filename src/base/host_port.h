// HOST:PORT as people type it for what may be a name, an IPv4 address or [an IPv6 address].
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/net.h"
#include "base/text.h"

namespace siploom {

struct HostPort {
  std::string_view host;  // without brackets
  uint16_t port = 0;
};

// Nothing without both; a port is 1 to 65535, and an address with colons needs its brackets.
inline std::optional<HostPort> parse_host_port(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!parse_ip(host)) return std::nullopt;
  } else if (host.find_first_of(":/ ") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto port = parse_number<uint16_t>(text.substr(colon + 1));
  if (host.empty() || !port || *port == 0) return std::nullopt;
  return HostPort{host, *port};
}

}  // namespace siploom
