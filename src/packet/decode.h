// Takes link layers, tunnels and IP headers off a frame, whatever their nesting, until a UDP, TCP
// or SCTP datagram is left. Stateless: any thread, any order. Never reads behind `bytes`; what
// cannot be read is told by Datagram::refusal. Spans in `out` point into `bytes`. `out` is
// overwritten as a whole.
#pragma once

#include <cstdint>

#include "packet/datagram.h"

namespace siploom::packet {

// More tunnels than this in one frame, and it is TooDeep; the same for the layers of all kinds.
constexpr int kMaxTunnels = 16;
constexpr int kMaxLayers = 64;

// `linktype` is a LINKTYPE_ number of the pcap registry (https://www.tcpdump.org/linktypes.html).
void decode_frame(uint16_t linktype, ByteSpan bytes, Datagram& out);

// `bytes` begin with an IPv4 or IPv6 header that lay in `depth` tunnels.
void decode_ip(ByteSpan bytes, int depth, Datagram& out);

// The second half of a fragmented datagram's way: `whole` is everything that followed the IP
// header(s) of `fragment`, put together again. There may be tunnels inside, or the fragment of an
// inner datagram.
void decode_transport(const Datagram& fragment, ByteSpan whole, Datagram& out);

inline Datagram decode_frame(uint16_t linktype, ByteSpan bytes) {
  Datagram out;
  decode_frame(linktype, bytes, out);
  return out;
}
inline Datagram decode_ip(ByteSpan bytes, int depth = 0) {
  Datagram out;
  decode_ip(bytes, depth, out);
  return out;
}
inline Datagram decode_transport(const Datagram& fragment, ByteSpan whole) {
  Datagram out;
  decode_transport(fragment, whole, out);
  return out;
}

}  // namespace siploom::packet
