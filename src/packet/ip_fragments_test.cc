#include "packet/ip_fragments.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>

#include "packet/decode.h"
#include "packet/test_frames.h"

namespace siploom::packet {

using namespace test;

namespace {

struct Part {
  uint32_t offset = 0;
  std::string data{};
  bool more = true;
  uint32_t id = 1;
  uint8_t version = 4;
  uint8_t protocol = 17;
};

class Table {
 public:
  explicit Table(const FragmentLimits& limits = {}) : fragments(limits) {}

  // The whole datagram, or "" while it is none.
  std::string add(const Part& part) {
    Datagram datagram;
    datagram.refusal = Refusal::Fragment;
    datagram.ip_version = part.version;
    datagram.ip_protocol = part.protocol;
    datagram.ip_id = part.id;
    datagram.fragment_offset = part.offset;
    datagram.more_fragments = part.more;
    datagram.payload = as_bytes(part.data);
    const WholeDatagram* whole = fragments.add(datagram, now, ++frame);
    if (whole == nullptr) return "";
    frames = whole->frames;
    return std::string(as_text(whole->payload));
  }
  const FragmentCounters& counters() const { return fragments.counters(); }

  FragmentTable fragments;
  Timestamp now{kSecond};
  uint64_t frame = 0;
  std::vector<uint64_t> frames;
};

}  // namespace

TEST_CASE("fragments in order and reversed") {
  Table table;
  CHECK(table.add({0, "12345678"}).empty());
  CHECK(table.add({8, "abc", false}) == "12345678abc");
  CHECK(table.frames == std::vector<uint64_t>{1, 2});
  CHECK(table.add({.offset = 8, .data = "abc", .more = false, .id = 2}).empty());
  CHECK(table.add({.offset = 0, .data = "12345678", .id = 2}) == "12345678abc");
  CHECK(table.frames == std::vector<uint64_t>{3, 4});
  CHECK(table.counters().completed == 2);
}

TEST_CASE(
    "identification, protocol and version keep datagrams apart; IPv6 has no protocol in its key") {
  Table table;
  CHECK(table.add({0, "12345678"}).empty());
  CHECK(table.add({.offset = 8, .data = "x", .more = false, .id = 2}).empty());
  CHECK(table.add({.offset = 8, .data = "x", .more = false, .protocol = 6}).empty());
  CHECK(table.add({.offset = 8, .data = "x", .more = false, .version = 6}).empty());
  CHECK(table.add({.offset = 0, .data = "12345678", .version = 6, .protocol = 60}) == "12345678x");
  CHECK(table.add({8, "y", false}) == "12345678y");
}

TEST_CASE("copies are ignored, also those that come when the datagram is complete") {
  Table table;
  for (int twice = 0; twice < 2; ++twice) table.add({0, "12345678"});
  CHECK(table.add({8, "abc", false}) == "12345678abc");
  CHECK(table.frames == std::vector<uint64_t>{1, 3});
  CHECK(table.add({8, "abc", false}).empty());
  CHECK(table.counters().duplicates == 2);
  table.fragments.expire({INT64_MAX});
  CHECK(table.counters().incomplete() == 0);
}

TEST_CASE("an identification may be used again after a while") {
  Table table;
  table.add({0, "12345678"});
  CHECK(table.add({8, "a", false}) == "12345678a");
  table.now = table.now + kSecond;
  CHECK(table.add({0, "abcdefgh"}).empty());
  CHECK(table.add({8, "b", false}) == "abcdefghb");
}

TEST_CASE("overlap: what came first stays") {
  Table table;
  table.add({8, "abcdefgh"});
  CHECK(table.add({0, "123456781234567812345678"}).empty());
  CHECK(table.counters().overlaps == 1);
  CHECK(table.add({24, "!", false}) == "12345678abcdefgh12345678!");
  table.add({.offset = 0, .data = "12345678", .id = 2});
  table.add({.offset = 0, .data = "abcdefgh", .id = 2});
  CHECK(table.counters().overlaps == 2);
  CHECK(table.counters().duplicates == 0);
}

TEST_CASE("the first that tells the end is believed") {
  Table table;
  table.add({8, "abcdefgh", false});
  CHECK(table.add({16, "beyond!!"}).empty());
  CHECK(table.add({8, "abc", false}).empty());
  CHECK(table.counters().overlaps == 2);
  CHECK(table.add({0, "12345678"}) == "12345678abcdefgh");
  table.add({.offset = 16, .data = "abcdefgh", .id = 2});
  CHECK(table.add({.offset = 8, .data = "x", .more = false, .id = 2}).empty());
  CHECK(table.counters().overlaps == 3);
}

TEST_CASE("what no datagram can have is refused") {
  Table table;
  table.add({0, ""});
  table.add({0, "1234567"});
  table.add({65'528, "12345678"});
  CHECK(table.counters().malformed == 3);
  CHECK(table.counters().fragments == 3);
}

TEST_CASE("what never completes is dropped and counted") {
  Table table;
  table.add({0, "12345678"});
  table.fragments.expire(table.now + 29 * kSecond);
  CHECK(table.counters().incomplete() == 0);
  table.fragments.expire(table.now + 30 * kSecond);
  CHECK(table.counters().timed_out == 1);
  CHECK(table.add({8, "abc", false}).empty());
}

TEST_CASE("datagrams, octets and fragments of one are limited") {
  FragmentLimits limits;
  limits.max_datagrams = 2;
  limits.max_bytes = 100'000;
  Table table(limits);
  for (uint32_t id = 1; id <= 3; ++id) table.add({.offset = 0, .data = "12345678", .id = id});
  CHECK(table.counters().evicted == 1);
  CHECK(table.add({.offset = 8, .data = "3", .more = false, .id = 3}) == "123456783");
  table.add({.offset = 0, .data = std::string(60'000, 'x'), .id = 4});
  table.add({.offset = 0, .data = std::string(60'000, 'x'), .id = 5});
  CHECK(table.counters().evicted == 3);

  Table tiny;
  for (uint32_t i = 0; i < 3000; ++i) tiny.add({16 * i % 65'000, "12345678"});
  CHECK(tiny.counters().evicted >= 1);
}

TEST_CASE("fragments of a frame find their way through the decoder") {
  const Bytes whole = udp(5060, 5062, bytes_of(std::string(40, 'm')));
  const Bytes front(whole.begin(), whole.begin() + 24), back(whole.begin() + 24, whole.end());
  FragmentTable table;
  const Bytes last = ipv4(back, {.flags_and_offset = 3});
  CHECK(table.add(decode_ip(last), {kSecond}, 1) == nullptr);
  const Bytes first = ipv4(front, {.flags_and_offset = 0x2000});
  const Datagram fragment = decode_ip(first);
  const WholeDatagram* got = table.add(fragment, {kSecond}, 2);
  REQUIRE(got != nullptr);
  const Datagram datagram = decode_transport(fragment, got->payload);
  CHECK(datagram.dst.port == 5062);
  CHECK(datagram.payload.size() == 40);
}

TEST_CASE("any cutting, order and doubling gives the same datagram") {
  CHECK(rc::check("datagram", [] {
    std::string datagram = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
    datagram += std::string(9, '!');
    std::vector<Part> parts;
    for (size_t at = 0; at < datagram.size();) {
      const size_t size = std::min(datagram.size() - at, 8 * *rc::gen::inRange<size_t>(1, 4));
      const Part part{static_cast<uint32_t>(at), datagram.substr(at, size),
                      at + size < datagram.size()};
      parts.push_back(part);
      if (*rc::gen::inRange(0, 3) == 0) parts.push_back(part);
      at += size;
    }
    for (size_t i = parts.size(); i > 1; --i)
      std::swap(parts[i - 1], parts[*rc::gen::inRange<size_t>(0, i)]);
    Table table;
    std::string got;
    for (const Part& part : parts) {
      const std::string whole = table.add(part);
      if (!whole.empty()) {
        RC_ASSERT(got.empty());
        got = whole;
      }
    }
    RC_ASSERT(got == datagram);
  }));
}

}  // namespace siploom::packet
