// HEP v1, v2 and v3 as senders really write them.
#include "wire/hep/hep.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "wire/hep/encode.h"
#include "wire/hep/test_messages.h"

using namespace siploom;
using namespace siploom::hep::test;
using hep::Quirk;

namespace {

void check_hops(const hep::Packet& packet) {
  CHECK(format_endpoint(packet.src) == "192.0.2.10:5060");
  CHECK(format_endpoint(packet.dst) == "198.51.100.20:5080");
  CHECK(as_text(packet.payload) == kPayload);
}

}  // namespace

TEST_CASE("HEP v1 over UDP") {
  const Decoded d(v1());
  REQUIRE(d.ok);
  CHECK(d.packet.version == 1);
  CHECK(d.packet.transport == Transport::Udp);
  CHECK_FALSE(is_known(d.packet.time));  // v1 has none
  check_hops(d.packet);
  CHECK(hep::looks_like_hep(as_bytes(d.text)));
}

TEST_CASE("HEP v2 over TCP, with time and capture id") {
  const Decoded d(v2());
  REQUIRE(d.ok);
  CHECK(d.packet.version == 2);
  CHECK(d.packet.transport == Transport::Tcp);
  CHECK(d.packet.time == kTime);
  CHECK(d.packet.agent_id == 2001);
  check_hops(d.packet);
}

TEST_CASE("HEP v3, the correlation id behind the payload") {
  const Decoded d(v3(v4_chunks() + chunk(15, kPayload) + chunk(17, "c1@h")));
  REQUIRE(d.ok);
  CHECK(d.text.size() == 133);
  CHECK(d.packet.version == 3);
  CHECK(d.packet.time == kTime);
  CHECK(d.packet.agent_id == 2001);
  CHECK(d.packet.correlation_id == "c1@h");
  CHECK(d.packet.protocol_type == hep::kSip);
  CHECK(d.packet.quirks.empty());
  check_hops(d.packet);
}

TEST_CASE("IPv6 addresses") {
  const Decoded d(v3(chunk(1, "\x0a") + chunk(2, "\x06") +
                     chunk(5, octets("20010db8000000000000000000000001")) +
                     chunk(6, octets("20010db8000000000000000000000002")) + chunk(7, be16(5060)) +
                     chunk(8, be16(5061)) + chunk(11, "\x01") + chunk(15, kPayload)));
  REQUIRE(d.ok);
  CHECK(format_endpoint(d.packet.src) == "[2001:db8::1]:5060");
  CHECK(d.packet.transport == Transport::Tcp);
}

TEST_CASE("another vendor's chunk of a known type changes nothing") {
  const Decoded d(v3(chunk(1, "\x0a", 8) + v4_chunks() + chunk(15, kPayload)));
  REQUIRE(d.ok);
  check_hops(d.packet);
}

TEST_CASE("an agent id in the other byte order is put right") {
  const Decoded d(v3(chunk(1, "\x02") + chunk(3, octets("c000020a")) +
                     chunk(4, octets("c6336414")) + chunk(7, be16(5060)) + chunk(8, be16(5080)) +
                     chunk(12, octets("07d10000")) + chunk(15, kPayload)));
  REQUIRE(d.ok);
  CHECK(d.packet.agent_id == 2001);
  CHECK(d.packet.quirks.has(hep::Quirk::SwappedAgentId));
  CHECK(d.packet.agent_id_raw == 0x07D10000);
}

TEST_CASE("a compressed payload: zlib, gzip, raw deflate") {
  const std::string zlib = hep::compress(as_bytes(kPayload), hep::Compression::Zlib);
  const std::string gzip = hep::compress(as_bytes(kPayload), hep::Compression::Gzip);
  const std::string raw = zlib.substr(2, zlib.size() - 6);
  for (const std::string& small : {zlib, gzip, raw}) {
    const Decoded d(v3(v4_chunks() + chunk(16, small)));
    REQUIRE(d.ok);
    CHECK(d.packet.inflated);
    CHECK(d.packet.quirks.has(Quirk::Inflated));
    check_hops(d.packet);
  }
}

