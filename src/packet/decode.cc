#include "packet/decode.h"

#include "packet/walk.h"

namespace siploom::packet {

namespace {

constexpr size_t kEthernetHeader = 14, kPlainIpv4Header = 20, kUdpHeader = 8;
constexpr size_t kPlainUdpHeaders = kEthernetHeader + kPlainIpv4Header + kUdpHeader;

// Ethernet, IPv4 without options, UDP, all of it there, no tunnel port: almost every packet of
// almost every capture. Changes `out` only when it gives true.
inline bool decode_plain_udp(ByteSpan bytes, Datagram& out) {
  if (bytes.size() < kPlainUdpHeaders) return false;
  const uint8_t* const frame = bytes.data();
  const uint8_t* const ip_header = frame + kEthernetHeader;
  const uint8_t* const udp = ip_header + kPlainIpv4Header;
  constexpr uint32_t kIpv4WithoutOptions = 0x080045;
  if ((load_be32(frame + 11) & 0xFFFFFF) != kIpv4WithoutOptions) return false;
  constexpr uint16_t kMoreAndOffset = 0x3FFF;
  if (ip_header[9] != static_cast<uint8_t>(Protocol::Udp)) return false;
  if ((load_be16(ip_header + 6) & kMoreAndOffset) != 0) return false;
  const size_t ip_size = load_be16(ip_header + 2), udp_size = load_be16(udp + 4);
  if (ip_size > bytes.size() - kEthernetHeader) return false;
  if (udp_size < kUdpHeader || udp_size + kPlainIpv4Header > ip_size) return false;
  const uint16_t src_port = load_be16(udp), dst_port = load_be16(udp + 2);
  if (is_tunnel_port(src_port) || is_tunnel_port(dst_port)) return false;

  out.src.address = IpAddress::v4(ip_header + 12);
  out.src.port = src_port;
  out.dst.address = IpAddress::v4(ip_header + 16);
  out.dst.port = dst_port;
  out.protocol = Protocol::Udp;
  out.refusal = Refusal::None;
  out.cut = false;
  out.missing = 0;
  out.ip_version = 4;
  out.tunnels = 0;
  out.vlan = 0;
  out.ip_id = load_be16(ip_header + 4);
  out.fragment_offset = 0;
  out.more_fragments = false;
  out.ip_protocol = static_cast<uint8_t>(Protocol::Udp);
  out.payload = bytes.subspan(kPlainUdpHeaders, udp_size - kUdpHeader);
  return true;
}

}  // namespace

void Walk::run() {
  for (int layer = 0; next != nullptr; ++layer) {
    if (layer >= kMaxLayers || out.tunnels > kMaxTunnels) {
      refuse(Refusal::TooDeep);
      return;
    }
    next(*this);
  }
  const bool has_payload = out.refusal == Refusal::None || out.refusal == Refusal::Fragment;
  if (has_payload) return;
  out.payload = {};
  if (out.refusal != Refusal::Icmp) out.protocol = Protocol::None;
}

namespace {

// A port number and a few fitting octets made us open a datagram that holds no packet: it is
// somebody else's.
bool opened_in_vain(const Walk& walk) {
  const Refusal refusal = walk.out.refusal;
  return walk.udp_opened > 0 && (refusal == Refusal::BadHeader || refusal == Refusal::NotIp ||
                                 refusal == Refusal::UnknownLink);
}

// `begin` sets datagram and walk to the outermost layer.
template <class Begin>
void walk_from(ByteSpan bytes, Datagram& out, const Begin& begin) {
  Walk walk(out, bytes);
  begin(walk);
  walk.run();
  if (!opened_in_vain(walk)) return;
  Walk again(out, bytes);
  again.udp_openable = static_cast<uint8_t>(walk.udp_opened - 1);
  begin(again);
  again.run();
}

}  // namespace

void decode_frame(uint16_t linktype, ByteSpan bytes, Datagram& out) {
  if (linktype == kLinkEthernet && decode_plain_udp(bytes, out)) return;
  walk_from(bytes, out, [linktype](Walk& walk) {
    walk.out = Datagram{};
    walk.enter_link(linktype);
  });
}

void decode_ip(ByteSpan bytes, int depth, Datagram& out) {
  walk_from(bytes, out, [depth](Walk& walk) {
    walk.out = Datagram{};
    walk.out.tunnels = static_cast<uint8_t>(depth);
    walk.enter(ip);
  });
}

void decode_transport(const Datagram& fragment, ByteSpan whole, Datagram& out) {
  const Datagram outer = fragment;
  walk_from(whole, out, [&outer](Walk& walk) {
    walk.out = Datagram{};
    walk.out.src = outer.src;
    walk.out.dst = outer.dst;
    walk.out.ip_version = outer.ip_version;
    walk.out.tunnels = outer.tunnels;
    walk.out.vlan = outer.vlan;
    walk.out.ip_id = outer.ip_id;
    walk.protocol = outer.ip_protocol;
    walk.enter(ip_protocol);
  });
}

void Walk::enter_link(uint16_t linktype) {
  switch (linktype) {
    case kLinkEthernet:
      return enter(ethernet);
    case kLinkNull:
    case kLinkLoop:
      return enter(bsd_null);
    case kLinkPpp:
    case kLinkPppHdlc:
      return enter(ppp_hdlc);
    case kLinkPppWithDirection:
      if (skip(1)) enter(ppp_hdlc);
      return;
    case kLinkPppEther:
      return enter(pppoe);
    case kLinkCHdlc:
      return enter(c_hdlc);
    case kLinkFrameRelay:
      return enter(frame_relay);
    case kLinkRawBsd:
    case kLinkRawOpenBsd:
    case kLinkRaw:
    case kLinkIpv4:
    case kLinkIpv6:
      return enter(ip);
    case kLinkLinuxSll:
      return enter(linux_sll);
    case kLinkLinuxSll2:
      return enter(linux_sll2);
    case kLinkAtmRfc1483:
      return enter(llc);
    case kLinkIeee80211:
      return enter(ieee80211);
    case kLinkRadiotap:
      return enter(radiotap);
    case kLinkPpi:
      return enter(ppi);
    case kLinkPktapOld:
    case kLinkPktap:
      return enter(pktap);
    case kLinkNflog:
      return enter(nflog);
    case kLinkPflog:
      return enter(pflog);
    case kLinkEnc:
      if (skip(12)) enter(ip);
      return;
    case kLinkNetAnalyzer:
      if (skip(4)) enter(ethernet);
      return;
    case kLinkUpperPdu:
      return enter(upper_pdu);
    default:
      return refuse(Refusal::UnknownLink);
  }
}

}  // namespace siploom::packet
