#include "packet/sctp.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>

#include "packet/test_frames.h"

namespace siploom::packet {

using namespace test;

namespace {

constexpr uint8_t kEnds = 1, kBegins = 2, kWhole = 3;

struct Data {
  uint32_t tsn = 0;
  std::string data{};
  uint8_t flags = kWhole;
  uint16_t stream = 0;
  uint32_t protocol = 46;
};

Bytes chunk(uint8_t type, uint8_t flags, const Bytes& body) {
  Bytes bytes{type, flags};
  put16(bytes, body.size() + 4);
  bytes = join(bytes, body);
  while (bytes.size() % 4 != 0) bytes.push_back(0);
  return bytes;
}

Bytes data_chunk(const Data& data) {
  Bytes body;
  put32(body, data.tsn);
  put16(body, data.stream);
  put16(body, 0);
  put32(body, data.protocol);
  return chunk(0, data.flags, join(body, bytes_of(data.data)));
}

// `number` is the payload protocol in the first fragment.
Bytes i_data_chunk(uint32_t tsn, uint32_t message, uint32_t number, uint8_t flags,
                   std::string_view data) {
  Bytes body;
  put32(body, tsn);
  put32(body, 5u << 16);  // stream 5
  put32(body, message);
  put32(body, number);
  return chunk(64, flags, join(body, bytes_of(data)));
}

class Receiver {
 public:
  explicit Receiver(size_t max_bytes = 16u << 20)
      : sctp([this](const SctpMessage& message) { got.emplace_back(message); }, max_bytes) {}

  void packet(const Bytes& chunks, uint32_t missing = 0, uint32_t tag = 7) {
    Bytes bytes;
    put16(bytes, 5060);
    put16(bytes, 5062);
    put32(bytes, tag);
    put32(bytes, 0);
    bytes = join(bytes, chunks);
    Datagram datagram;
    datagram.src.address = *parse_ip("10.0.0.1");
    datagram.dst.address = *parse_ip("10.0.0.2");
    datagram.missing = missing;
    datagram.cut = missing > 0;
    datagram.payload = bytes;
    sctp.add(datagram, {kSecond}, ++frame);
  }
  std::string texts() const {
    std::string all;
    for (const Message& message : got) all += message.text + "|";
    return all;
  }

