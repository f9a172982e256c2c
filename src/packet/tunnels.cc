// Tunnels: GRE with its family, L2TPv3, and those in UDP.
#include "packet/walk.h"

namespace siploom::packet {

namespace {

// Takes what `reader` has read off the walk; false when that was more than there is.
bool take_read(Walk& walk, const ByteReader& reader) {
  if (!reader.ok()) {
    walk.refuse(Refusal::Truncated);
    return false;
  }
  return walk.skip(reader.offset());
}

// GRE version 0 (RFC 2784, 2890; source routes of RFC 1701).
constexpr uint16_t kChecksum = 0x8000, kRouting = 0x4000, kKey = 0x2000, kSequence = 0x1000,
                   kAck = 0x0080;

void skip_source_routes(ByteReader& reader) {
  while (reader.ok()) {
    const uint16_t family = reader.be16();
    reader.skip(1);
    const size_t size = reader.u8();
    if (family == 0 && size == 0) return;
    reader.skip(size);
  }
}

// ERSPAN (draft-foschiano-erspan-03): type I has no header and no GRE sequence number, II has one
// of 8 octets, III one of 12 with a frame type, and a platform subheader of 8 if the last bit says
// so.
void erspan(Walk& walk, uint16_t type, bool has_sequence) {
  if (type == kEtherErspan) {
    if (!has_sequence || walk.skip(8)) walk.enter(ethernet);
    return;
  }
  const ByteSpan header = walk.rest;
  if (!walk.skip(12)) return;
  const bool subheader = (header[11] & 1) != 0;
  if (subheader && !walk.skip(8)) return;
  constexpr unsigned kIpPacket = 2;
  const unsigned frame_type = header[10] >> 2 & 0x1Fu;
  walk.enter(frame_type == kIpPacket ? ip : ethernet);
}

void gre_v0(Walk& walk, uint16_t flags, uint16_t type) {
  ByteReader reader(walk.rest);
  reader.skip(4);
  if ((flags & (kChecksum | kRouting)) != 0) reader.skip(4);
  if ((flags & kKey) != 0) reader.skip(4);
  if ((flags & kSequence) != 0) reader.skip(4);
  if ((flags & kRouting) != 0) skip_source_routes(reader);
  if (!take_read(walk, reader)) return;
  const bool mirrored = type == kEtherErspan || type == kEtherErspan3;
  if (mirrored) return erspan(walk, type, (flags & kSequence) != 0);
  if (type == kEtherWccp) {
    // WCCP version 2 puts a redirect header of four octets in front of the packet, version 1 does
    // not.
    if (!looks_like_ip(walk.rest) && !walk.skip(4)) return;
    return walk.enter(ip);
  }
  walk.enter_ether_type(type);
}

// GRE version 1: PPTP (RFC 2637 4.1). A packet that only acknowledges has no sequence number and no
// payload.
void gre_v1(Walk& walk, uint16_t flags, uint16_t type) {
  if ((flags & kSequence) == 0) return walk.refuse(Refusal::OtherProtocol);
  const size_t header = (flags & kAck) != 0 ? 16 : 12;
  if (walk.skip(header)) walk.enter_ether_type(type);
}

// L2TPv3 (RFC 3931 3.2.2) agrees on cookie and sublayer beforehand, out of our sight: the frame is
// where it looks like one.
bool find_l2tpv3_frame(Walk& walk) {
  constexpr size_t kMaxCookieAndSublayer = 12;
  for (size_t at = 0; at <= kMaxCookieAndSublayer && at <= walk.rest.size(); at += 4) {
    const ByteSpan inside = walk.rest.subspan(at);
    if (!looks_like_ethernet(inside)) continue;
    walk.rest = inside;
    walk.enter(ethernet);
    return true;
  }
  return false;
}

bool enter_if(Walk& walk, ByteSpan inside, bool fits, Layer layer) {
  if (!fits) return false;
  walk.rest = inside;
  walk.enter_tunnel(layer);
  return true;
}
bool enter_ip_if(Walk& walk, ByteSpan inside) {
  return enter_if(walk, inside, looks_like_ip(inside), ip);
}
bool enter_ethernet_if(Walk& walk, ByteSpan inside) {
  return enter_if(walk, inside, looks_like_ethernet(inside), ethernet);
}

// RFC 7348 5; with group policy bits (draft-smith-vxlan-group-policy), which use octets 0, 2 and 3.
bool vxlan(Walk& walk) {
  const ByteSpan bytes = walk.rest;
  if (bytes.size() < 8 || (bytes[0] & 0x7F) != 0x08 || bytes[7] != 0) return false;
  return enter_ethernet_if(walk, bytes.subspan(8));
}

// draft-ietf-nvo3-vxlan-gpe 3: I and P bits, next protocol in octet 3.
bool vxlan_gpe(Walk& walk) {
  const ByteSpan bytes = walk.rest;
  if (bytes.size() < 8 || (bytes[0] & 0xC8) != 0x08) return false;
  const ByteSpan inside = bytes.subspan(8);
  const bool names_next = (bytes[0] & 0x04) != 0;
  switch (names_next ? bytes[3] : 3) {
    case 1:
    case 2:
      return enter_ip_if(walk, inside);
    case 3:
      return enter_ethernet_if(walk, inside);
    case 4:
      return enter_if(walk, inside, true, nsh);
    case 5:
      return enter_if(walk, inside, true, mpls);
    default:
      return false;
  }
}

// RFC 8926 3.4.
bool geneve(Walk& walk) {
  ByteReader reader(walk.rest);
  const uint8_t version_and_length = reader.u8();
  reader.skip(1);
  const uint16_t type = reader.be16();
  reader.skip(4);
  reader.skip(size_t{version_and_length & 0x3Fu} * 4);
  if (!reader.ok() || version_and_length >> 6 != 0) return false;
  if (type == kEtherTransparentBridging) return enter_ethernet_if(walk, reader.rest());
  if (type == kEtherIpv4 || type == kEtherIpv6) return enter_ip_if(walk, reader.rest());
  return false;
}

// 3GPP TS 29.281 5: version 1, T-PDU; extension headers are counted in words and end with the next
// one's type.
bool gtp_u(Walk& walk) {
  ByteReader reader(walk.rest);
  const uint8_t flags = reader.u8(), message = reader.u8();
  reader.skip(6);  // length, tunnel
  constexpr uint8_t kVersionAndType = 0xF0, kVersion1Gtp = 0x30, kTPdu = 0xFF, kOptional = 0x07,
                    kExtension = 0x04;
  if ((flags & kVersionAndType) != kVersion1Gtp || message != kTPdu) return false;
  if ((flags & kOptional) != 0) {
    reader.skip(3);
    uint8_t extension = reader.u8();
    if ((flags & kExtension) == 0) extension = 0;
    while (extension != 0 && reader.ok()) {
      const size_t size = size_t{reader.u8()} * 4;
      if (size == 0) return false;
      reader.skip(size - 2);
      extension = reader.u8();
    }
  }
  if (!reader.ok()) return false;
  return enter_ip_if(walk, reader.rest()) || enter_ethernet_if(walk, reader.rest());
}

// TaZmen Sniffer Protocol: version 1, a received or sent packet, tagged fields until tag 1; tag 0
// is padding.
bool tzsp(Walk& walk) {
  ByteReader reader(walk.rest);
  const uint8_t version = reader.u8(), type = reader.u8();
  const uint16_t inside = reader.be16();
  if (version != 1 || type > 1) return false;
  for (uint8_t tag = reader.u8(); tag != 1; tag = reader.u8()) {
    if (!reader.ok()) return false;
    if (tag != 0) reader.skip(reader.u8());
  }
  if (!reader.ok()) return false;
  constexpr uint16_t kEthernetInside = 1, kIeee80211Inside = 18;
  if (inside == kEthernetInside) return enter_ethernet_if(walk, reader.rest());
  return enter_if(walk, reader.rest(), inside == kIeee80211Inside, ieee80211);
}

// Whether octets may be a PPP frame with an IP packet.
bool looks_like_ppp_ip(ByteSpan bytes) {
  ByteReader reader(bytes);
  uint16_t protocol = reader.u8();
  if (protocol == 0xFF && reader.u8() == 0x03) protocol = reader.u8();
  if ((protocol & 1) == 0) protocol = static_cast<uint16_t>(protocol << 8 | reader.u8());
  return (protocol == 0x0021 || protocol == 0x0057) && looks_like_ip(reader.rest());
}

// L2TPv2 data messages (RFC 2661 3.1), and version 3 over UDP (RFC 3931 4.1.2.1).
bool l2tp_over_udp(Walk& walk) {
  ByteReader reader(walk.rest);
  const uint16_t flags = reader.be16();
  constexpr uint16_t kControl = 0x8000, kLength = 0x4000, kNumbered = 0x0800, kOffset = 0x0200,
                     kVersion = 0x000F;
  if ((flags & kControl) != 0) return false;
  if ((flags & kVersion) == 3) {
    const ByteSpan before = walk.rest;
    reader.skip(6);
    if (!reader.ok()) return false;
    walk.rest = reader.rest();
    if (!find_l2tpv3_frame(walk)) {
      walk.rest = before;
      return false;
    }
    ++walk.out.tunnels;
    return true;
  }
  if ((flags & kVersion) != 2) return false;
  if ((flags & kLength) != 0) reader.skip(2);
  reader.skip(4);
  if ((flags & kNumbered) != 0) reader.skip(4);
  if ((flags & kOffset) != 0) reader.skip(reader.be16());
  if (!reader.ok()) return false;
  return enter_if(walk, reader.rest(), looks_like_ppp_ip(reader.rest()), ppp);
}

// RFC 4380 5.1.1: authentication and origin indication may stand before the IPv6 packet.
bool teredo(Walk& walk) {
  ByteReader reader(walk.rest);
  constexpr uint16_t kAuthentication = 0x0001, kOrigin = 0x0000;
  if (walk.rest.size() >= 4 && load_be16(walk.rest.data()) == kAuthentication) {
    reader.skip(2);
    const size_t id = reader.u8(), value = reader.u8();
    reader.skip(id + value + 9);
  }
  ByteSpan inside = reader.rest();
  if (inside.size() >= 8 && load_be16(inside.data()) == kOrigin) inside = inside.subspan(8);
  const bool fits = inside.size() >= 40 && inside[0] >> 4 == 6 &&
                    load_be16(&inside[4]) + size_t{40} <= inside.size();
  return enter_if(walk, inside, fits, ip);
}

// RFC 7510: the label stack begins at once.
bool mpls_in_udp(Walk& walk) {
  ByteSpan inside = walk.rest;
  for (bool bottom = false; !bottom; inside = inside.subspan(4)) {
    if (inside.size() < 4) return false;
    bottom = (inside[2] & 1) != 0;
  }
  return enter_if(walk, walk.rest, looks_like_ip(inside), mpls);
}

bool enter_by_port(Walk& walk, uint16_t port) {
  switch (port) {
    case kPortVxlan:
    case kPortVxlanLinux:
      return vxlan(walk);
    case kPortVxlanGpe:
      return vxlan_gpe(walk);
    case kPortGeneve:
      return geneve(walk);
    case kPortGtpU:
      return gtp_u(walk);
    case kPortTzsp:
      return tzsp(walk);
    case kPortL2tp:
      return l2tp_over_udp(walk);
    case kPortTeredo:
      return teredo(walk);
    case kPortMpls:
      return mpls_in_udp(walk);
    default:
      return false;
  }
}

}  // namespace

void gre(Walk& walk) {
  const ByteSpan header = walk.rest;
  if (header.size() < 4) return walk.refuse(Refusal::Truncated);
  const uint16_t flags = load_be16(&header[0]), type = load_be16(&header[2]);
  switch (flags & 7) {
    case 0:
      return gre_v0(walk, flags, type);
    case 1:
      return gre_v1(walk, flags, type);
    default:
      return walk.refuse(Refusal::BadHeader);
  }
}

void l2tp_over_ip(Walk& walk) {
  const ByteSpan header = walk.rest;
  if (!walk.skip(4)) return;
  const bool control = load_be32(header.data()) == 0;  // RFC 3931 4.1.1.2: session 0
  if (control || !find_l2tpv3_frame(walk)) walk.refuse(Refusal::OtherProtocol);
}

bool enter_udp_tunnel(Walk& walk, uint16_t src_port, uint16_t dst_port) {
  return enter_by_port(walk, dst_port) || enter_by_port(walk, src_port);
}

}  // namespace siploom::packet
