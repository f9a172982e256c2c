// Link layers as they are on the wire.
#include "packet/walk.h"

namespace siploom::packet {

namespace {

// PPP protocol numbers (RFC 1661; https://www.iana.org/assignments/ppp-numbers).
enum PppProtocol : uint16_t {
  kPppIpv4 = 0x0021,
  kPppIpv6 = 0x0057,
  kPppMpls = 0x0281,
  kPppMplsMulticast = 0x0283
};

}  // namespace

void Walk::enter_ether_type(uint16_t type) {
  switch (type) {
    case kEtherIpv4:
    case kEtherIpv6:
      return enter(ip);
    case kEtherVlan:
    case kEtherProviderBridge:
    case kEtherOldQinQ:
      return enter(vlan_tag);
    case kEtherMpls:
    case kEtherMplsMulticast:
      return enter(mpls);
    case kEtherPppoeSession:
      return enter(pppoe);
    case kEtherPpp:
      return enter(ppp);
    case kEtherTransparentBridging:
      return enter(ethernet);
    case kEtherNsh:
      return enter(nsh);
    case kEtherPortExtension: {  // IEEE 802.1BR E-TAG: six octets, then the next type
      const ByteSpan tag = rest;
      if (skip(8)) enter_ether_type(load_be16(&tag[6]));
      return;
    }
    case kEtherBackboneBridge:  // IEEE 802.1ah I-TAG: flags and service id, then the customer's
                                // whole frame
      if (skip(4)) enter(ethernet);
      return;
    case kEtherArp:
    case kEtherRarp:
      return refuse(Refusal::Arp);
    default:
      break;
  }
  if (type < kEtherTypeMin) return enter(llc);
  refuse(Refusal::NotIp);
}

void ethernet(Walk& walk) {
  const ByteSpan frame = walk.rest;
  if (walk.skip(14)) walk.enter_ether_type(load_be16(&frame[12]));
}

void vlan_tag(Walk& walk) {
  const ByteSpan tag = walk.rest;
  if (!walk.skip(4)) return;
  walk.out.vlan = load_be16(&tag[0]) & 0x0FFF;
  walk.enter_ether_type(load_be16(&tag[2]));
}

// IEEE 802.2, with SNAP (RFC 1042).
void llc(Walk& walk) {
  const ByteSpan header = walk.rest;
  if (!walk.skip(3)) return;
  const bool snap = header[0] == 0xAA && header[1] == 0xAA && header[2] == 0x03;
  if (snap) {
    if (walk.skip(5)) walk.enter_ether_type(load_be16(&header[6]));
    return;
  }
  const bool ip_over_llc = header[0] == 0x06 && header[1] == 0x06 && header[2] == 0x03;  // RFC 948
  if (ip_over_llc) return walk.enter(ip);
  walk.refuse(Refusal::NotIp);
}

void ppp(Walk& walk) {
  // RFC 1662 3.2: address and control may be left out (ACFC).
  if (walk.rest.size() >= 2 && walk.rest[0] == 0xFF && walk.rest[1] == 0x03) walk.skip(2);
  const ByteSpan header = walk.rest;
  if (!walk.skip(1)) return;
  uint16_t protocol = header[0];
  const bool compressed =
      (header[0] & 1) != 0;  // RFC 1661 6.5: only the last octet of a number is odd
  if (!compressed) {
    if (!walk.skip(1)) return;
    protocol = load_be16(&header[0]);
  }
  switch (protocol) {
    case kPppIpv4:
    case kPppIpv6:
      return walk.enter(ip);
    case kPppMpls:
    case kPppMplsMulticast:
      return walk.enter(mpls);
    default:
      return walk.refuse(Refusal::NotIp);
  }
}

// RFC 2516 4: a session packet has code 0.
void pppoe(Walk& walk) {
  const ByteSpan header = walk.rest;
  if (!walk.skip(6)) return;
  if (header[0] != 0x11) return walk.refuse(Refusal::BadHeader);
  if (header[1] != 0) return walk.refuse(Refusal::NotIp);
  walk.enter(ppp);
}

void mpls(Walk& walk) {
  for (bool bottom = false; !bottom;) {
    const ByteSpan entry = walk.rest;
    if (!walk.skip(4)) return;
    bottom = (entry[2] & 1) != 0;
  }
  // Nothing says what a label stack carries (RFC 4928 3): IP goes by its version nibble, a
  // pseudowire control word (RFC 4385 3) begins with zeros, and without one the Ethernet frame
  // follows at once.
  if (walk.rest.empty()) return walk.refuse(Refusal::Truncated);
  if (looks_like_ip(walk.rest)) return walk.enter(ip);
  constexpr size_t kControlWord = 4;
  if (walk.rest.size() > kControlWord && walk.rest[0] >> 4 == 0 &&
      looks_like_ethernet(walk.rest.subspan(kControlWord))) {
    walk.rest = walk.rest.subspan(kControlWord);
    return walk.enter(ethernet);
  }
  if (looks_like_ethernet(walk.rest)) return walk.enter(ethernet);
  const int nibble = walk.rest[0] >> 4;
  const bool broken_ip = nibble == 4 || nibble == 6;
  if (broken_ip) return walk.enter(ip);  // whose refusal says how
  walk.refuse(Refusal::NotIp);
}

// Network Service Header (RFC 8300 2.2): length in words at bit 10, next protocol in octet 3.
void nsh(Walk& walk) {
  const ByteSpan header = walk.rest;
  if (header.size() < 8) return walk.refuse(Refusal::Truncated);
  const size_t size = size_t{header[1] & 0x3Fu} * 4;
  if (size < 8) return walk.refuse(Refusal::BadHeader);
  if (!walk.skip(size)) return;
  switch (header[3]) {
    case 1:
    case 2:
      return walk.enter(ip);
    case 3:
      return walk.enter(ethernet);
    case 5:
      return walk.enter(mpls);
    default:
      return walk.refuse(Refusal::NotIp);
  }
}

}  // namespace siploom::packet
