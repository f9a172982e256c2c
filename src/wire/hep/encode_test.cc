// What is written is read back as it was.
#include "wire/hep/encode.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "wire/hep/test_messages.h"

using namespace siploom;
using namespace siploom::hep::test;

namespace {

hep::Packet packet_of(const std::string& payload, uint8_t version = 3) {
  hep::Packet packet;
  packet.version = version;
  packet.src = *parse_endpoint("192.0.2.10:5060");
  packet.dst = *parse_endpoint("198.51.100.20:5080");
  packet.has_src = packet.has_dst = true;
  packet.time = kTime;
  packet.agent_id = 2001;
  packet.payload = as_bytes(payload);
  return packet;
}

std::string encoded(const hep::Packet& packet, const hep::EncodeOptions& options = {}) {
  std::string out;
  REQUIRE(hep::encode(packet, options, out).has_value());
  return out;
}

std::string some_text() { return *rc::gen::nonEmpty(rc::gen::string<std::string>()); }
// Ids do not end in NUL: those are trimmed.
std::string some_id() { return some_text() + "@h"; }
template <class Int>
std::optional<Int> maybe() {
  return *rc::gen::arbitrary<bool>() ? std::optional<Int>(*rc::gen::arbitrary<Int>())
                                     : std::nullopt;
}
IpAddress some_address() {
  if (*rc::gen::arbitrary<bool>()) return IpAddress::v4(*rc::gen::arbitrary<uint32_t>());
  IpAddress address = *parse_ip("2001:db8::ff");
  address.octets[9] = *rc::gen::arbitrary<uint8_t>();
  return address;
}

struct Texts {
  std::string payload = some_text(), name = some_id(), key = some_text(), extra = some_text(),
              geo = some_text(), kind = some_text(), keys = some_text(), tags = some_text(),
              group = some_text(), other = some_text();
  std::vector<std::string> ids{some_id(), some_id(), some_id()};
};

hep::Packet some_packet(const Texts& texts) {
  hep::Packet p = packet_of(texts.payload);
  p.src = {some_address(), *rc::gen::arbitrary<uint16_t>()};
  p.dst = {some_address(), *rc::gen::arbitrary<uint16_t>()};
  p.ip_protocol = *rc::gen::arbitrary<uint8_t>();
  p.time = Timestamp{*rc::gen::inRange<int64_t>(946'684'800, 3'000'000'000) * kSecond +
                     *rc::gen::inRange<int64_t>(0, 1'000'000) * kMicrosecond};
  p.protocol_type = *rc::gen::arbitrary<uint8_t>();
  p.agent_id = *rc::gen::inRange<uint32_t>(1, 65'536);
  p.keep_alive_s = maybe<uint16_t>();
  p.vlan = maybe<uint16_t>();
  p.ether_type = maybe<uint16_t>();
  p.mos = maybe<uint16_t>();
  p.r_factor = maybe<uint16_t>();
  p.tag_type = maybe<uint16_t>();
  p.event_type = maybe<uint16_t>();
  p.tcp_flags = maybe<uint8_t>();
  p.tos = maybe<uint8_t>();
  p.jitter = maybe<uint32_t>();
  p.src_mac = 0x020000000000u + *rc::gen::arbitrary<uint32_t>();
  p.agent_name = texts.name;
  p.auth_key = texts.key;
  p.extra_ids = texts.extra;
  p.geo = texts.geo;
  p.transaction_type = texts.kind;
  p.json_keys = texts.keys;
  p.tags = texts.tags;
  p.group_id = texts.group;
  for (const std::string& id : texts.ids) p.add_correlation_id(id);
  p.add_other({8, 0x80, as_bytes(texts.other)});
  p.add_other({0, 0x1c, as_bytes(texts.other)});
  return p;
}

void check_same_text(const hep::Packet& a, const hep::Packet& b) {
  RC_ASSERT(as_text(a.payload) == as_text(b.payload));
  RC_ASSERT(a.agent_name == b.agent_name);
  RC_ASSERT(a.auth_key == b.auth_key);
  RC_ASSERT(a.extra_ids == b.extra_ids);
  RC_ASSERT(a.geo == b.geo);
  RC_ASSERT(a.transaction_type == b.transaction_type);
  RC_ASSERT(a.json_keys == b.json_keys);
  RC_ASSERT(a.tags == b.tags);
  RC_ASSERT(a.group_id == b.group_id);
  RC_ASSERT(a.correlation_ids().size() == b.correlation_ids().size());
  for (size_t i = 0; i < a.correlation_ids().size(); ++i)
    RC_ASSERT(a.correlation_ids()[i] == b.correlation_ids()[i]);
  RC_ASSERT(a.other_chunks().size() == b.other_chunks().size());
  for (size_t i = 0; i < a.other_chunks().size(); ++i) {
    RC_ASSERT(a.other_chunks()[i].vendor == b.other_chunks()[i].vendor);
    RC_ASSERT(a.other_chunks()[i].type == b.other_chunks()[i].type);
    RC_ASSERT(as_text(a.other_chunks()[i].value) == as_text(b.other_chunks()[i].value));
  }
}

void check_same_numbers(const hep::Packet& a, const hep::Packet& b) {
  RC_ASSERT(a.version == b.version);
  RC_ASSERT(a.src == b.src);
  RC_ASSERT(a.dst == b.dst);
  RC_ASSERT(a.time == b.time);
  RC_ASSERT(a.ip_protocol == b.ip_protocol);
  RC_ASSERT(a.protocol_type == b.protocol_type);
  RC_ASSERT(a.agent_id == b.agent_id);
  RC_ASSERT(a.keep_alive_s == b.keep_alive_s);
  RC_ASSERT(a.vlan == b.vlan);
  RC_ASSERT(a.ether_type == b.ether_type);
  RC_ASSERT(a.mos == b.mos);
  RC_ASSERT(a.r_factor == b.r_factor);
  RC_ASSERT(a.tag_type == b.tag_type);
  RC_ASSERT(a.event_type == b.event_type);
  RC_ASSERT(a.tcp_flags == b.tcp_flags);
  RC_ASSERT(a.tos == b.tos);
  RC_ASSERT(a.jitter == b.jitter);
  RC_ASSERT(a.src_mac == b.src_mac);
}

}  // namespace

TEST_CASE("an id of two octets that are no text stays an id") {
  const std::string payload = "x";
  hep::Packet packet = packet_of(payload);
  packet.add_correlation_id("\x01z");
  const std::string wire = encoded(packet);
  std::string scratch;
  hep::Packet again;
  REQUIRE(hep::decode(as_bytes(wire), again, scratch));
  CHECK(again.correlation_id == "\x01z");
  CHECK_FALSE(again.old_ss7_type.has_value());
}

TEST_CASE("property: v3 comes back as it was, compressed or not") {
  CHECK(rc::check("decode(encode(x)) is x", [] {
    const Texts texts;
    const hep::Packet packet = some_packet(texts);
    const hep::EncodeOptions options{
        *rc::gen::element(hep::Compression::None, hep::Compression::Zlib, hep::Compression::Gzip)};
    std::string wire;
    RC_ASSERT(hep::encode(packet, options, wire).has_value());
    const Decoded d(wire);
    RC_ASSERT(d.ok);
    RC_ASSERT(!d.packet.quirks.has(hep::Quirk::Damaged));
    check_same_numbers(packet, d.packet);
    check_same_text(packet, d.packet);
    std::string again;
    RC_ASSERT(hep::encode(d.packet, options, again).has_value());
    RC_ASSERT(again == wire);
  }));
}

TEST_CASE("v1, v2 and v3 are the vectors of the reference, octet by octet") {
  hep::Packet packet = packet_of(kPayload, 1);
  CHECK(encoded(packet) == v1());
  packet.version = 2;
  packet.ip_protocol = 6;
  std::string second = v2();
  second[26] = second[27] = 0;  // our padding is zero
  CHECK(encoded(packet) == second);
  packet = packet_of(kPayload);
  packet.add_correlation_id("c1@h");
  CHECK(encoded(packet) == v3(v4_chunks() + chunk(17, "c1@h") + chunk(15, kPayload)));
  packet.magic = hep::Magic::Eep3;
  CHECK(encoded(packet).substr(0, 4) == "EEP3");
}

TEST_CASE("v1 and v2 over IPv6 come back") {
  for (const uint8_t version : {uint8_t{1}, uint8_t{2}}) {
    hep::Packet packet = packet_of(kPayload, version);
    packet.src = *parse_endpoint("[2001:db8::1]:5060");
    packet.dst = *parse_endpoint("[2001:db8::2]:5060");
    const Decoded d(encoded(packet));
    REQUIRE(d.ok);
    CHECK(d.packet.src == packet.src);
    CHECK(d.packet.dst == packet.dst);
    CHECK(as_text(d.packet.payload) == kPayload);
    CHECK(d.packet.quirks.empty());
  }
}

TEST_CASE("what does not fit is an error, and nothing is written") {
  const std::string large(65'500, 'x');
  std::string out = "before";
  for (const uint8_t version : {uint8_t{1}, uint8_t{2}, uint8_t{3}}) {
    const auto result = hep::encode(packet_of(std::string(70'000, 'x'), version), {}, out);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::LimitExceeded);
  }
  CHECK_FALSE(hep::encode(packet_of(large), {}, out).has_value());
  hep::Packet packet = packet_of(kPayload, 2);
  packet.agent_id = 70'000;
  CHECK_FALSE(hep::encode(packet, {}, out).has_value());
  packet.version = 4;
  CHECK_FALSE(hep::encode(packet, {}, out).has_value());
  CHECK(out == "before");
}

TEST_CASE("what compresses like a bomb is sent plain") {
  const Decoded d(encoded(packet_of(std::string(60'000, 'a')), {hep::Compression::Zlib}));
  REQUIRE(d.ok);
  CHECK(d.packet.payload.size() == 60'000);
}
