// Headers that capturing machines put in front of packets (https://www.tcpdump.org/linktypes.html).
#include "packet/walk.h"

namespace siploom::packet {

void linux_sll(Walk& walk) {
  const ByteSpan header = walk.rest;
  if (walk.skip(16)) walk.enter_ether_type(load_be16(&header[14]));
}

void linux_sll2(Walk& walk) {
  const ByteSpan header = walk.rest;
  if (walk.skip(20)) walk.enter_ether_type(load_be16(&header[0]));
}

// LINKTYPE_NULL has the address family in the byte order of the capturing machine, LINKTYPE_LOOP in
// that of the network.
void bsd_null(Walk& walk) {
  const ByteSpan header = walk.rest;
  if (!walk.skip(4)) return;
  const uint32_t big = load_be32(header.data()), little = load_le32(header.data());
  switch (big < little ? big : little) {
    case 2:   // AF_INET
    case 10:  // AF_INET6 of Linux,
    case 24:  // of NetBSD, OpenBSD and Windows,
    case 28:  // of FreeBSD,
    case 30:  // of Darwin
      return walk.enter(ip);
    default:
      return walk.refuse(Refusal::NotIp);
  }
}

void c_hdlc(Walk& walk) {
  const ByteSpan header = walk.rest;
  if (walk.skip(4)) walk.enter_ether_type(load_be16(&header[2]));
}

// LINKTYPE_PPP and LINKTYPE_PPP_HDLC may hold Cisco HDLC instead, known by its address octet.
void ppp_hdlc(Walk& walk) {
  constexpr uint8_t kCiscoUnicast = 0x0F, kCiscoMulticast = 0x8F;
  const bool cisco = walk.rest.size() >= 2 && walk.rest[1] == 0 &&
                     (walk.rest[0] == kCiscoUnicast || walk.rest[0] == kCiscoMulticast);
  walk.enter(cisco ? c_hdlc : ppp);
}

// RFC 2427: Q.922 address, control, NLPID; or Cisco's: address and Ethernet type.
void frame_relay(Walk& walk) {
  size_t address = 1;
  while (address <= 4 && address <= walk.rest.size() && (walk.rest[address - 1] & 1) == 0)
    ++address;
  if (!walk.skip(address)) return;
  const ByteSpan header = walk.rest;
  if (!walk.skip(2)) return;
  constexpr uint8_t kUnnumbered = 0x03, kPad = 0x00;
  if (header[0] != kUnnumbered) return walk.enter_ether_type(load_be16(header.data()));
  uint8_t nlpid = header[1];
  if (nlpid == kPad) {
    if (!walk.skip(1)) return;
    nlpid = header[2];
  }
  switch (nlpid) {
    case 0xCC:
    case 0x8E:
      return walk.enter(ip);
    case 0xCF:
      return walk.enter(ppp);
    case 0x80: {  // SNAP
      const ByteSpan snap = walk.rest;
      if (walk.skip(5)) walk.enter_ether_type(load_be16(&snap[3]));
      return;
    }
    default:
      return walk.refuse(Refusal::NotIp);
  }
}

namespace {

// IEEE 802.11-2020 9.2: only data frames that are neither protected nor aggregated can be read.
void ieee80211_frame(Walk& walk, bool padded) {
  const ByteSpan frame = walk.rest;
  if (frame.size() < 24) return walk.refuse(Refusal::Truncated);
  const unsigned version = frame[0] & 3u, type = frame[0] >> 2 & 3u, subtype = frame[0] >> 4;
  constexpr unsigned kDataFrame = 2, kNoDataBit = 4, kQosBit = 8;
  constexpr unsigned kProtected = 0x40, kOrder = 0x80, kBothWays = 0x03;
  const unsigned flags = frame[1];
  if (version != 0 || type != kDataFrame || (subtype & kNoDataBit) != 0 ||
      (flags & kProtected) != 0) {
    return walk.refuse(Refusal::NotIp);
  }
  size_t size = 24;
  if ((flags & kBothWays) == kBothWays) size += 6;  // a fourth address
  if ((subtype & kQosBit) != 0) {
    if (frame.size() < size + 2) return walk.refuse(Refusal::Truncated);
    constexpr unsigned kAggregated = 0x80;
    if ((frame[size] & kAggregated) != 0) return walk.refuse(Refusal::NotIp);
    size += 2;
    if ((flags & kOrder) != 0) size += 4;  // HT control
  }
  if (padded) size = (size + 3) & ~size_t{3};
  if (walk.skip(size)) walk.enter(llc);
}

void ieee80211_padded(Walk& walk) { ieee80211_frame(walk, true); }

// Whether the radiotap header says that 802.11 headers are padded to four octets
// (https://www.radiotap.org/fields/Flags).
bool radiotap_says_padded(ByteSpan header) {
  ByteReader reader(header);
  reader.skip(4);
  constexpr uint32_t kTsft = 1, kFlags = 2, kAnotherWord = 1u << 31;
  const uint32_t present = reader.le32();
  for (uint32_t word = present; reader.ok() && (word & kAnotherWord) != 0;) word = reader.le32();
  if ((present & kFlags) == 0) return false;
  if ((present & kTsft) != 0) {
    reader.skip((8 - reader.offset() % 8) % 8);
    reader.skip(8);
  }
  constexpr uint8_t kDataPad = 0x20;
  return (reader.u8() & kDataPad) != 0;
}

}  // namespace

void ieee80211(Walk& walk) { ieee80211_frame(walk, false); }

void radiotap(Walk& walk) {
  const ByteSpan frame = walk.rest;
  if (frame.size() < 8) return walk.refuse(Refusal::Truncated);
  const size_t size = load_le16(&frame[2]);
  if (frame[0] != 0 || size < 8) return walk.refuse(Refusal::BadHeader);
  if (!walk.skip(size)) return;
  walk.enter(radiotap_says_padded(frame.subspan(0, size)) ? ieee80211_padded : ieee80211);
}

// CACE Per-Packet Information: version, flags, length, link type of the rest; little-endian.
void ppi(Walk& walk) {
  const ByteSpan frame = walk.rest;
  if (frame.size() < 8) return walk.refuse(Refusal::Truncated);
  const size_t size = load_le16(&frame[2]);
  if (frame[0] != 0 || size < 8) return walk.refuse(Refusal::BadHeader);
  if (walk.skip(size)) walk.enter_link(static_cast<uint16_t>(load_le32(&frame[4])));
}

// Apple's packet tap: header length, record type, link type of the rest; little-endian.
void pktap(Walk& walk) {
  const ByteSpan frame = walk.rest;
  if (frame.size() < 12) return walk.refuse(Refusal::Truncated);
  const size_t size = load_le32(&frame[0]);
  if (size < 12) return walk.refuse(Refusal::BadHeader);
  if (walk.skip(size)) walk.enter_link(static_cast<uint16_t>(load_le32(&frame[8])));
}

// Linux netfilter log: attributes in the byte order of the capturing machine, one of which is the
// packet.
void nflog(Walk& walk) {
  constexpr uint16_t kPayload = 9;
  if (!walk.skip(4)) return;
  while (true) {
    const ByteSpan attribute = walk.rest;
    if (attribute.size() < 4) return walk.refuse(Refusal::Truncated);
    const size_t size = load_le16(&attribute[0]);
    if (size < 4) return walk.refuse(Refusal::BadHeader);
    if (load_le16(&attribute[2]) == kPayload) {
      walk.skip(4);
      return walk.enter(ip);
    }
    if (!walk.skip((size + 3) & ~size_t{3})) return;
  }
}

// OpenBSD's firewall log: the first octet is the header's length without its padding.
void pflog(Walk& walk) {
  if (walk.rest.empty()) return walk.refuse(Refusal::Truncated);
  const size_t size = (size_t{walk.rest[0]} + 3) & ~size_t{3};
  if (size == 0) return walk.refuse(Refusal::BadHeader);
  if (walk.skip(size)) walk.enter(ip);
}

}  // namespace siploom::packet