  struct Message {
    explicit Message(const SctpMessage& from)
        : src(from.src),
          dst(from.dst),
          text(as_text(from.payload)),
          stream(from.stream),
          protocol(from.payload_protocol),
          frames(from.frames.begin(), from.frames.end()) {}
    Endpoint src, dst;
    std::string text;
    uint16_t stream;
    uint32_t protocol;
    std::vector<uint64_t> frames;
  };
  std::vector<Message> got;
  SctpReassembler sctp;
  uint64_t frame = 0;
};

}  // namespace

TEST_CASE("whole messages, several in a packet, between control chunks") {
  Receiver receiver;
  const Bytes sack = chunk(3, 0, Bytes(13));
  receiver.packet(join(
      sack, join(data_chunk({1, "hello"}), data_chunk({.tsn = 2, .data = "you", .stream = 3}))));
  CHECK(receiver.texts() == "hello|you|");
  CHECK(receiver.got[0].src == *parse_endpoint("10.0.0.1:5060"));
  CHECK(receiver.got[0].dst == *parse_endpoint("10.0.0.2:5062"));
  CHECK(receiver.got[0].protocol == 46);
  CHECK(receiver.got[1].stream == 3);
  CHECK(receiver.got[1].frames == std::vector<uint64_t>{1});
  CHECK(receiver.sctp.counters().chunks == 2);
}

TEST_CASE("fragments in order, reversed, and around the wrap of TSNs") {
  for (const bool reversed : {false, true}) {
    Receiver receiver;
    std::vector<Data> parts{
        {0xFFFFFFFF, "ab", kBegins}, {0, "cd", 0}, {1, "ef", 0}, {2, "g", kEnds}};
    if (reversed) std::reverse(parts.begin(), parts.end());
    for (const Data& part : parts) receiver.packet(data_chunk(part));
    CHECK(receiver.texts() == "abcdefg|");
    CHECK(receiver.got[0].frames == std::vector<uint64_t>{1, 2, 3, 4});
  }
}

TEST_CASE("copies are known by TSN") {
  Receiver receiver;
  for (int twice = 0; twice < 2; ++twice) {
    receiver.packet(data_chunk({10, "a"}));
    receiver.packet(data_chunk({11, "b", kBegins}));
    receiver.packet(data_chunk({12, "c", kEnds}));
  }
  CHECK(receiver.texts() == "a|bc|");
  CHECK(receiver.sctp.counters().copies == 3);
  receiver.packet(data_chunk({9, "late"}));
  CHECK(receiver.texts() == "a|bc|late|");
}

TEST_CASE("streams and unordered messages are kept apart") {
  Receiver receiver;
  constexpr uint8_t kUnordered = 4;
  receiver.packet(data_chunk({.tsn = 1, .data = "a", .flags = kBegins, .stream = 1}));
  receiver.packet(data_chunk({.tsn = 2, .data = "x", .flags = kEnds, .stream = 2}));
  receiver.packet(data_chunk({.tsn = 2, .data = "y", .flags = kEnds | kUnordered, .stream = 1}));
  CHECK(receiver.got.empty());
  receiver.packet(data_chunk({.tsn = 3, .data = "b", .flags = kBegins | kUnordered, .stream = 1}));
  receiver.packet(data_chunk({.tsn = 4, .data = "c", .flags = kEnds | kUnordered, .stream = 1}));
  CHECK(receiver.texts() == "bc|");
}

TEST_CASE("I-DATA messages may be interleaved") {
  Receiver receiver;
  receiver.packet(i_data_chunk(1, 100, 46, kBegins, "ab"));
  receiver.packet(i_data_chunk(2, 101, 47, kBegins, "12"));
  receiver.packet(i_data_chunk(3, 100, 1, 0, "cd"));
  receiver.packet(i_data_chunk(4, 101, 1, kEnds, "34"));
  receiver.packet(i_data_chunk(5, 100, 2, kEnds, "ef"));
  CHECK(receiver.texts() == "1234|abcdef|");
  CHECK(receiver.got[0].protocol == 47);
  CHECK(receiver.got[1].stream == 5);
  CHECK(receiver.got[1].frames == std::vector<uint64_t>{1, 3, 5});
}

TEST_CASE("another association of the same endpoints") {
  Receiver receiver;
  receiver.packet(data_chunk({1, "one"}));
  receiver.packet(data_chunk({1, "two"}), 0, 8);
  receiver.packet(data_chunk({1u << 31, "three"}));
  receiver.packet(data_chunk({1, "four"}));
  CHECK(receiver.texts() == "one|two|three|four|");
}

TEST_CASE("TSNs that jump backwards again and again") {
  Receiver receiver;
  for (uint32_t i = 0; i < 100; ++i) receiver.packet(data_chunk({i * 0x9000'0000u, "x"}));
  CHECK(receiver.got.size() == 100);
}

TEST_CASE("what a lost fragment leaves behind is dropped") {
  Receiver receiver;
  receiver.packet(data_chunk({1, "lost its end", kBegins}));
  for (uint32_t tsn = 3; tsn < 2000; ++tsn) receiver.packet(data_chunk({tsn, "x"}));
  CHECK(receiver.sctp.counters().evicted == 1);
  CHECK(receiver.sctp.counters().messages == 1997);

  Receiver small(4000);
  for (uint32_t tsn = 1; tsn < 100; ++tsn)
    small.packet(data_chunk({tsn, std::string(1000, 'x'), 0}));
  CHECK(small.sctp.counters().evicted > 90);
}

TEST_CASE("damaged chunks are counted, cut messages are given") {
  Receiver receiver;
  receiver.packet({0, 3, 0, 3});
  receiver.packet(data_chunk({1, ""}));
  Bytes bytes = data_chunk({2, "cut off"});
  bytes.resize(bytes.size() - 5);
  receiver.packet(bytes);
  CHECK(receiver.sctp.counters().malformed == 3);
  CHECK(receiver.got.empty());
  receiver.packet(bytes, 5);
  CHECK(receiver.texts() == "cut|");
  Datagram datagram;
  receiver.sctp.add(datagram, {kSecond}, 1);
  CHECK(receiver.sctp.counters().malformed == 4);
}

TEST_CASE("any cutting, order and doubling gives the same messages") {
  CHECK(rc::check("messages", [] {
    const auto first = *rc::gen::arbitrary<uint32_t>();
    const auto messages = *rc::gen::container<std::vector<std::string>>(
        rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z'))));
    std::vector<Data> parts;
    for (const std::string& message : messages) {
      for (size_t at = 0; at < message.size();) {
        const size_t size = std::min(message.size() - at, *rc::gen::inRange<size_t>(1, 9));
        Data part{first + static_cast<uint32_t>(parts.size()), message.substr(at, size), 0};
        if (at == 0) part.flags |= kBegins;
        at += size;
        if (at == message.size()) part.flags |= kEnds;
        parts.push_back(part);
      }
    }
    RC_PRE(parts.size() < 500u);
    const size_t fresh = parts.size();
    for (size_t i = 0; i < fresh; i += 3) parts.push_back(parts[i]);
    for (size_t i = parts.size(); i > 1; --i)
      std::swap(parts[i - 1], parts[*rc::gen::inRange<size_t>(0, i)]);
    Receiver receiver;
    for (const Data& part : parts) receiver.packet(data_chunk(part));
    std::vector<std::string> got;
    for (const auto& message : receiver.got) got.push_back(message.text);
    auto wanted = messages;
    std::sort(got.begin(), got.end());
    std::sort(wanted.begin(), wanted.end());
    RC_ASSERT(got == wanted);
  }));
}

}  // namespace siploom::packet
