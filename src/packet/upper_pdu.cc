// LINKTYPE_WIRESHARK_UPPER_PDU: packets that Wireshark exported above the IP layer, such as SIP
// taken out of TLS. Tags tell the endpoints (epan/exported_pdu.h of Wireshark).
#include <algorithm>

#include "packet/walk.h"

namespace siploom::packet {

namespace {

enum Tag : uint16_t {
  kEnd = 0,
  kDissector = 12,
  kIpv4Src = 20,
  kIpv4Dst = 21,
  kIpv6Src = 22,
  kIpv6Dst = 23,
  kSrcPort = 25,
  kDstPort = 26,
};

void read_tag(Datagram& out, uint16_t tag, ByteSpan value) {
  const auto port = [&] { return static_cast<uint16_t>(load_be32(value.data())); };
  if (value.size() >= 16 && tag == kIpv6Src) out.src.address = IpAddress::v6(value.data());
  if (value.size() >= 16 && tag == kIpv6Dst) out.dst.address = IpAddress::v6(value.data());
  if (value.size() < 4) return;
  if (tag == kIpv4Src) out.src.address = IpAddress::v4(value.data());
  if (tag == kIpv4Dst) out.dst.address = IpAddress::v4(value.data());
  if (tag == kSrcPort) out.src.port = port();
  if (tag == kDstPort) out.dst.port = port();
}

}  // namespace

void upper_pdu(Walk& walk) {
  std::string_view dissector;
  while (true) {
    const ByteSpan head = walk.rest;
    if (!walk.skip(4)) return;
    const uint16_t tag = load_be16(&head[0]);
    const size_t size = load_be16(&head[2]);
    if (!walk.skip(size)) return;
    if (tag == kEnd) break;
    const ByteSpan value = head.subspan(4, size);
    if (tag == kDissector) dissector = as_text(value);
    read_tag(walk.out, tag, value);
  }
  dissector = dissector.substr(0, std::min(dissector.find('\0'), dissector.size()));
  if (dissector == "ip" || dissector == "ipv6") return walk.enter(ip);
  if (dissector.starts_with("eth")) return walk.enter(ethernet);
  walk.out.ip_version = walk.out.src.address.is_v4() ? 4 : 6;
  walk.out.protocol = Protocol::Udp;
  walk.out.ip_protocol = static_cast<uint8_t>(Protocol::Udp);
  walk.out.payload = walk.rest;
  walk.next = nullptr;
}

}  // namespace siploom::packet
