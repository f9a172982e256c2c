// HEP v1, v2 and v3 as senders really write them.
#include "wire/hep/hep.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <zlib.h>

#include <string>

#include "base/text.h"

using namespace siploom;

namespace {

const std::string kPayload = "PING sip:a@b SIP/2.0\r\n\r\n";
constexpr Timestamp kTime{1'700'000'000 * kSecond + 123'456'000};

std::string octets(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    while (hex[i] == ' ') ++i;
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

std::string be16(size_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }
std::string be32(uint32_t v) { return be16(v >> 16) + be16(v & 0xFFFF); }

std::string chunk(uint16_t type, const std::string& value, uint16_t vendor = 0) {
  return be16(vendor) + be16(type) + be16(value.size() + 6) + value;
}
std::string v3(const std::string& chunks, const char* magic = "HEP3") {
  return magic + be16(chunks.size() + 6) + chunks;
}
std::string v4_chunks() {
  return chunk(1, "\x02") + chunk(2, "\x11") + chunk(3, octets("c000020a")) +
         chunk(4, octets("c6336414")) + chunk(7, be16(5060)) + chunk(8, be16(5080)) +
         chunk(9, be32(1'700'000'000)) + chunk(10, be32(123'456)) + chunk(11, "\x01") +
         chunk(12, be32(2001));
}

struct Decoded {
  explicit Decoded(std::string octets_of) : text(std::move(octets_of)) {
    ok = hep::decode(as_bytes(text), packet, scratch);
  }
  std::string text, scratch;
  hep::Packet packet;
  bool ok = false;
};

void check_hops(const hep::Packet& packet) {
  CHECK(format_endpoint(packet.src) == "192.0.2.10:5060");
  CHECK(format_endpoint(packet.dst) == "198.51.100.20:5080");
  CHECK(as_text(packet.payload) == kPayload);
}

}  // namespace

TEST_CASE("HEP v1 over UDP") {
  const Decoded d(octets("01100211 13c413d8 c000020a c6336414") + kPayload);
  REQUIRE(d.ok);
  CHECK(d.packet.version == 1);
  CHECK(d.packet.transport == Transport::Udp);
  CHECK_FALSE(is_known(d.packet.time));  // v1 has none
  check_hops(d.packet);
  CHECK(hep::looks_like_hep(as_bytes(d.text)));
}

TEST_CASE("HEP v2 over TCP, with time and capture id") {
  const Decoded d(octets("02100206 13c413d8 c000020a c6336414 00f15365 40e20100 d107a5a5") +
                  kPayload);
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

TEST_CASE("payload compressed by zlib") {
  std::string small(compressBound(kPayload.size()), '\0');
  uLongf size = small.size();
  REQUIRE(compress(reinterpret_cast<Bytef*>(small.data()), &size,
                   reinterpret_cast<const Bytef*>(kPayload.data()), kPayload.size()) == Z_OK);
  small.resize(size);
  const Decoded d(v3(v4_chunks() + chunk(16, small)));
  REQUIRE(d.ok);
  CHECK(d.packet.inflated);
  check_hops(d.packet);
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
