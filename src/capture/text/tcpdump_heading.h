// The line or two that tcpdump writes above each packet, in the many forms that its options and
// versions give it:
//
//   12:34:56.789012 IP 10.0.0.1.5060 > 10.0.0.2.5060: SIP: INVITE sip:bob@example.com SIP/2.0
//   2026-01-02 12:34:56.789012 eth0  In  IP 10.0.0.1.5060 > 10.0.0.2.5060: UDP, length 512
//   IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto UDP (17), length 454)
//       10.0.0.1.5060 > 10.0.0.2.5060: [udp sum ok] SIP, length: 426
//   12:34:56.789012 IP6 fe80::1.5060 > fe80::2.5060: Flags [P.], seq 1:789, ack 1, win 512, options
//   [nop], length 788 12:34:56.789012 00:00:00:00:00:01 > 00:00:00:00:00:02, ethertype IPv4
//   (0x0800), length 801: 10.0.0.1.5060 > ... 12:34:56.789012 IP 10.0.0.1.5060 > 10.0.0.2.5060: P
//   1:789(788) ack 1 win 65535 <nop,nop,timestamp 1 2> 12:34:56.789012 IP 10.0.0.1 > 10.0.0.2:
//   ip-proto-17            (a fragment behind the first)
#pragma once

#include <optional>

#include "capture/text/dialect.h"

namespace siploom::capture::dump {

struct TcpdumpHeading {
  enum class Kind : uint8_t { Udp, Tcp, Fragment, Other };
  Kind kind = Kind::Other;
  TimeText time;
  bool is_v6 = false;
  Party src, dst;
  std::optional<size_t> length;         // of the payload
  std::optional<size_t> option_octets;  // of the TCP header, padded
  SegmentNumbers segment;
  bool is_tunnelled = false;  // the addresses are those of an inner packet
  size_t lines = 1;
};

std::optional<TcpdumpHeading> parse_tcpdump_heading(const LineCursor& at);

}  // namespace siploom::capture::dump
