// TcpSegment: one TCP segment as it was captured (RFC 9293 3.1).
#pragma once

#include "packet/tcp.h"

namespace siploom::packet {

struct TcpSegment {
  uint32_t sequence = 0;  // of the first octet of data
  uint32_t ack = 0;
  bool syn = false, has_ack = false, fin = false, rst = false;
  ByteSpan data;
  uint32_t lost = 0;  // octets of data behind `data` that the capture cut off
  uint32_t ip_id = 0;
  Timestamp time;
  uint64_t frame = 0;

  uint32_t size() const { return static_cast<uint32_t>(data.size()) + lost; }
};

// False for what is no TCP header.
bool parse_tcp(const Datagram& datagram, Timestamp time, uint64_t frame, TcpSegment& segment);

}  // namespace siploom::packet