TEST_CASE("a payload that does not inflate is kept as it is") {
  std::string small = hep::compress(as_bytes(kPayload), hep::Compression::Zlib);
  small.resize(small.size() / 2);
  const Decoded d(v3(v4_chunks() + chunk(16, small)));
  REQUIRE(d.ok);
  CHECK_FALSE(d.packet.inflated);
  CHECK(d.packet.quirks.has(Quirk::InflateFailed));
  CHECK(as_text(d.packet.payload) == small);
}

TEST_CASE("of two payloads the plain one is taken") {
  const std::string small =
      hep::compress(as_bytes(std::string_view("other")), hep::Compression::Zlib);
  const Decoded d(v3(v4_chunks() + chunk(16, small) + chunk(15, kPayload)));
  REQUIRE(d.ok);
  CHECK(d.packet.quirks.has(Quirk::BothPayloads));
  check_hops(d.packet);
}

TEST_CASE("a whole message in gzip, of any version, keeps all its facts") {
  const std::string inner = hep::compress(as_bytes(kPayload), hep::Compression::Zlib);
  for (const std::string& plain :
       {v1(), v2(), v3(v4_chunks() + chunk(15, kPayload) + chunk(17, "c1@h")),
        v3(v4_chunks() + chunk(17, "c1@h") + chunk(16, inner))}) {
    const Decoded d(hep::compress(as_bytes(plain), hep::Compression::Gzip));
    REQUIRE(d.ok);
    CHECK(d.packet.quirks.has(Quirk::GzippedMessage));
    CHECK(d.packet.all_in_scratch);
    check_hops(d.packet);
    if (d.packet.version == 3) CHECK(d.packet.correlation_id == "c1@h");
  }
}

