#include "packet/tcp.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <string>

#include "packet/test_frames.h"

namespace siploom::packet {

using namespace test;

namespace {

constexpr uint8_t kFin = 1, kSyn = 2, kRst = 4, kAck = 0x10;

struct Sent {
  uint32_t sequence = 0;
  std::string data{};
  uint8_t flags = kAck;
  uint32_t ack = 0;
  bool backwards = false;  // from the server to the client
  uint32_t missing = 0;    // octets that the capture cut off
  uint16_t ip_id = 0;
};

// Collects what it is given; takes whole lines, or everything.
class Collector final : public TcpReader {
 public:
  enum class Takes { All, Lines, Nothing };
  explicit Collector(Takes takes = Takes::All) : takes_(takes) {}

  bool is_beginning(ByteSpan data) override {
    return knows_beginnings && as_text(data).starts_with("GO");
  }
  size_t consume(TcpFlow& flow, ByteSpan data, std::span<const StreamPiece> pieces) override {
    check_pieces(data, pieces);
    max_pieces = std::max(max_pieces, pieces.size());
    last_data = data.data();
    ++consumed;
    size_t taken = takes_ == Takes::All ? data.size() : 0;
    if (takes_ == Takes::Lines) taken = as_text(data).rfind('\n') + 1;
    add(flow, data.first(taken));
    return taken;
  }
  void on_gap(TcpFlow& flow, ByteSpan left, std::span<const StreamPiece> pieces,
              uint64_t missing) override {
    check_pieces(left, pieces);
    add(flow, left);
    text[flow.id] += "<" + std::to_string(missing) + ">";
    all += "<" + std::to_string(missing) + ">";
  }
  void on_close(TcpFlow& flow, ByteSpan left, std::span<const StreamPiece> pieces) override {
    check_pieces(left, pieces);
    add(flow, left);
    text[flow.id] += "|";
    all += "|";
  }

  std::map<uint64_t, std::string> text;
  std::string all;
  std::vector<uint64_t> frames;
  const uint8_t* last_data = nullptr;
  size_t consumed = 0, max_pieces = 0;
  bool knows_beginnings = false;

 private:
  void check_pieces(ByteSpan data, std::span<const StreamPiece> pieces) {
    size_t size = 0;
    for (const StreamPiece& piece : pieces) {
      size += piece.size;
      frames.push_back(piece.frame);
    }
    if (size != data.size()) text[0] += "pieces do not add up";
  }
  void add(const TcpFlow& flow, ByteSpan data) {
    text[flow.id] += as_text(data);
    all += as_text(data);
  }
  Takes takes_;
};

class Wire {
 public:
  explicit Wire(TcpReader& reader, const TcpLimits& limits = {}) : tcp(reader, limits) {}

