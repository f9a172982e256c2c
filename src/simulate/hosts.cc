#include "simulate/hosts.h"

namespace siploom::simulate {

namespace {

constexpr size_t kRoles = 6;

size_t dense_number(Host host) {
  size_t number = host.index;
  for (size_t role = 0; role < static_cast<size_t>(host.role); ++role) {
    number += host_count(static_cast<Role>(role));
  }
  return number;
}

constexpr uint32_t ipv4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

}  // namespace

uint32_t ipv4_of(Host host) {
  const uint32_t i = host.index;
  switch (host.role) {
    // 200 telephones to a /24, so that no address ends in 0 or 255.
    case Role::Phone:
      return ipv4(10, 20, i / 200, 10 + i % 200);
    case Role::Proxy:
      return ipv4(192, 0, 2, 10 + i);
    case Role::Pbx:
      return ipv4(10, 10, 0, 10 + i);
    case Role::Carrier:
      return ipv4(198, 51, 100, 10 + i);
    case Role::CarrierMedia:
      return ipv4(198, 51, 100, 110 + i);
    case Role::Stranger:
      break;
  }
  return ipv4(203, 0, 113, 10 + i);
}

std::array<uint8_t, 16> ipv6_of(Host host) {
  std::array<uint8_t, 16> out{0x20, 0x01, 0x0D, 0xB8};
  out[5] = static_cast<uint8_t>(0x10 + static_cast<unsigned>(host.role));
  const unsigned low = 0x10u + host.index;
  out[14] = static_cast<uint8_t>(low >> 8);
  out[15] = static_cast<uint8_t>(low);
  return out;
}

std::array<uint8_t, 6> mac_of(Host host) {
  return {0x02,
          0x51,
          0x70,
          static_cast<uint8_t>(host.role),
          static_cast<uint8_t>(host.index >> 8),
          static_cast<uint8_t>(host.index)};
}

IpAddress address_of(Host host, bool v6) {
  return v6 ? IpAddress::v6(ipv6_of(host).data()) : IpAddress::v4(ipv4_of(host));
}

void append_address(TextBuffer& out, Host host, bool v6, bool brackets) {
  if (!v6) {
    const uint32_t address = ipv4_of(host);
    (out.octet(address >> 24) << '.').octet(address >> 16 & 255) << '.';
    (out.octet(address >> 8 & 255) << '.').octet(address & 255);
    return;
  }
  // Shortest form of what ipv6_of() makes (RFC 5952 4): groups 1, 2, 3 and 8 are set.
  if (brackets) out << '[';
  const unsigned low = 0x10u + host.index;
  out << "2001:db8:";
  out.hex(0x10u + static_cast<unsigned>(host.role), 2) << "::";
  out.hex(low, low > 0xFFF ? 4 : low > 0xFF ? 3 : 2);
  if (brackets) out << ']';
}

IpIds::IpIds() {
  const Host last{Role::Stranger, 0};
  next_.resize(dense_number(last) + host_count(Role::Stranger));
  static_assert(kRoles == static_cast<size_t>(Role::Stranger) + 1);
  for (size_t i = 0; i < next_.size(); ++i) next_[i] = static_cast<uint16_t>(i * 0x9E37u + 1);
}

uint16_t IpIds::next(Host host) {
  uint16_t& id = next_[dense_number(host)];
  // 0 means "not set" to some readers.
  if (++id == 0) ++id;
  return id;
}

}  // namespace siploom::simulate
