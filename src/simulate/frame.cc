#include "simulate/frame.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "simulate/put.h"

namespace siploom::simulate {

namespace {

constexpr uint8_t kUdp = 17, kTcp = 6, kIpv6Fragment = 44;
constexpr size_t kUdpHeader = 8, kTcpHeader = 20, kSynOptions = 12;

void put_checksum(uint8_t* at, uint64_t sum) {
  const uint16_t folded = checksum_fold(sum);
  std::memcpy(at, &folded, sizeof folded);
}

}  // namespace

uint64_t checksum_sum(ByteSpan bytes) {
  const uint8_t* p = bytes.data();
  size_t left = bytes.size();
  uint64_t sum = 0;
  // Two words at a time; 2^32 of them could not overflow 64 bits.
  for (; left >= 8; p += 8, left -= 8) {
    const uint64_t words = load_le64(p);
    sum += (words & 0xFFFFFFFF) + (words >> 32);
  }
  for (; left >= 4; p += 4, left -= 4) sum += load_le32(p);
  uint8_t tail[4] = {};
  for (size_t i = 0; i < left; ++i) tail[i] = p[i];
  return sum + load_le32(tail);
}

uint16_t checksum_fold(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

uint64_t FrameBuilder::pseudo_header_sum(size_t size) const {
  uint8_t header[40] = {};
  size_t used = 0;
  if (wire_.v6) {
    std::memcpy(header, ipv6_of(src_).data(), 16);
    std::memcpy(header + 16, ipv6_of(dst_).data(), 16);
    put_be32(header + 32, size);
    header[39] = protocol_;
    used = 40;
  } else {
    put_be32(header, ipv4_of(src_));
    put_be32(header + 4, ipv4_of(dst_));
    header[9] = protocol_;
    put_be16(header + 10, size);
    used = 12;
  }
  return checksum_sum({header, used});
}

void FrameBuilder::begin(const Wire& wire, const Peer& src, const Peer& dst, uint8_t protocol,
                         size_t size, uint16_t ip_id) {
  SL_CHECK(size <= 65'000);
  wire_ = wire;
  src_ = src.host;
  dst_ = dst.host;
  protocol_ = protocol;
  size_ = size;
  given_ = 0;
  ip_id_ = ip_id;
  fragmented_ = size + (wire.v6 ? 40 : 20) > kMtu;
}

void FrameBuilder::begin_udp(const Wire& wire, const Peer& src, const Peer& dst, ByteSpan payload,
                             uint16_t ip_id) {
  const size_t size = kUdpHeader + payload.size();
  begin(wire, src, dst, kUdp, size, ip_id);
  uint8_t* const udp = &bytes_[kHeadroom];
  put_be16(udp, src.port);
  put_be16(udp + 2, dst.port);
  put_be16(udp + 4, size);
  put_be16(udp + 6, 0);
  if (!payload.empty()) std::memcpy(udp + kUdpHeader, payload.data(), payload.size());
  put_checksum(udp + 6, pseudo_header_sum(size) + checksum_sum({udp, size}));
  // Zero would say that there is none (RFC 768).
  if (udp[6] == 0 && udp[7] == 0) put_be16(udp + 6, 0xFFFF);
}

void FrameBuilder::begin_tcp(const Wire& wire, const Peer& src, const Peer& dst,
                             const TcpFields& fields, ByteSpan payload, uint16_t ip_id) {
  const bool syn = (fields.flags & kTcpSyn) != 0;
  const size_t header = kTcpHeader + (syn ? kSynOptions : 0);
  const size_t size = header + payload.size();
  begin(wire, src, dst, kTcp, size, ip_id);
  uint8_t* const tcp = &bytes_[kHeadroom];
  put_be16(tcp, src.port);
  put_be16(tcp + 2, dst.port);
  put_be32(tcp + 4, fields.sequence);
  put_be32(tcp + 8, fields.acknowledgment);
  tcp[12] = static_cast<uint8_t>(header / 4 << 4);
  tcp[13] = fields.flags;
  put_be16(tcp + 14, 64'240);
  put_be32(tcp + 16, 0);
  if (syn) {
    // MSS, SACK permitted, window scale 7 (RFC 9293 3.2, RFC 2018 2, RFC 7323 2).
    const uint8_t options[kSynOptions] = {2, 4, 0, 0, 1, 1, 4, 2, 1, 3, 3, 7};
    std::memcpy(tcp + kTcpHeader, options, sizeof options);
    put_be16(tcp + kTcpHeader + 2, kMtu - (wire.v6 ? 40 : 20) - kTcpHeader);
  }
  if (!payload.empty()) std::memcpy(tcp + header, payload.data(), payload.size());
  put_checksum(tcp + 16, pseudo_header_sum(size) + checksum_sum({tcp, size}));
}

size_t FrameBuilder::put_ipv4(uint8_t* end, size_t size, size_t offset, bool more) const {
  uint8_t* const ip = end - 20;
  ip[0] = 0x45;
  ip[1] = 0;
  put_be16(ip + 2, 20 + size);
  put_be16(ip + 4, ip_id_);
  put_be16(ip + 6, offset / 8 | (more ? 0x2000u : 0u));
  ip[8] = 64;
  ip[9] = protocol_;
  put_be16(ip + 10, 0);
  put_be32(ip + 12, ipv4_of(src_));
  put_be32(ip + 16, ipv4_of(dst_));
  put_checksum(ip + 10, checksum_sum({ip, 20}));
  return 20;
}

size_t FrameBuilder::put_ipv6(uint8_t* end, size_t size, size_t offset, bool more) const {
  size_t used = 40;
  uint8_t next = protocol_;
  if (fragmented_) {
    uint8_t* const fragment = end - 8;
    fragment[0] = protocol_;
    fragment[1] = 0;
    put_be16(fragment + 2, offset | (more ? 1u : 0u));
    put_be32(fragment + 4, ip_id_);
    next = kIpv6Fragment;
    used += 8;
    size += 8;
  }
  uint8_t* const ip = end - used;
  put_be32(ip, 0x60000000);
  put_be16(ip + 4, size);
  ip[6] = next;
  ip[7] = 64;
  std::memcpy(ip + 8, ipv6_of(src_).data(), 16);
  std::memcpy(ip + 24, ipv6_of(dst_).data(), 16);
  return used;
}

size_t FrameBuilder::put_link(uint8_t* end) const {
  const uint16_t type = wire_.v6 ? 0x86DD : 0x0800;
  put_be16(end - 2, type);
  if (linux_sll_) {
    uint8_t* const sll = end - 16;
    put_be16(sll, 0);      // sent to us
    put_be16(sll + 2, 1);  // ARPHRD_ETHER
    put_be16(sll + 4, 6);
    std::memcpy(sll + 6, mac_of(src_).data(), 6);
    put_be16(sll + 12, 0);
    return 16;
  }
  size_t used = 14;
  if (wire_.vlan != 0) {
    put_be16(end - 4, wire_.vlan);
    put_be16(end - 6, 0x8100);
    used = 18;
  }
  std::memcpy(end - used, mac_of(dst_).data(), 6);
  std::memcpy(end - used + 6, mac_of(src_).data(), 6);
  return used;
}

bool FrameBuilder::next_frame(ByteSpan& frame) {
  if (given_ >= size_) return false;
  size_t size = size_;
  uint8_t* payload = &bytes_[kHeadroom];
  if (fragmented_) {
    // All but the last carry a multiple of eight octets (RFC 791 3.1, RFC 8200 4.5).
    const size_t most = (kMtu - (wire_.v6 ? 48 : 20)) / 8 * 8;
    size = std::min(most, size_ - given_);
    fragment_.resize(kHeadroom + kMtu);
    std::memcpy(&fragment_[kHeadroom], payload + given_, size);
    payload = &fragment_[kHeadroom];
  }
  const bool more = given_ + size < size_;
  size_t headers =
      wire_.v6 ? put_ipv6(payload, size, given_, more) : put_ipv4(payload, size, given_, more);
  headers += put_link(payload - headers);
  given_ += size;
  frame = {payload - headers, headers + size};
  return true;
}

}  // namespace siploom::simulate
