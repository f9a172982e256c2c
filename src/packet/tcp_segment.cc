#include "packet/tcp_segment.h"

#include <algorithm>

namespace siploom::packet {

bool parse_tcp(const Datagram& datagram, Timestamp time, uint64_t frame, TcpSegment& segment) {
  constexpr size_t kMinHeader = 20;
  constexpr uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kAck = 0x10;
  const ByteSpan bytes = datagram.payload;
  if (bytes.size() < kMinHeader) return false;
  const size_t header = size_t{bytes[12]} >> 4 << 2;
  if (header < kMinHeader || header > bytes.size() + datagram.missing) return false;
  const uint8_t flags = bytes[13];
  segment.syn = (flags & kSyn) != 0;
  segment.has_ack = (flags & kAck) != 0;
  segment.fin = (flags & kFin) != 0;
  segment.rst = (flags & kRst) != 0;
  segment.sequence = load_be32(&bytes[4]) + (segment.syn ? 1 : 0);  // a SYN takes one number
  segment.ack = load_be32(&bytes[8]);
  segment.data = bytes.subspan(std::min(header, bytes.size()));
  const size_t header_cut = header - std::min(header, bytes.size());
  segment.lost = datagram.missing - static_cast<uint32_t>(header_cut);
  segment.ip_id = datagram.ip_id;
  segment.time = time;
  segment.frame = frame;
  return true;
}

}  // namespace siploom::packet
