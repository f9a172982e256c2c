// The machines of the simulated world: telephones, proxies, PBXs, carriers, strangers. Addresses
// are from private and documentation ranges (RFC 1918, 5737, 3849), MACs are locally administered.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/net.h"
#include "simulate/text_buffer.h"

namespace siploom::simulate {

enum class Role : uint8_t { Phone, Proxy, Pbx, Carrier, CarrierMedia, Stranger };

struct Host {
  Role role = Role::Phone;
  uint16_t index = 0;
  bool operator==(const Host&) const = default;
};

constexpr uint16_t host_count(Role role) {
  constexpr uint16_t kCounts[] = {4096, 8, 8, 16, 16, 200};
  return kCounts[static_cast<size_t>(role)];
}

uint32_t ipv4_of(Host host);  // host byte order
std::array<uint8_t, 16> ipv6_of(Host host);
std::array<uint8_t, 6> mac_of(Host host);
IpAddress address_of(Host host, bool v6);
// As it stands in SDP; `brackets` puts IPv6 into brackets, as URIs and Via want it (RFC 3261 25.1).
void append_address(TextBuffer& out, Host host, bool v6, bool brackets);

// IPv4 identification counts up for each host on its own (RFC 6864 4.1 wants them to differ within
// a while).
class IpIds final {
 public:
  IpIds();
  uint16_t next(Host host);

 private:
  std::vector<uint16_t> next_;
};

}  // namespace siploom::simulate