TEST_CASE("chunks whose length lies end the reading, and what came before stands") {
  for (const size_t length : {size_t{0}, size_t{5}, size_t{65'535}}) {
    const std::string broken = be16(0) + be16(17) + be16(length) + "xy";
    const Decoded d(v3(v4_chunks() + chunk(15, kPayload) + broken));
    REQUIRE(d.ok);
    CHECK(d.packet.quirks.has(hep::Quirk::Damaged));
    check_hops(d.packet);
  }
}

TEST_CASE("a total length that is not the datagram's is overruled by the chunks") {
  std::string text = v3(v4_chunks() + chunk(15, kPayload));
  text[5] = static_cast<char>(text[5] + 40);
  const Decoded longer(text);
  REQUIRE(longer.ok);
  check_hops(longer.packet);
}

TEST_CASE("a total length smaller than the datagram's") {
  std::string text = v3(v4_chunks() + chunk(15, kPayload));
  text[5] = static_cast<char>(text[5] - 10);  // cuts through the payload
  const Decoded shorter(text);
  REQUIRE(shorter.ok);
  CHECK(shorter.packet.quirks.has(Quirk::LengthMismatch));
  check_hops(shorter.packet);
  const Decoded padded(v3(v4_chunks() + chunk(15, kPayload)) + "xyz");
  REQUIRE(padded.ok);
  CHECK(padded.packet.quirks.has(Quirk::LengthMismatch));
  CHECK(as_text(padded.packet.rest) == "xyz");
}

TEST_CASE("two messages in one datagram: the second is the rest") {
  const std::string one = v3(v4_chunks() + chunk(15, kPayload));
  const Decoded d(one + one);
  REQUIRE(d.ok);
  CHECK(as_text(d.packet.rest) == one);
  CHECK(d.packet.quirks.empty());
}

TEST_CASE("messages are cut out of a TCP stream (length in the header)") {
  const std::string one = v3(v4_chunks() + chunk(15, kPayload));
  const std::string stream = one + one;
  for (size_t have = 0; have < one.size(); ++have) {
    const auto size = hep::stream_length(as_bytes(std::string_view(stream).substr(0, have)));
    if (size) REQUIRE(*size == one.size());
  }
  const auto size = hep::stream_length(as_bytes(stream));
  REQUIRE(size);
  CHECK(*size == one.size());
  const auto other = hep::stream_length(as_bytes(std::string_view("GET / HTTP/1.1\r\n\r\n")));
  REQUIRE(other);
  CHECK(*other == 0);
}

TEST_CASE("what only looks a little like HEP is none") {
  for (const std::string& text :
       {std::string("HEP"), std::string("HEP4xxxxxxxxxxxxxxxxxxxxx"), octets("0110021113c413d8"),
        std::string("\x01\x10") + std::string(60, 'x'), std::string(64, '\x02')}) {
    CHECK_FALSE(hep::looks_like_hep(as_bytes(text)));
  }
}

TEST_CASE("property: any octets behind the magic") {
  CHECK(rc::check("views lie within the datagram", [](const std::string& tail) {
    const std::string magic =
        *rc::gen::element(std::string("HEP3"), std::string("EEP3"),
                          std::string("\x01\x10\x02\x11", 4), std::string("\x02\x10\x02\x11", 4));
    const Decoded d(magic + tail);
    if (!d.ok) return;
    const std::string_view payload = as_text(d.packet.payload);
    const std::string& from = d.packet.inflated ? d.scratch : d.text;
    RC_ASSERT(payload.empty() || (payload.data() >= from.data() &&
                                  payload.data() + payload.size() <= from.data() + from.size()));
  }));
}

TEST_CASE("EEP3 and EEP1 are other names") {
  for (const char* magic : {"EEP3", "EEP1"}) {
    const Decoded d(v3(v4_chunks() + chunk(15, kPayload), magic));
    REQUIRE(d.ok);
    CHECK(d.packet.magic == (magic[3] == '3' ? hep::Magic::Eep3 : hep::Magic::Eep1));
    check_hops(d.packet);
  }
}

TEST_CASE("every generic chunk is read") {
  const Decoded d(
      v3(v4_chunks() + chunk(0x0d, be16(30)) + chunk(0x0e, "secret") + chunk(0x12, be16(7)) +
         chunk(0x13, "edge") + chunk(0x14, octets("0000020000000001")) +
         chunk(0x15, octets("020000000002")) + chunk(0x16, octets("0800")) + chunk(0x17, "\x18") +
         chunk(0x18, "\xb8") + chunk(0x20, be16(435)) + chunk(0x21, be16(93)) + chunk(0x22, "DE") +
         chunk(0x23, be32(80)) + chunk(0x24, "call") + chunk(0x25, "a,b") + chunk(0x26, "x=y") +
         chunk(0x27, be16(3)) + chunk(0x28, be16(1)) + chunk(0x29, "g") + chunk(0x65, "{}") +
         chunk(15, kPayload) + chunk(17, "one") + chunk(17, "two")));
  REQUIRE(d.ok);
  const hep::Packet& p = d.packet;
  CHECK(p.keep_alive_s == 30);
  CHECK(p.auth_key == "secret");
  CHECK(p.vlan == 7);
  CHECK(p.agent_name == "edge");
  CHECK(p.src_mac == 0x020000000001);
  CHECK(p.dst_mac == 0x020000000002);
  CHECK(p.ether_type == 0x0800);
  CHECK(p.tcp_flags == 0x18);
  CHECK(p.tos == 0xb8);
  CHECK(p.mos == 435);
  CHECK(p.r_factor == 93);
  CHECK(p.geo == "DE");
  CHECK(p.jitter == 80);
  CHECK(p.transaction_type == "call");
  CHECK(p.json_keys == "a,b");
  CHECK(p.tags == "x=y");
  CHECK(p.tag_type == 3);
  CHECK(p.event_type == 1);
  CHECK(p.group_id == "g");
  CHECK(p.extra_ids == "{}");
  CHECK(p.correlation_id == "one");
  REQUIRE(p.correlation_ids().size() == 2);
  CHECK(p.correlation_ids()[1] == "two");
  CHECK(p.quirks.empty());
}

TEST_CASE("chunks that nobody understands are kept, up to a limit") {
  std::string chunks = chunk(0x80, "conversation", 8) + chunk(3, octets("01020304"), 8) +
                       chunk(0x1c, "new") + chunk(0x12, "") + v4_chunks() + chunk(15, kPayload);
  for (int i = 0; i < 20; ++i) chunks += chunk(0x7f, "x");
  const Decoded d(v3(chunks));
  REQUIRE(d.ok);
  check_hops(d.packet);
  REQUIRE(d.packet.other_chunks().size() == hep::Packet::kMaxOtherChunks);
  CHECK(d.packet.others_dropped == 8);
  CHECK(d.packet.other_chunks()[0].vendor == 8);
  CHECK(as_text(d.packet.other_chunks()[0].value) == "conversation");
  CHECK(d.packet.other_chunks()[2].type == 0x1c);
  CHECK(d.packet.quirks.has(Quirk::VendorShadow));
  CHECK(d.packet.quirks.has(Quirk::OddChunkLength));
}

TEST_CASE("of a scalar that comes twice the last one stands, and it is noted") {
  const Decoded d(v3(v4_chunks() + chunk(12, be32(7)) + chunk(15, kPayload)));
  REQUIRE(d.ok);
  CHECK(d.packet.agent_id == 7);
  CHECK(d.packet.quirks.has(Quirk::RepeatedChunk));
}

TEST_CASE("times are healed") {
  const auto time_of = [](uint32_t seconds, uint32_t microseconds) {
    return Decoded(v3(hop_chunks() + chunk(9, be32(seconds)) + chunk(10, be32(microseconds)) +
                      chunk(11, "\x01") + chunk(15, kPayload)))
        .packet;
  };
  const hep::Packet ntp = time_of(1'700'000'000u + 2'208'988'800u, 123'456);
  CHECK(ntp.time == kTime);
  CHECK(ntp.quirks.has(Quirk::NtpTime));
  const hep::Packet overflow = time_of(1'699'999'999, 1'123'456);
  CHECK(overflow.time == kTime);
  CHECK(overflow.quirks.has(Quirk::LongMicroseconds));
  CHECK(time_of(1'700'000'000, 4'000'000'000).time.ns == 1'700'000'000 * kSecond);
  const hep::Packet early = time_of(86'400, 0);
  CHECK_FALSE(is_known(early.time));
  CHECK(early.quirks.has(Quirk::ImpossibleTime));
  CHECK(time_of(0, 0).quirks.empty());
}

TEST_CASE("v2 times in network order, and headers without the padding") {
  const std::string head = octets("02100206 13c413d8 c000020a c6336414");
  const Decoded big(head + octets("6553f100 0001e240 07d10000") + kPayload);
  REQUIRE(big.ok);
  CHECK(big.packet.time == kTime);
  CHECK(big.packet.agent_id == 2001);
  CHECK(big.packet.quirks.has(Quirk::BigEndianTime));
  check_hops(big.packet);
  for (const std::string payload : {"INVITE sip:a@b SIP/2.0\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n"}) {
    const Decoded brief(head + octets("00f15365 40e20100 d107") + payload);
    REQUIRE(brief.ok);
    CHECK(brief.packet.time == kTime);
    CHECK(brief.packet.quirks.has(Quirk::ShortTimeHeader));
    CHECK(as_text(brief.packet.payload) == payload);
    const Decoded padded(head + octets("00f15365 40e20100 d1074142") + payload);
    CHECK(as_text(padded.packet.payload) == payload);  // letters as padding
  }
}

TEST_CASE("OpenSIPS's NULs behind v1 and v2 are cut off, empty events are known as such") {
  const Decoded d(v2() + std::string(8, '\0'));
  REQUIRE(d.ok);
  CHECK(d.packet.quirks.has(Quirk::TrailingNuls));
  check_hops(d.packet);
  const Decoded empty(v2().substr(0, 28) + std::string(8, '\0'));
  REQUIRE(empty.ok);
  CHECK(empty.packet.quirks.has(Quirk::NoPayload));
  CHECK_FALSE(hep::looks_like_hep(as_bytes(empty.text)));
}

TEST_CASE("fake transports, families and addresses are named") {
  std::string text = v1();
  text[3] = 22;
  CHECK(Decoded(text).packet.transport == Transport::Tls);
  text[3] = 50;
  const Decoded ws(text);
  CHECK(ws.packet.transport == Transport::Ws);
  CHECK(ws.packet.quirks.has(Quirk::FakeTransport));
  const Decoded six(octets("01101e11 13c413d8") + octets("20010db8000000000000000000000000") +
                    octets("00000000000000000000ffffc0000201") + kPayload);
  REQUIRE(six.ok);
  CHECK(six.packet.quirks.has(Quirk::BsdFamily));
  CHECK(six.packet.quirks.has(Quirk::TruncatedIpv6));
  CHECK(six.packet.quirks.has(Quirk::MappedIpv4));
  CHECK(six.packet.quirks.has(Quirk::OddHeaderLength));
  CHECK(format_endpoint(six.packet.dst) == "192.0.2.1:5080");
}

TEST_CASE("what is valid without a payload or addresses") {
  const Decoded control(
      v3(hop_chunks() + chunk(11, "\x60") + chunk(0x65, R"({"sip":"a","sip":"b"})")));
  REQUIRE(control.ok);
  CHECK(control.packet.quirks.has(Quirk::NoPayload));
  const Decoded log(v3(chunk(11, "\x64") + chunk(15, "text")));
  REQUIRE(log.ok);
  CHECK(log.packet.quirks.has(Quirk::NoAddresses));
  CHECK_FALSE(Decoded(v3(chunk(11, "\x01") + chunk(15, kPayload))).ok);
  CHECK_FALSE(Decoded(v3(chunk(11, "\x64"))).ok);
}

TEST_CASE("meanings of 2013, and a correlation id that says it is none") {
  const Decoded d(v3(v4_chunks() + chunk(15, kPayload) + chunk(0x10, be32(77)) +
                     chunk(0x11, be16(3)) + chunk(0x11, "<null>") + chunk(0x11, "ok")));
  REQUIRE(d.ok);
  CHECK(d.packet.old_correlation == 77);
  CHECK(d.packet.old_ss7_type == 3);
  CHECK(d.packet.correlation_id == "ok");
  CHECK(d.packet.quirks.has(Quirk::OldMeaning));
  CHECK(d.packet.quirks.has(Quirk::NullCorrelation));
}

TEST_CASE("a payload cut by the datagram's end is kept as far as it goes") {
  const std::string whole = v3(v4_chunks() + chunk(15, kPayload));
  const Decoded d(whole.substr(0, whole.size() - 4));
  REQUIRE(d.ok);
  CHECK(d.packet.quirks.has(Quirk::CutPayload));
  CHECK(as_text(d.packet.payload) == kPayload.substr(0, kPayload.size() - 4));
}

TEST_CASE("any prefix and any flipped bit of the vectors is decoded or refused") {
  for (const std::string& whole :
       {v1(), v2(),
        v3(v4_chunks() + chunk(15, kPayload) + chunk(17, "c1@h") + chunk(0x14, "123456"))}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      const std::string exact = whole.substr(0, size);
      const std::vector<uint8_t> heap(exact.begin(), exact.end());
      hep::Packet out;
      std::string scratch;
      hep::decode(heap, out, scratch);
      hep::looks_like_hep(heap);
    }
    for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::vector<uint8_t> heap(whole.begin(), whole.end());
      heap[bit / 8] = static_cast<uint8_t>(heap[bit / 8] ^ 1u << bit % 8);
      hep::Packet out;
      std::string scratch;
      hep::decode(heap, out, scratch);
    }
  }
}

TEST_CASE("quirks have names of their own") {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < hep::kQuirks; ++i) {
    names.push_back(hep::quirk_name(static_cast<Quirk>(i)));
    CHECK_FALSE(names.back().empty());
    CHECK(std::count(names.begin(), names.end(), names.back()) == 1);
  }
}
