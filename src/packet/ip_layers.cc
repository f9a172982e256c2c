// IPv4, IPv6 with its extension headers, and what they carry.
#include <algorithm>

#include "packet/walk.h"

namespace siploom::packet {

namespace {

// Cuts what follows the packet (Ethernet padding), and notes what the capture does not hold of it.
void fit(Walk& walk, size_t size) {
  walk.missing = size > walk.rest.size() ? static_cast<uint32_t>(size - walk.rest.size()) : 0;
  walk.rest = walk.rest.subspan(0, std::min(size, walk.rest.size()));
}

void ipv4(Walk& walk) {
  const ByteSpan packet = walk.rest;
  if (packet.size() < 20) return walk.refuse(Refusal::Truncated);
  const size_t header = size_t{packet[0] & 0xFu} * 4;
  if (header < 20) return walk.refuse(Refusal::BadHeader);
  // Total length 0: the network card was to cut the packet up (segmentation offload), so it is all
  // there is.
  const size_t told = load_be16(&packet[2]), total = told == 0 ? packet.size() : told;
  if (packet.size() < header) return walk.refuse(Refusal::Truncated);
  if (total < header) return walk.refuse(Refusal::BadHeader);
  Datagram& out = walk.out;
  out.ip_version = 4;
  out.src = {IpAddress::v4(&packet[12]), 0};
  out.dst = {IpAddress::v4(&packet[16]), 0};
  out.ip_id = load_be16(&packet[4]);
  const uint16_t flags = load_be16(&packet[6]);
  out.more_fragments = (flags & 0x2000) != 0;
  out.fragment_offset = (flags & 0x1FFFu) * 8;
  out.ip_protocol = packet[9];
  fit(walk, total);
  walk.rest = walk.rest.subspan(header);
  walk.protocol = packet[9];
  walk.enter(ip_protocol);
}

void ipv6(Walk& walk) {
  const ByteSpan packet = walk.rest;
  if (packet.size() < 40) return walk.refuse(Refusal::Truncated);
  Datagram& out = walk.out;
  out.ip_version = 6;
  out.src = {IpAddress::v6(&packet[8]), 0};
  out.dst = {IpAddress::v6(&packet[24]), 0};
  out.ip_id = 0;
  out.more_fragments = false;
  out.fragment_offset = 0;
  out.ip_protocol = packet[6];
  walk.skip(40);
  // Payload length 0: a jumbogram (RFC 2675) or segmentation offload.
  const size_t told = load_be16(&packet[4]);
  fit(walk, told == 0 ? walk.rest.size() : told);
  walk.protocol = packet[6];
  walk.enter(ip_protocol);
}

// What a header says that lies whole in the packet, or not: then the capture cut it, or it lies.
bool has_header(Walk& walk, size_t size) {
  if (walk.rest.size() >= size) return true;
  walk.refuse(walk.missing > 0 ? Refusal::Truncated : Refusal::BadHeader);
  return false;
}

// RFC 8200 4: a header of options, `size` octets. Gives false when there is no way on.
bool skip_extension(Walk& walk, size_t size) {
  if (!has_header(walk, size)) return false;
  walk.protocol = walk.rest[0];
  return walk.skip(size);
}

// The same, where the second octet counts words of `word` octets, all but the first `uncounted`.
bool skip_counted_extension(Walk& walk, size_t word, size_t uncounted) {
  return has_header(walk, 8) && skip_extension(walk, (walk.rest[1] + uncounted) * word);
}

// RFC 8200 4.5. A whole datagram in one fragment is none (RFC 6946).
bool skip_fragment_header(Walk& walk) {
  const ByteSpan header = walk.rest;
  if (!skip_extension(walk, 8)) return false;
  const uint16_t offset_and_more = load_be16(&header[2]);
  walk.out.fragment_offset = offset_and_more & 0xFFF8u;
  walk.out.more_fragments = (offset_and_more & 1) != 0;
  walk.out.ip_id = load_be32(&header[4]);
  return true;
}

// Steps over extension headers; false when the walk ended.
bool skip_extensions(Walk& walk) {
  while (true) {
    const bool v6 = walk.out.ip_version == 6;
    switch (walk.protocol) {
      case kProtoHopByHop:
      case kProtoRouting:
      case kProtoDestination:
      case kProtoMobility:
      case kProtoHip:
      case kProtoShim6:
        if (!v6) return true;
        if (!skip_counted_extension(walk, 8, 1)) return false;
        break;
      case kProtoAuthentication:  // RFC 4302 2.2: counted in words of four
        if (!skip_counted_extension(walk, 4, 2)) return false;
        break;
      case kProtoFragment:
        if (!v6) return true;
        if (!skip_fragment_header(walk)) return false;
        if (walk.out.fragment_offset != 0 || walk.out.more_fragments) return true;
        break;
      default:
        return true;
    }
  }
}

void finish(Walk& walk, Protocol protocol) {
  walk.out.protocol = protocol;
  walk.out.payload = walk.rest;
  walk.out.missing = walk.missing;
  walk.out.cut = walk.missing > 0;
  walk.next = nullptr;
}

void read_ports(Walk& walk) {
  walk.out.src.port = load_be16(&walk.rest[0]);
  walk.out.dst.port = load_be16(&walk.rest[2]);
}

void udp(Walk& walk) {
  constexpr size_t kHeader = 8;
  if (!has_header(walk, kHeader)) return;
  const size_t told = load_be16(&walk.rest[4]);
  if (told != 0 && told < kHeader) return walk.refuse(Refusal::BadHeader);
  read_ports(walk);
  // Length 0 is a jumbogram (RFC 2675 4) or offload; a longer one than the IP packet is an error of
  // the sender's.
  if (told != 0 && told < walk.rest.size() + walk.missing) fit(walk, told);
  walk.skip(kHeader);
  const uint16_t src = walk.out.src.port, dst = walk.out.dst.port;
  finish(walk, Protocol::Udp);
  if (!is_tunnel_port(src) && !is_tunnel_port(dst)) return;
  if (walk.udp_opened < walk.udp_openable && enter_udp_tunnel(walk, src, dst)) ++walk.udp_opened;
}

void whole_segment(Walk& walk, Protocol protocol, size_t min_header) {
  if (!has_header(walk, min_header)) return;
  read_ports(walk);
  finish(walk, protocol);
}

}  // namespace

void ip(Walk& walk) {
  if (walk.rest.empty()) return walk.refuse(Refusal::Truncated);
  switch (walk.rest[0] >> 4) {
    case 4:
      return ipv4(walk);
    case 6:
      return ipv6(walk);
    default:
      return walk.refuse(Refusal::BadHeader);
  }
}

void ip_protocol(Walk& walk) {
  const auto is_fragment = [&] { return walk.out.fragment_offset != 0 || walk.out.more_fragments; };
  if (!is_fragment() && !skip_extensions(walk)) return;
  walk.out.ip_protocol = walk.protocol;
  if (is_fragment()) {
    walk.refuse(Refusal::Fragment);
    finish(walk, Protocol::None);
    return;
  }
  switch (walk.protocol) {
    case static_cast<uint8_t>(Protocol::Udp):
      return udp(walk);
    case static_cast<uint8_t>(Protocol::Tcp):
      return whole_segment(walk, Protocol::Tcp, 20);
    case static_cast<uint8_t>(Protocol::Sctp):
      return whole_segment(walk, Protocol::Sctp, 12);
    case static_cast<uint8_t>(Protocol::Icmp):
    case static_cast<uint8_t>(Protocol::Icmp6):
      walk.refuse(Refusal::Icmp);
      return finish(walk, static_cast<Protocol>(walk.protocol));
    case kProtoIpv4:
    case kProtoIpv6:
      return walk.enter_tunnel(ip);
    case kProtoGre:
      return walk.enter_tunnel(gre);
    case kProtoMpls:
      return walk.enter_tunnel(mpls);
    case kProtoEthernet:
      return walk.enter_tunnel(ethernet);
    case kProtoEtherIp:  // RFC 3378: version 3, 12 bits reserved
      if (!has_header(walk, 2)) return;
      walk.skip(2);
      return walk.enter_tunnel(ethernet);
    case kProtoL2tp:
      return walk.enter_tunnel(l2tp_over_ip);
    default:
      return walk.refuse(Refusal::OtherProtocol);
  }
}

}  // namespace siploom::packet
