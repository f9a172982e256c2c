// Internet addresses and endpoints as plain values. An IPv4 address is kept as ::ffff:a.b.c.d (RFC
// 4291 2.5.5.2).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace siploom {

struct IpAddress {
  std::array<uint8_t, 16> octets{};

  auto operator<=>(const IpAddress&) const = default;

  static IpAddress v4(const uint8_t* four) {
    IpAddress a;
    // In one word: octets written one by one would have to be gathered again by whoever copies it.
    const uint64_t low = uint64_t{load_le32(four)} << 32 | 0xFFFF0000u;
    std::memcpy(&a.octets[8], &low, 8);
    return a;
  }
  static IpAddress v4(uint32_t host_order) {
    const uint32_t wire = __builtin_bswap32(host_order);
    uint8_t four[4];
    std::memcpy(four, &wire, 4);
    return v4(four);
  }
  static IpAddress v6(const uint8_t* sixteen) {
    IpAddress a;
    std::memcpy(a.octets.data(), sixteen, 16);
    return a;
  }
  bool is_v4() const { return load_le64(&octets[0]) == 0 && load_le32(&octets[8]) == 0xFFFF0000u; }
  bool is_unspecified() const {
    return load_le64(&octets[0]) == 0 &&
           (load_le64(&octets[8]) == 0 || load_le64(&octets[8]) == 0xFFFF0000u);
  }
};

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

// Textual IPv4 or IPv6 (RFC 5952), brackets around IPv6 allowed; nothing else.
std::optional<IpAddress> parse_ip(std::string_view text);
// "10.0.0.1:5060", "[2001:db8::1]:5060", "10.0.0.1" (port 0).
std::optional<Endpoint> parse_endpoint(std::string_view text);
std::string format_ip(const IpAddress& address);
// With the port; IPv6 in brackets.
std::string format_endpoint(const Endpoint& endpoint);

// An address block, such as 10.0.0.0/8; a bare address is a block of one.
struct Cidr {
  IpAddress network;
  uint8_t prefix_bits = 128;  // counted on the 128-bit form: IPv4 /8 is 104

  auto operator<=>(const Cidr&) const = default;
  bool contains(const IpAddress& address) const;
};
std::optional<Cidr> parse_cidr(std::string_view text);
std::string format_cidr(const Cidr& cidr);

enum class Transport : uint8_t { Udp, Tcp, Tls, Ws, Wss, Sctp, Unknown };
std::string_view transport_name(Transport transport);  // "udp", "tcp", ...
Transport parse_transport(std::string_view name);      // Unknown for what is none

}  // namespace siploom
