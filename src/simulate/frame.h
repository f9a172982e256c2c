// FrameBuilder: payloads into frames: Ethernet (VLAN) or LINUX_SLL, IPv4 or IPv6, UDP or TCP, with
// true checksums.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "simulate/hosts.h"

namespace siploom::simulate {

constexpr size_t kMtu = 1500;

struct Peer {
  Host host;
  uint16_t port = 0;
};

// How the packets of a call are on the wire.
struct Wire {
  bool v6 = false;
  bool mirror = false;  // every packet is captured twice
  uint16_t vlan = 0;    // 0: no tag
};

struct TcpFields {
  uint32_t sequence = 0, acknowledgment = 0;
  uint8_t flags = 0;
};
constexpr uint8_t kTcpFin = 1, kTcpSyn = 2, kTcpPush = 8, kTcpAck = 16;

class FrameBuilder final {
 public:
  explicit FrameBuilder(bool linux_sll) : linux_sll_(linux_sll), bytes_(kHeadroom + 70'000) {}

  // Starts a datagram or a segment; its frames come from next_frame(), several when it is larger
  // than the MTU.
  void begin_udp(const Wire& wire, const Peer& src, const Peer& dst, ByteSpan payload,
                 uint16_t ip_id);
  void begin_tcp(const Wire& wire, const Peer& src, const Peer& dst, const TcpFields& fields,
                 ByteSpan payload, uint16_t ip_id);
  bool is_fragmented() const { return fragmented_; }
  // False when all were given. The bytes live until the next call of anything here.
  bool next_frame(ByteSpan& frame);

 private:
  static constexpr size_t kHeadroom = 128;

  void begin(const Wire& wire, const Peer& src, const Peer& dst, uint8_t protocol, size_t size,
             uint16_t ip_id);
  size_t put_ipv4(uint8_t* end, size_t size, size_t offset, bool more) const;
  size_t put_ipv6(uint8_t* end, size_t size, size_t offset, bool more) const;
  size_t put_link(uint8_t* end) const;
  uint64_t pseudo_header_sum(size_t size) const;

  bool linux_sll_;
  std::vector<uint8_t>
      bytes_;  // headers grow down into the headroom, the transport header begins behind it
  std::vector<uint8_t> fragment_;
  Wire wire_;
  Host src_, dst_;
  size_t size_ = 0, given_ = 0;
  uint16_t ip_id_ = 0;
  uint8_t protocol_ = 0;
  bool fragmented_ = false;
};

// RFC 1071: the sum of 16-bit words, not yet folded; words are added in the order of this machine.
uint64_t checksum_sum(ByteSpan bytes);
// Folded and complemented, ready to be stored with memcpy.
uint16_t checksum_fold(uint64_t sum);

}  // namespace siploom::simulate