  void send(const Sent& sent) {
    Bytes bytes;
    put16(bytes, sent.backwards ? 5060 : 40'000);
    put16(bytes, sent.backwards ? 40'000 : 5060);
    put32(bytes, sent.sequence);
    put32(bytes, sent.ack);
    bytes.insert(bytes.end(), {0x50, sent.flags, 0, 0, 0, 0, 0, 0});
    bytes = join(bytes, bytes_of(sent.data));
    Datagram datagram;
    datagram.src = *parse_endpoint(sent.backwards ? "10.0.0.2:5060" : client);
    datagram.dst = *parse_endpoint(sent.backwards ? client : "10.0.0.2:5060");
    datagram.protocol = Protocol::Tcp;
    datagram.ip_id = sent.ip_id;
    datagram.missing = sent.missing;
    datagram.cut = sent.missing > 0;
    datagram.payload = bytes;
    last = bytes.data();
    tcp.add(datagram, now, ++frame);
    now = now + kMillisecond;
  }
  void syn(uint32_t sequence = 999) { send({.sequence = sequence, .flags = kSyn}); }
  void later(Nanoseconds d) { now = now + d; }

  TcpReassembler tcp;
  Timestamp now{kSecond};
  uint64_t frame = 0;
  const uint8_t* last = nullptr;
  std::string client = "10.0.0.1:40000";
};

}  // namespace

TEST_CASE("data in order goes to the reader without a copy") {
  Collector reader;
  Wire wire(reader);
  wire.syn();
  wire.send({1000, "hello "});
  CHECK(reader.last_data == wire.last + 20);
  wire.send({1006, "world"});
  CHECK(reader.last_data == wire.last + 20);
  CHECK(reader.all == "hello world");
  wire.send({1011, "", kAck | kFin});
  CHECK(reader.all == "hello world|");
  CHECK(wire.tcp.counters().segments == 4);
}

TEST_CASE("what the reader leaves is given again with what follows") {
  Collector reader(Collector::Takes::Lines);
  Wire wire(reader);
  wire.syn();
  uint32_t at = 1000;
  for (const char* part : {"on", "e\ntw", "o\n", "rest"}) {
    wire.send({at, part});
    at += static_cast<uint32_t>(std::string_view(part).size());
  }
  CHECK(reader.all == "one\ntwo\n");
  wire.tcp.finish();
  CHECK(reader.all == "one\ntwo\nrest|");
  CHECK(reader.max_pieces == 2);
  CHECK(reader.text[0].empty());
}

TEST_CASE("a SYN may carry data, sequence numbers wrap") {
  Collector reader;
  Wire wire(reader);
  wire.send({0xFFFFFFFC, "ab", kSyn});
  wire.send({0xFFFFFFFF, "cd"});
  wire.send({1, "ef"});
  CHECK(reader.all == "abcdef");
}

TEST_CASE("swapped and reversed segments") {
  Collector reader;
  Wire wire(reader);
  wire.syn();
  wire.send({1006, "ghi"});
  wire.send({1003, "def"});
  CHECK(reader.all.empty());
  wire.send({1000, "abc"});
  CHECK(reader.all == "abcdefghi");
  CHECK(wire.tcp.counters().out_of_order == 2);
}

TEST_CASE("repeated and overlapping segments: the first octet that came stays") {
  Collector reader;
  Wire wire(reader);
  wire.syn();
  wire.send({.sequence = 1000, .data = "abcd", .ip_id = 5});
  wire.send({.sequence = 1000, .data = "abcd", .ip_id = 5});
  CHECK(wire.tcp.counters().copies == 1);
  wire.send({.sequence = 1000, .data = "abcd", .ip_id = 6});
  CHECK(wire.tcp.counters().retransmitted == 1);
  wire.send({1002, "XYef"});
  wire.send({1008, "ij"});
  wire.send({1006, "ghIJkl"});
  CHECK(reader.all == "abcdefghijkl");
  wire.send({1011, "!"});  // a keep-alive probe is neither copy nor retransmission
  CHECK(reader.all == "abcdefghijkl");
  CHECK(wire.tcp.counters().copies == 1);
  CHECK(wire.tcp.counters().retransmitted == 1);
}

TEST_CASE("a gap is waited for, but not for ever") {
  Collector reader(Collector::Takes::Nothing);
  Wire wire(reader);
  wire.syn();
  wire.send({1000, "abc"});
  wire.send({1010, "def"});
  wire.tcp.expire(wire.now + 2 * kSecond);
  CHECK(reader.all.empty());
  wire.tcp.expire(wire.now + 4 * kSecond);
  CHECK(reader.all == "abc<7>");
  wire.tcp.finish();
  CHECK(reader.all == "abc<7>def|");
  CHECK(wire.tcp.counters().gaps == 1);
  CHECK(wire.tcp.counters().gap_bytes == 7);
}

TEST_CASE("other packets let the time of a gap pass") {
  Collector reader;
  Wire wire(reader);
  wire.syn();
  wire.send({1010, "def"});
  wire.later(4 * kSecond);
  wire.client = "10.0.0.9:40000";
  wire.syn();
  CHECK(reader.all == "<10>def");
}

TEST_CASE("a gap ends when too much piles up behind it") {
  Collector reader;
  TcpLimits limits;
  limits.gap_bytes = 1000;
  Wire wire(reader, limits);
  wire.syn();
  wire.send({1004, std::string(900, 'x')});
  CHECK(reader.all == "<4>" + std::string(900, 'x'));
}

TEST_CASE("a gap of which the peer has everything was lost by the capture, and ends soon") {
  Collector reader;
  Wire wire(reader);
  wire.syn();
  wire.send({1010, "def"});
  wire.send({.ack = 1013, .backwards = true});
  wire.tcp.expire(wire.now + kSecond);
  CHECK(reader.all == "<10>def");
}

TEST_CASE("FIN and RST end the stream behind the data that is in order") {
  Collector reader;
  Wire wire(reader);
  wire.syn();
  wire.send({1003, "def", kFin | kAck});
  CHECK(reader.all.empty());
  wire.send({1000, "abc"});
  CHECK(reader.all == "abcdef|");
  wire.client = "10.0.0.9:40000";
  wire.syn();
  wire.send({1000, "xyz"});
  wire.send({1003, "", kRst});
  CHECK(reader.all == "abcdef|xyz|");
}

TEST_CASE("copies that come behind the end begin nothing") {
  Collector reader;
  Wire wire(reader);
  for (int twice = 0; twice < 2; ++twice) wire.syn();
  for (int twice = 0; twice < 2; ++twice) wire.send({1000, "abc", kFin | kAck});
  wire.tcp.finish();
  CHECK(reader.all == "abc|");
  CHECK(wire.tcp.counters().copies == 1);
}

TEST_CASE("the same endpoints connect again") {
  Collector reader;
  Wire wire(reader);
  wire.syn(999);
  wire.send({1000, "one"});
  wire.syn(500'000);
  wire.send({500'001, "two"});
  wire.tcp.finish();
  CHECK(reader.all == "one|two|");
  CHECK(reader.text.size() == 2);
  CHECK(reader.text[1] == "one|");
}

TEST_CASE("both directions know each other") {
  struct PeerReader final : TcpReader {
    size_t consume(TcpFlow& flow, ByteSpan data, std::span<const StreamPiece>) override {
      peers[flow.id] = flow.peer_id;
      return data.size();
    }
    void on_gap(TcpFlow&, ByteSpan, std::span<const StreamPiece>, uint64_t) override {}
    void on_close(TcpFlow&, ByteSpan, std::span<const StreamPiece>) override {}
    std::map<uint64_t, uint64_t> peers;
  } reader;
  Wire wire(reader);
  wire.syn();
  wire.send({.sequence = 4999, .flags = kSyn | kAck, .ack = 1000, .backwards = true});
  wire.send({1000, "a"});
  wire.send({.sequence = 5000, .data = "b", .ack = 1001, .backwards = true});
  CHECK(reader.peers == std::map<uint64_t, uint64_t>{{1, 2}, {2, 1}});
}

TEST_CASE("from the middle of a connection: swapped segments wait for each other") {
  Collector reader;
  Wire wire(reader);
  wire.send({1006, "ghi"});
  wire.send({1003, "def"});
  wire.send({1000, "abc"});
  wire.tcp.expire(wire.now + kSecond);
  CHECK(reader.all == "abcdefghi");
  wire.send({1009, "jkl"});
  CHECK(reader.all == "abcdefghijkl");
}

TEST_CASE("from the middle: a beginning that the reader knows is given at once") {
  Collector reader;
  reader.knows_beginnings = true;
  Wire wire(reader);
  wire.send({1003, "tail"});
  CHECK(reader.all.empty());
  wire.send({1000, "GO "});
  CHECK(reader.all == "GO tail");
  CHECK(wire.tcp.counters().copies + wire.tcp.counters().retransmitted == 0);
}

TEST_CASE("from the middle: what the peer acknowledges has nothing in front of it") {
  Collector reader;
  Wire wire(reader);
  wire.send({.sequence = 1000, .data = "abc", .ack = 7000});
  CHECK(reader.all.empty());
  wire.send({.sequence = 7000, .data = "xyz", .ack = 1003, .backwards = true});
  CHECK(reader.all == "abcxyz");
}

TEST_CASE("from the middle: messages in reverse order") {
  Collector reader;
  reader.knows_beginnings = true;
  Wire wire(reader);
  wire.send({1010, "GO second."});
  wire.send({1007, "st."});
  wire.send({1000, "GO fir"});
  wire.tcp.finish();
  CHECK(reader.all == "GO second.GO fir<1>st.||");
  CHECK(reader.text.size() == 2);
}

TEST_CASE("a SYN that comes behind its data") {
  Collector reader;
  Wire wire(reader);
  wire.send({1000, "abc"});
  wire.syn();
  CHECK(reader.all == "abc");
  wire.send({1003, "def"});
  wire.tcp.finish();
  CHECK(reader.all == "abcdef|");
}

TEST_CASE("octets that the capture cut off are a gap at once") {
  Collector reader(Collector::Takes::Nothing);
  Wire wire(reader);
  wire.syn();
  wire.send({.sequence = 1000, .data = "abc", .missing = 5});
  CHECK(reader.all == "abc<5>");
  wire.send({1008, "def"});
  wire.tcp.finish();
  CHECK(reader.all == "abc<5>def|");
}

TEST_CASE("damaged headers are counted and nothing more") {
  Collector reader;
  Wire wire(reader);
  Bytes bytes(20);
  Datagram datagram;
  datagram.payload = ByteSpan(bytes).first(19);
  wire.tcp.add(datagram, wire.now, 1);
  bytes[12] = 0x40;
  datagram.payload = bytes;
  wire.tcp.add(datagram, wire.now, 2);
  bytes[12] = 0xF0;
  wire.tcp.add(datagram, wire.now, 3);
  CHECK(wire.tcp.counters().malformed == 3);
  wire.syn();
  wire.send({1000, "abc"});
  wire.send({1000 + (1u << 30), "far away"});
  wire.send({1003, "def"});
  CHECK(reader.all == "abcdef");
  CHECK(wire.tcp.counters().malformed == 4);
}

TEST_CASE("the least recently used connection makes room") {
  Collector reader(Collector::Takes::Nothing);
  TcpLimits limits;
  limits.max_flows = 2;
  Wire wire(reader, limits);
  for (int i = 1; i <= 3; ++i) {
    wire.client = "10.0.0.1:" + std::to_string(i);
    wire.syn();
    wire.send({1000, std::to_string(i)});
  }
  CHECK(reader.all == "1|");
  CHECK(wire.tcp.counters().evicted == 1);
  wire.tcp.finish();
  CHECK(reader.all == "1|2|3|");
}

TEST_CASE("memory is bounded for one flow and for all") {
  Collector reader(Collector::Takes::Nothing);
  TcpLimits limits;
  limits.max_flow_bytes = 1000;
  limits.max_buffered_bytes = 1500;
  Wire wire(reader, limits);
  wire.syn();
  wire.send({1000, std::string(900, 'a')});
  CHECK(reader.all.empty());
  wire.send({1900, std::string(200, 'b')});
  CHECK(reader.all == std::string(900, 'a') + std::string(200, 'b') + "<0>");
  wire.send({2100, std::string(900, 'c')});
  reader.all.clear();
  wire.client = "10.0.0.9:40000";
  wire.syn();
  wire.send({1000, std::string(900, 'd')});
  CHECK(reader.all == std::string(900, 'c') + "<0>");
  CHECK(wire.tcp.counters().evicted == 2);
}

TEST_CASE("any cutting, order within a window, doubling and overlap gives the same octets") {
  CHECK(rc::check("stream", [] {
    const std::string stream = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
    const auto first = *rc::gen::arbitrary<uint32_t>();
    const bool has_syn = *rc::gen::arbitrary<bool>();
    std::vector<Sent> segments;
    for (size_t at = 0; at < stream.size();) {
      const size_t size = *rc::gen::inRange<size_t>(1, 20);
      const size_t back = std::min(at, *rc::gen::inRange<size_t>(0, 5));
      segments.push_back(
          {first + static_cast<uint32_t>(at - back), stream.substr(at - back, back + size)});
      if (*rc::gen::inRange(0, 4) == 0) segments.push_back(segments.back());
      at += size;
    }
    for (size_t i = 0; i + 1 < segments.size(); ++i) {
      const size_t with = std::min(segments.size() - 1, i + *rc::gen::inRange<size_t>(0, 6));
      std::swap(segments[i], segments[with]);
    }
    Collector reader(*rc::gen::element(Collector::Takes::All, Collector::Takes::Nothing));
    Wire wire(reader);
    if (has_syn) wire.syn(first - 1);
    for (const Sent& segment : segments) wire.send(segment);
    wire.send({first + static_cast<uint32_t>(stream.size()), "", kAck | kFin});
    wire.tcp.finish();
    RC_ASSERT(reader.text[0].empty());
    std::string all = reader.all;
    std::erase(all, '|');
    RC_ASSERT(all == stream);
    RC_ASSERT(wire.tcp.counters().gaps == 0u);
  }));
}

TEST_CASE("a hostile sender of tiny segments costs no more than his packets") {
  Collector reader(Collector::Takes::Nothing);
  Wire wire(reader);
  wire.syn();
  for (uint32_t i = 0; i < 20'000; ++i) wire.send({1001 + 2 * i, "x"});
  for (int i = 0; i < 20; ++i) wire.send({1001, std::string(30'000, 'y')});
  wire.tcp.finish();
  CHECK(reader.text[0].empty());
}

}  // namespace siploom::packet
