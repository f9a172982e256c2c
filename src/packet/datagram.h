// Datagram: what is left of a frame when its link layers, tunnels and IP headers are taken off.
// Batch lifetime.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/net.h"

namespace siploom::packet {

enum class Protocol : uint8_t { None = 0, Icmp = 1, Tcp = 6, Udp = 17, Icmp6 = 58, Sctp = 132 };

// Why a frame gave no datagram; names are keys of `not_understood` in `siploom stats --json`.
enum class Refusal : uint8_t {
  None,
  UnknownLink,
  Truncated,
  BadHeader,
  NotIp,
  Arp,
  Fragment,
  OtherProtocol,
  Icmp,
  TooDeep,
  kCount
};
std::string_view refusal_name(Refusal refusal);

struct Datagram {
  Endpoint src, dst;  // ports are 0 for a fragment
  Protocol protocol = Protocol::None;
  Refusal refusal =
      Refusal::None;     // Fragment: `fragment` tells the rest, `payload` is the fragment's data
  bool cut = false;      // the capture holds less than the IP header says
  uint32_t missing = 0;  // how many octets less
  uint8_t ip_version = 0;
  uint8_t tunnels = 0;           // how many were taken off
  uint16_t vlan = 0;             // innermost 802.1Q id, 0: none
  uint32_t ip_id = 0;            // IPv4 identification or that of the IPv6 fragment header
  uint32_t fragment_offset = 0;  // octets
  bool more_fragments = false;
  uint8_t ip_protocol = 0;
  // UDP: the payload. TCP and SCTP: the segment or packet, header included. Fragment: its data.
  ByteSpan payload;
};

}  // namespace siploom::packet
