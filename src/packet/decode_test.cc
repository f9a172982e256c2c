#include "packet/decode.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "packet/link.h"
#include "packet/test_frames.h"

namespace siploom::packet {

using namespace test;

namespace {

const Bytes kHello = bytes_of("OPTIONS sip:a@b SIP/2.0\r\n\r\n");
const Bytes kUdp = udp(5060, 5062, kHello);
const Bytes kIp4 = ipv4(kUdp);
const Bytes kIp6 = ipv6(kUdp);
const Bytes kFrame = ethernet(kEtherIpv4, kIp4);

// The datagram that all of these frames carry.
void check_hello(uint16_t link, const Bytes& frame, int tunnels = 0, int version = 4) {
  const Datagram got = decode_frame(link, frame);
  INFO("refusal ", refusal_name(got.refusal));
  CHECK(got.refusal == Refusal::None);
  CHECK(got.protocol == Protocol::Udp);
  CHECK(got.src.port == 5060);
  CHECK(got.dst.port == 5062);
  CHECK(got.src.address == *parse_ip(version == 4 ? "10.0.0.1" : "2001:db8::1"));
  CHECK(got.dst.address == *parse_ip(version == 4 ? "10.0.0.2" : "2001:db8::2"));
  CHECK(as_text(got.payload) == as_text(kHello));
  CHECK(int{got.tunnels} == tunnels);
  CHECK(int{got.ip_version} == version);
  CHECK_FALSE(got.cut);
}

Bytes link_header(std::initializer_list<uint8_t> header, const Bytes& rest) {
  return join(Bytes(header), rest);
}

// An IPv4 packet of another pair of addresses around `inner`.
Bytes outer(uint8_t protocol, const Bytes& inner) {
  return ethernet(kEtherIpv4, ipv4(inner, {.protocol = protocol, .last_src = 8, .last_dst = 9}));
}
Bytes outer_udp(uint16_t port, const Bytes& inner) { return outer(17, udp(40'000, port, inner)); }

Refusal refusal_of(uint16_t link, const Bytes& frame) { return decode_frame(link, frame).refusal; }

}  // namespace

TEST_CASE("plain frames, IPv4 and IPv6") {
  check_hello(kLinkEthernet, kFrame);
  check_hello(kLinkEthernet, ethernet(kEtherIpv6, kIp6), 0, 6);
  CHECK(decode_frame(kLinkEthernet, kFrame).ip_id == 7);
}

TEST_CASE("what an earlier datagram left does not stay") {
  Datagram out;
  out.refusal = Refusal::Icmp;
  out.cut = out.more_fragments = true;
  out.missing = out.fragment_offset = 99;
  out.vlan = out.tunnels = 3;
  decode_frame(kLinkEthernet, kFrame, out);
  CHECK(out.refusal == Refusal::None);
  CHECK_FALSE(out.cut);
  CHECK_FALSE(out.more_fragments);
  CHECK(out.missing + out.fragment_offset + out.vlan + out.tunnels == 0);
}

TEST_CASE("VLAN tags, the innermost is told") {
  const Bytes inner = vlan(42, kEtherIpv4, kIp4);
  check_hello(kLinkEthernet, ethernet(kEtherVlan, inner));
  for (const uint16_t type : {kEtherVlan, kEtherProviderBridge, kEtherOldQinQ}) {
    const Bytes frame = ethernet(type, vlan(7, kEtherVlan, inner));
    check_hello(kLinkEthernet, frame);
    CHECK(decode_frame(kLinkEthernet, frame).vlan == 42);
  }
}

TEST_CASE("LLC and SNAP") {
  check_hello(kLinkEthernet, ethernet(100, link_header({0xAA, 0xAA, 3, 0, 0, 0, 8, 0}, kIp4)));
  check_hello(kLinkEthernet, ethernet(100, link_header({0x06, 0x06, 3}, kIp4)));
  CHECK(refusal_of(kLinkEthernet, ethernet(100, link_header({0x42, 0x42, 3}, kIp4))) ==
        Refusal::NotIp);
}

TEST_CASE("cooked captures, with tags inside") {
  const Bytes sll{0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0};
  check_hello(kLinkLinuxSll, join(join(sll, {8, 0}), kIp4));
  check_hello(kLinkLinuxSll, join(join(sll, {0x81, 0}), vlan(5, kEtherIpv6, kIp6)), 0, 6);
  const Bytes sll2{0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0};
  check_hello(kLinkLinuxSll2, join(join({8, 0}, sll2), kIp4));
  check_hello(kLinkLinuxSll2, join(join({0x81, 0}, sll2), vlan(5, kEtherIpv4, kIp4)));
}

TEST_CASE("loopback, both byte orders") {
  check_hello(kLinkNull, link_header({2, 0, 0, 0}, kIp4));
  check_hello(kLinkNull, link_header({0, 0, 0, 2}, kIp4));
  check_hello(kLinkLoop, link_header({0, 0, 0, 2}, kIp4));
  for (const uint8_t family : Bytes{10, 24, 28, 30}) {
    check_hello(kLinkNull, link_header({family, 0, 0, 0}, kIp6), 0, 6);
    check_hello(kLinkNull, link_header({0, 0, 0, family}, kIp6), 0, 6);
  }
  CHECK(refusal_of(kLinkNull, link_header({7, 0, 0, 0}, kIp4)) == Refusal::NotIp);
}

TEST_CASE("raw IP") {
  for (const uint16_t link : {kLinkRawBsd, kLinkRawOpenBsd, kLinkRaw, kLinkIpv4, kLinkIpv6}) {
    check_hello(link, kIp4);
    check_hello(link, kIp6, 0, 6);
  }
}

TEST_CASE("PPP with and without address, control and the first octet of the protocol") {
  check_hello(kLinkPpp, link_header({0xFF, 3, 0, 0x21}, kIp4));
  check_hello(kLinkPpp, link_header({0, 0x21}, kIp4));
  check_hello(kLinkPpp, link_header({0x21}, kIp4));
  check_hello(kLinkPppHdlc, link_header({0xFF, 3, 0x57}, kIp6), 0, 6);
  check_hello(kLinkPppHdlc, link_header({0x0F, 0, 8, 0}, kIp4));
  check_hello(kLinkPppWithDirection, link_header({1, 0, 0x21}, kIp4));
  check_hello(kLinkPpp, link_header({0x02, 0x81}, label(16, true, kIp4)));
  CHECK(refusal_of(kLinkPpp, link_header({0xC0, 0x21}, kIp4)) == Refusal::NotIp);
}

TEST_CASE("PPPoE, C-HDLC, frame relay") {
  const Bytes session = link_header({0x11, 0, 0, 1, 0, 99, 0, 0x21}, kIp4);
  check_hello(kLinkEthernet, ethernet(kEtherPppoeSession, session));
  check_hello(kLinkPppEther, session);
  check_hello(kLinkCHdlc, link_header({0x0F, 0, 8, 0}, kIp4));
  check_hello(kLinkFrameRelay, link_header({0x18, 0x41, 3, 0xCC}, kIp4));
  check_hello(kLinkFrameRelay, link_header({0x18, 0x41, 8, 0}, kIp4));
}

TEST_CASE("MPLS with IP, and pseudowires with and without a control word") {
  for (const uint16_t type : {kEtherMpls, kEtherMplsMulticast}) {
    check_hello(kLinkEthernet, ethernet(type, label(16, false, label(17, true, kIp4))));
    check_hello(kLinkEthernet, ethernet(type, label(16, true, kIp6)), 0, 6);
    check_hello(kLinkEthernet, ethernet(type, label(16, true, kFrame)));
    check_hello(kLinkEthernet, ethernet(type, label(16, true, link_header({0, 0, 0, 9}, kFrame))));
  }
  CHECK(refusal_of(kLinkEthernet, ethernet(kEtherMpls, label(16, false, {}))) ==
        Refusal::Truncated);
}

TEST_CASE("wireless data frames") {
  Bytes header(24);
  header[0] = 0x08;
  const Bytes snap = link_header({0xAA, 0xAA, 3, 0, 0, 0, 8, 0}, kIp4);
  check_hello(kLinkIeee80211, join(header, snap));
  check_hello(kLinkRadiotap, link_header({0, 0, 8, 0, 0, 0, 0, 0}, join(header, snap)));
  Bytes qos = header;
  qos[0] = 0x88;
  qos.insert(qos.end(), {0, 0});
  check_hello(kLinkIeee80211, join(qos, snap));
  // Flags after the time stamp, which is aligned to eight: the header is padded to four.
  const Bytes tap{0, 0, 17, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x20};
  check_hello(kLinkRadiotap, join(tap, join(join(qos, {0, 0}), snap)));
  check_hello(kLinkPpi, link_header({0, 0, 8, 0, 105, 0, 0, 0}, join(header, snap)));
  header[1] = 0x40;
  CHECK(refusal_of(kLinkIeee80211, join(header, snap)) == Refusal::NotIp);
}

TEST_CASE("headers of capturing machines") {
  check_hello(kLinkNetAnalyzer, link_header({0, 0, 0, 0}, kFrame));
  check_hello(kLinkEnc, join(Bytes(12), kIp4));
  check_hello(kLinkPflog, join(join({61}, Bytes(63)), kIp4));
  check_hello(kLinkPktap, link_header({12, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, kFrame));
  const uint8_t size = static_cast<uint8_t>(kIp4.size() + 4);
  check_hello(kLinkNflog, link_header({2, 0, 0, 0, 5, 0, 1, 0, 0, 0, 0, 0, size, 0, 9, 0}, kIp4));
  CHECK(refusal_of(9999, kFrame) == Refusal::UnknownLink);
}

TEST_CASE("exported messages name their endpoints in tags") {
  const Bytes tags{0,    12,   0,  4,  's', 'i', 'p', 0, 0,    20,   0,  4, 10, 0, 0,
                   1,    0,    21, 0,  4,   10,  0,   0, 2,    0,    25, 0, 4,  0, 0,
                   0x13, 0xC4, 0,  26, 0,   4,   0,   0, 0x13, 0xC6, 0,  0, 0,  0};
  check_hello(kLinkUpperPdu, join(tags, kHello));
}

TEST_CASE("IP in IP, all four ways") {
  check_hello(kLinkEthernet, outer(4, kIp4), 1);
  check_hello(kLinkEthernet, outer(41, kIp6), 1, 6);
  check_hello(kLinkEthernet, ethernet(kEtherIpv6, ipv6(kIp4, 4)), 1);
  check_hello(kLinkEthernet, ethernet(kEtherIpv6, ipv6(kIp6, 41)), 1, 6);
}

TEST_CASE("GRE with every option") {
  check_hello(kLinkEthernet, outer(47, link_header({0, 0, 8, 0}, kIp4)), 1);
  check_hello(kLinkEthernet, outer(47, link_header({0x20, 0, 8, 0, 1, 2, 3, 4}, kIp4)), 1);
  check_hello(kLinkEthernet,
              outer(47, link_header({0xB0, 0, 8, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 9}, kIp4)), 1);
  check_hello(
      kLinkEthernet,
      outer(47,
            link_header({0x40, 0, 8, 0, 0, 0, 0, 0, 8, 0, 0, 4, 10, 0, 0, 1, 0, 0, 0, 0}, kIp4)),
      1);
  check_hello(kLinkEthernet, outer(47, link_header({0x20, 0, 0x65, 0x58, 0, 0, 1, 0}, kFrame)), 1);
  check_hello(kLinkEthernet, outer(47, link_header({0, 0, 0x88, 0x47}, label(16, true, kIp4))), 1);
  check_hello(kLinkEthernet, outer(47, link_header({0, 0, 0x88, 0x0B, 0, 0x21}, kIp4)), 1);
  CHECK(refusal_of(kLinkEthernet, outer(47, link_header({0, 5, 8, 0}, kIp4))) ==
        Refusal::BadHeader);
}

TEST_CASE("GRE version 1 is PPTP") {
  const Bytes sequenced{0x30, 0x01, 0x88, 0x0B, 0, 60, 0, 1, 0, 0, 0, 5, 0xFF, 3, 0, 0x21};
  check_hello(kLinkEthernet, outer(47, join(sequenced, kIp4)), 1);
  const Bytes acknowledging{0x30, 0x81, 0x88, 0x0B, 0, 60, 0, 1, 0, 0, 0, 5, 0, 0, 0, 4, 0x21};
  check_hello(kLinkEthernet, outer(47, join(acknowledging, kIp4)), 1);
  const Bytes empty{0x20, 0x81, 0x88, 0x0B, 0, 0, 0, 1, 0, 0, 0, 4};
  CHECK(refusal_of(kLinkEthernet, outer(47, empty)) == Refusal::OtherProtocol);
}

TEST_CASE("ERSPAN types I, II and III") {
  check_hello(kLinkEthernet, outer(47, link_header({0, 0, 0x88, 0xBE}, kFrame)), 1);
  const Bytes two{0x10, 0, 0x88, 0xBE, 0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0};
  check_hello(kLinkEthernet, outer(47, join(two, kFrame)), 1);
  Bytes three{0x10, 0, 0x22, 0xEB, 0, 0, 0, 1, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  check_hello(kLinkEthernet, outer(47, join(three, kFrame)), 1);
  three.back() = 1;
  check_hello(kLinkEthernet, outer(47, join(join(three, Bytes(8)), kFrame)), 1);
}

TEST_CASE("VXLAN, its Linux port, and GPE") {
  for (const uint16_t port : {uint16_t{4789}, uint16_t{8472}}) {
    check_hello(kLinkEthernet, outer_udp(port, link_header({8, 0, 0, 0, 0, 0, 5, 0}, kFrame)), 1);
  }
  check_hello(kLinkEthernet, outer_udp(4790, link_header({0x0C, 0, 0, 1, 0, 0, 5, 0}, kIp4)), 1);
  check_hello(kLinkEthernet, outer_udp(4790, link_header({0x0C, 0, 0, 3, 0, 0, 5, 0}, kFrame)), 1);
  check_hello(
      kLinkEthernet,
      outer_udp(4790, link_header({0x0C, 0, 0, 4, 0, 0, 5, 0, 0, 2, 1, 1, 0, 0, 0, 0}, kIp4)), 1);
}

TEST_CASE("Geneve with options") {
  const Bytes plain{0, 0, 0x65, 0x58, 0, 0, 5, 0};
  check_hello(kLinkEthernet, outer_udp(6081, join(plain, kFrame)), 1);
  const Bytes options{2, 0, 0x08, 0x00, 0, 0, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8};
  check_hello(kLinkEthernet, outer_udp(6081, join(options, kIp4)), 1);
}

TEST_CASE("GTP-U with sequence number and extension headers") {
  check_hello(kLinkEthernet, outer_udp(2152, link_header({0x30, 0xFF, 0, 0, 0, 0, 0, 1}, kIp4)), 1);
  check_hello(kLinkEthernet,
              outer_udp(2152, link_header({0x32, 0xFF, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0}, kIp4)), 1);
  const Bytes extended{0x34, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0x85, 1, 0, 9, 0};
  check_hello(kLinkEthernet, outer_udp(2152, join(extended, kIp6)), 1, 6);
}

TEST_CASE("TZSP, L2TP, Teredo, MPLS in UDP, EtherIP") {
  check_hello(kLinkEthernet, outer_udp(37008, link_header({1, 0, 0, 1, 0, 10, 1, 99, 1}, kFrame)),
              1);
  check_hello(kLinkEthernet,
              outer_udp(1701, link_header({0, 2, 0, 1, 0, 2, 0xFF, 3, 0, 0x21}, kIp4)), 1);
  check_hello(
      kLinkEthernet,
      outer_udp(1701,
                link_header({0x4A, 2, 0, 99, 0, 1, 0, 2, 0, 1, 0, 2, 0, 2, 9, 9, 0x21}, kIp4)),
      1);
  check_hello(kLinkEthernet,
              outer_udp(1701, link_header({0, 3, 0, 0, 0, 0, 0, 1, 7, 7, 7, 7}, kFrame)), 1);
  check_hello(kLinkEthernet, outer(115, link_header({0, 0, 0, 1}, kFrame)), 1);
  check_hello(kLinkEthernet, outer_udp(3544, kIp6), 1, 6);
  check_hello(kLinkEthernet, outer_udp(3544, link_header({0, 0, 1, 2, 3, 4, 5, 6}, kIp6)), 1, 6);
  check_hello(kLinkEthernet, outer_udp(6635, label(16, true, kIp4)), 1);
  check_hello(kLinkEthernet, outer(97, link_header({0x30, 0}, kFrame)), 1);
}

TEST_CASE("a tunnel's port does not make a tunnel") {
  for (const uint16_t port :
       std::vector<uint16_t>{1701, 2152, 3544, 4789, 4790, 6081, 6635, 8472, 37008}) {
    const Bytes frame = ethernet(kEtherIpv4, ipv4(udp(5060, port, kHello)));
    const Datagram got = decode_frame(kLinkEthernet, frame);
    CHECK(got.refusal == Refusal::None);
    CHECK(got.dst.port == port);
    CHECK(as_text(got.payload) == as_text(kHello));
  }
  // An inner packet that is none after all: the outer datagram is given.
  Bytes bad = kIp4;
  bad[3] = 21;  // its UDP header is not whole
  const Bytes vx = link_header({8, 0, 0, 0, 0, 0, 5, 0}, ethernet(kEtherIpv4, bad));
  const Datagram got = decode_frame(kLinkEthernet, outer_udp(4789, vx));
  CHECK(got.refusal == Refusal::None);
  CHECK(got.dst.port == 4789);
  CHECK(got.tunnels == 0);
  CHECK(got.payload.size() == vx.size());
}

TEST_CASE("options and extension headers are stepped over") {
  check_hello(kLinkRaw, ipv4(kUdp, {.options = {1, 1, 1, 1, 1, 1, 1, 0}}));
  const Bytes extensions =
      join(join({43, 0, 0, 0, 0, 0, 0, 0},                            // hop by hop
                {60, 0, 0, 0, 0, 0, 0, 0}),                           // routing
           join({51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},    // destination, of 16
                {17, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0}));  // authentication
  check_hello(kLinkRaw, ipv6(join(extensions, kUdp), 0), 0, 6);
  check_hello(kLinkRaw, ipv6(join({17, 0, 0, 0, 0, 0, 0, 9}, kUdp), 44), 0, 6);  // RFC 6946
  CHECK(refusal_of(kLinkRaw, ipv6({}, 59)) == Refusal::OtherProtocol);
  CHECK(refusal_of(kLinkRaw, ipv6({17, 200, 0, 0, 0, 0, 0, 0}, 0)) == Refusal::BadHeader);
}

TEST_CASE("padding is cut off, offloaded and oversized lengths are borne") {
  check_hello(kLinkEthernet, join(kFrame, Bytes(6)));
  Bytes offloaded = kIp4;
  offloaded[2] = offloaded[3] = 0;
  check_hello(kLinkRaw, offloaded);
  Bytes long_udp = kUdp;
  long_udp[4] = 0x40;
  check_hello(kLinkRaw, ipv4(long_udp));
  Bytes no_length = kUdp;
  no_length[4] = no_length[5] = 0;
  check_hello(kLinkRaw, ipv4(no_length));
  check_hello(kLinkRaw, ipv4(join(kUdp, Bytes(9))));
}

TEST_CASE("a capture that cut the packet says how much is missing") {
  Bytes cut = kFrame;
  cut.resize(cut.size() - 5);
  const Datagram got = decode_frame(kLinkEthernet, cut);
  CHECK(got.refusal == Refusal::None);
  CHECK(got.cut);
  CHECK(got.missing == 5);
  CHECK(got.payload.size() == kHello.size() - 5);
}

TEST_CASE("TCP and SCTP come with their headers") {
  Bytes segment(20);
  segment[1] = 80;
  segment[12] = 0x50;
  const Bytes ip_packet = ipv4(join(segment, kHello), {.protocol = 6});
  const Datagram tcp = decode_ip(ip_packet, 2);
  CHECK(tcp.protocol == Protocol::Tcp);
  CHECK(tcp.src.port == 80);
  CHECK(tcp.tunnels == 2);
  CHECK(tcp.payload.size() == 20 + kHello.size());
  CHECK(decode_ip(ipv4(segment, {.protocol = 132})).protocol == Protocol::Sctp);
  segment.resize(11);
  CHECK(decode_ip(ipv4(segment, {.protocol = 6})).refusal == Refusal::BadHeader);
}

TEST_CASE("what is no datagram is told by its refusal") {
  CHECK(refusal_of(kLinkRaw, ipv4(kUdp, {.protocol = 1})) == Refusal::Icmp);
  CHECK(refusal_of(kLinkRaw, ipv6(kUdp, 58)) == Refusal::Icmp);
  CHECK(refusal_of(kLinkRaw, ipv4(kUdp, {.protocol = 50})) == Refusal::OtherProtocol);
  CHECK(refusal_of(kLinkEthernet, ethernet(kEtherArp, Bytes(28))) == Refusal::Arp);
  CHECK(refusal_of(kLinkEthernet, ethernet(0x88CC, Bytes(28))) == Refusal::NotIp);
  CHECK(refusal_of(kLinkRaw, Bytes{0x53}) == Refusal::BadHeader);
  CHECK(refusal_of(kLinkRaw, {}) == Refusal::Truncated);
  Bytes short_header = kIp4;
  short_header[0] = 0x44;
  CHECK(refusal_of(kLinkRaw, short_header) == Refusal::BadHeader);
}

TEST_CASE("nesting without end is refused") {
  Bytes packet = kIp4;
  for (int i = 0; i < kMaxTunnels; ++i) packet = ipv4(packet, {.protocol = 4});
  check_hello(kLinkRaw, packet, kMaxTunnels);
  CHECK(refusal_of(kLinkRaw, ipv4(packet, {.protocol = 4})) == Refusal::TooDeep);
  Bytes tags = kIp4;
  for (int i = 0; i < 100; ++i) tags = vlan(1, i == 0 ? kEtherIpv4 : kEtherVlan, tags);
  CHECK(refusal_of(kLinkEthernet, ethernet(kEtherVlan, tags)) == Refusal::TooDeep);
}

TEST_CASE("fragments, and the way on once they are whole") {
  const Bytes whole = udp(5060, 5062, kHello);
  const Bytes first(whole.begin(), whole.begin() + 16);
  const Datagram got =
      decode_frame(kLinkEthernet, outer(4, ipv4(first, {.id = 77, .flags_and_offset = 0x2000})));
  CHECK(got.refusal == Refusal::Fragment);
  CHECK(got.more_fragments);
  CHECK(got.fragment_offset == 0);
  CHECK(got.ip_id == 77);
  CHECK(got.ip_protocol == 17);
  CHECK(got.src.port == 0);
  CHECK(got.tunnels == 1);
  CHECK(got.payload.size() == 16);
  const Datagram datagram = decode_transport(got, whole);
  CHECK(datagram.refusal == Refusal::None);
  CHECK(datagram.src == *parse_endpoint("10.0.0.1:5060"));
  CHECK(as_text(datagram.payload) == as_text(kHello));
  CHECK(datagram.tunnels == 1);
  CHECK(datagram.ip_id == 77);

  const Bytes later = ipv6(join({17, 0, 0, 16, 0, 0, 1, 1}, Bytes(30)), 44);
  const Datagram last = decode_frame(kLinkRaw, later);
  CHECK(last.refusal == Refusal::Fragment);
  CHECK(last.fragment_offset == 16);
  CHECK_FALSE(last.more_fragments);
  CHECK(last.ip_id == 257);
  CHECK(last.payload.size() == 30);
  // Destination options are in the part that is fragmented.
  Datagram options = last;
  options.ip_protocol = 60;
  CHECK(decode_transport(options, join({17, 0, 0, 0, 0, 0, 0, 0}, whole)).dst.port == 5062);
}

TEST_CASE("any prefix and any flipped octet of a nested frame is read without harm") {
  const Bytes gtp = link_header({0x34, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0}, kIp6);
  const Bytes gre =
      link_header({0x20, 0, 0x65, 0x58, 0, 0, 1, 0}, ethernet(kEtherIpv4, ipv4(udp(1, 2152, gtp))));
  const Bytes vx = link_header({8, 0, 0, 0, 0, 0, 5, 0},
                               ethernet(kEtherVlan, vlan(3, kEtherIpv6, ipv6(gre, 47))));
  const Bytes frame = outer_udp(4789, vx);
  check_hello(kLinkEthernet, frame, 3, 6);
  const auto within = [](const Datagram& got, const Bytes& bytes) {
    return got.payload.empty() ||
           (got.payload.data() >= bytes.data() &&
            got.payload.data() + got.payload.size() <= bytes.data() + bytes.size());
  };
  for (size_t size = 0; size < frame.size(); ++size) {
    const Bytes prefix(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
    for (uint16_t link = 0; link < 300; ++link) CHECK(within(decode_frame(link, prefix), prefix));
  }
  CHECK(rc::check("flipped octets", [&] {
    Bytes changed = frame;
    for (const auto& [at, value] : *rc::gen::arbitrary<std::vector<std::pair<size_t, uint8_t>>>()) {
      changed[at % changed.size()] = value;
    }
    RC_ASSERT(within(decode_frame(kLinkEthernet, changed), changed));
  }));
}

}  // namespace siploom::packet
