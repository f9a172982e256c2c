#include "media/stream_table.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace siploom;
using namespace siploom::media;

namespace {

RtpPacket packet(uint16_t sequence, uint32_t ssrc = 1, uint8_t type = 8) {
  RtpPacket p;
  p.time = {1'700'000'000 * kSecond + sequence * 20 * kMillisecond};
  p.src = {*parse_ip("10.0.0.1"), 4000};
  p.dst = {*parse_ip("10.0.0.2"), 5000};
  p.ssrc = ssrc;
  p.sequence = sequence;
  p.rtp_timestamp = uint32_t{sequence} * 160;
  p.copy_key = sequence + 1u;
  p.payload_bytes = 160;
  p.payload_type = type;
  p.hash = key_hash(p);
  return p;
}

}  // namespace

TEST_CASE("packets in sequence make a stream (RFC 3550 A.1)") {
  StreamTable table;
  table.add(packet(1));
  REQUIRE(table.entries().size() == 1);
  CHECK_FALSE(table.entries()[0].is_confirmed());
  table.add(packet(2));
  table.add(packet(3));
  CHECK(table.entries()[0].is_confirmed());
  CHECK(table.entries()[0].stream.packets == 3);
  CHECK(table.entries()[0].stream.bytes == 480);
  CHECK(table.entries()[0].stream.expected() == 3);
}

TEST_CASE("random sequence numbers are no stream") {
  StreamTable table;
  for (const int sequence : {100, 40'000, 9, 33'000, 700, 60'000}) {
    table.add(packet(static_cast<uint16_t>(sequence)));
  }
  CHECK_FALSE(table.entries()[0].is_confirmed());
}

TEST_CASE("loss, wrap and the extended highest sequence") {
  StreamTable table;
  for (int i = 65'530; i < 65'530 + 20; ++i) {
    if (i % 7 != 0) table.add(packet(static_cast<uint16_t>(i)));
  }
  const model::Stream& s = table.entries()[0].stream;
  CHECK(s.expected() == 20);
  CHECK(s.packets == 17);
}

TEST_CASE("a mirror's copy is no packet; a sender's duplicate is one") {
  StreamTable table;
  table.add(packet(1));
  table.add(packet(2));
  RtpPacket copy = packet(2);
  copy.time = copy.time + 30'000;
  table.add(copy);
  RtpPacket duplicate = packet(2);
  duplicate.copy_key = 999;
  table.add(duplicate);
  const model::Stream& s = table.entries()[0].stream;
  CHECK(s.copies == 1);
  CHECK(s.packets == 3);
  CHECK(s.duplicates == 1);
}

TEST_CASE("another SSRC or port is another stream") {
  StreamTable table;
  table.add(packet(1));
  table.add(packet(2, 7));
  RtpPacket other = packet(3);
  other.dst.port = 5002;
  other.hash = key_hash(other);
  table.add(other);
  CHECK(table.entries().size() == 3);
}

TEST_CASE("comfort noise first does not name the stream's payload type (RFC 3389)") {
  StreamTable table;
  table.add(packet(1, 1, 13));
  table.add(packet(2, 1, 8));
  table.add(packet(3, 1, 13));
  CHECK(table.entries()[0].stream.payload_type == 8);
}

TEST_CASE("streams are capped: candidates that went quiet make room, then new ones are refused") {
  StreamTable table(100);
  for (uint32_t ssrc = 0; ssrc < 1000; ++ssrc) table.add(packet(1, ssrc));
  CHECK(table.entries().size() == 100);
  CHECK(table.refused() == 900);
}

TEST_CASE("property: reordering within a window loses no packet") {
  CHECK(rc::check("each packet once, neighbours swapped", [] {
    const auto swaps = *rc::gen::container<std::vector<bool>>(50, rc::gen::arbitrary<bool>());
    std::vector<uint16_t> order;
    for (uint16_t i = 0; i < 51; ++i) order.push_back(static_cast<uint16_t>(65'500 + i));
    for (size_t i = 0; i < swaps.size(); ++i) {
      if (swaps[i]) std::swap(order[i], order[i + 1]);
    }
    StreamTable table;
    for (const uint16_t sequence : order) table.add(packet(sequence));
    RC_ASSERT(table.entries().size() == 1);
    RC_ASSERT(table.entries()[0].stream.packets == 51);
    RC_ASSERT(table.entries()[0].stream.duplicates == 0);
  }));
}
