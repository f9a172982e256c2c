// The engine with its consumers, on captures in memory: the same whatever the threads and chunks.
#include "pipeline/engine.h"

#include <doctest/doctest.h>

#include <random>

#include "pipeline/call_consumer.h"
#include "pipeline/match_consumer.h"
#include "pipeline/test_capture.h"

using namespace siploom;
using namespace siploom::pipeline;
using namespace siploom::pipeline::test;

namespace {

std::vector<TestFrame> many_calls(int count) {
  std::vector<TestFrame> frames;
  for (int i = 0; i < count; ++i) add_call(frames, i, kStart + i * 10 * kMillisecond);
  std::stable_sort(frames.begin(), frames.end(),
                   [](const TestFrame& a, const TestFrame& b) { return a.time < b.time; });
  return frames;
}

// One line a call with what there is to say of it.
std::string listing(std::vector<TestFrame> frames, unsigned threads, size_t chunk_bytes) {
  TestSource source(std::move(frames));
  CallConsumerOptions options;
  options.shards = threads;
  options.rtp = true;
  CallConsumer consumer(options);
  EngineOptions engine;
  engine.threads = threads;
  engine.chunk_bytes = chunk_bytes;
  const auto result = run(source, consumer, engine);
  REQUIRE(result.has_value());
  consumer.finish(result->counters.last);
  std::string out = fmt::format("{} packets\n", result->counters.packets);
  for (const model::Call* call : consumer.calls()) {
    out += fmt::format("{} {} {} {} {}\n", model::call_id(*call), model::state_name(call->state),
                       call->messages, call->start.ns, call->first_frame);
  }
  return out;
}

packet::test::Bytes tcp_frame(uint32_t sequence, std::string_view payload) {
  packet::test::Bytes tcp;
  packet::test::put16(tcp, 40'000);
  packet::test::put16(tcp, 5060);
  packet::test::put32(tcp, sequence);
  packet::test::put32(tcp, 1);
  tcp.insert(tcp.end(), {0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0});
  packet::test::Ipv4Fields fields;
  fields.protocol = 6;
  return packet::test::ethernet(
      0x0800, packet::test::ipv4(packet::test::join(tcp, packet::test::bytes_of(payload)), fields));
}

// All messages of a capture, as grep would give them.
std::vector<std::string> messages_of(std::vector<TestFrame> frames, size_t chunk_bytes = 1 << 20,
                                     unsigned threads = 1) {
  TestSource source(std::move(frames));
  std::vector<std::string> out;
  MatchConsumer consumer({}, [&](const Message& message, const auto&, const auto&, bool) {
    out.emplace_back(as_text(message.record.payload));
    return true;
  });
  EngineOptions engine;
  engine.chunk_bytes = chunk_bytes;
  engine.threads = threads;
  REQUIRE(run(source, consumer, engine).has_value());
  return out;
}

}  // namespace

TEST_CASE("threads and chunk sizes change nothing") {
  const auto frames = many_calls(300);
  const std::string one = listing(frames, 1, 1 << 20);
  CHECK(one.find("call-299 completed 6") != std::string::npos);
  for (const unsigned threads : {1u, 2u, 3u, 8u}) {
    for (const size_t chunk : {size_t{1}, size_t{3000}, size_t{1} << 20}) {
      CHECK(listing(frames, threads, chunk) == one);
    }
  }
}

TEST_CASE("a message over many segments is found wherever a chunk ends") {
  const std::string first =
      sip_text("OPTIONS sip:b@x SIP/2.0", "tcp-1", 1, "OPTIONS", std::string(3000, 'x'));
  const std::string second = sip_text("BYE sip:b@x SIP/2.0", "tcp-2", 2, "BYE");
  const std::string stream = first + second;
  for (const size_t segment : {size_t{1}, size_t{7}, size_t{100}, size_t{1400}}) {
    std::vector<TestFrame> frames;
    for (size_t at = 0; at < stream.size(); at += segment) {
      frames.push_back({kStart + static_cast<int64_t>(at),
                        tcp_frame(1000 + static_cast<uint32_t>(at),
                                  std::string_view(stream).substr(at, segment))});
    }
    for (const unsigned threads : {1u, 3u}) {
      CHECK(messages_of(frames, 500, threads) == std::vector<std::string>{first, second});
    }
  }
}

TEST_CASE("fragments are put together over chunks") {
  const std::string text =
      sip_text("MESSAGE sip:b@x SIP/2.0", "frag", 1, "MESSAGE", std::string(2000, 'y'));
  const auto datagram = packet::test::udp(5060, 5060, packet::test::bytes_of(text));
  std::vector<TestFrame> frames;
  for (size_t at = 0; at < datagram.size(); at += 800) {
    const size_t size = std::min<size_t>(800, datagram.size() - at);
    packet::test::Ipv4Fields fields;
    fields.id = 99;
    fields.flags_and_offset =
        static_cast<uint16_t>((at + size < datagram.size() ? 0x2000 : 0) | at / 8);
    const auto part =
        packet::test::Bytes(datagram.begin() + static_cast<std::ptrdiff_t>(at),
                            datagram.begin() + static_cast<std::ptrdiff_t>(at + size));
    frames.push_back({kStart + static_cast<int64_t>(at),
                      packet::test::ethernet(0x0800, packet::test::ipv4(part, fields))});
  }
  std::swap(frames[0], frames[1]);
  CHECK(messages_of(frames, 1) == std::vector<std::string>{text});
}

TEST_CASE("the same frame twice is one message, and counted as a copy") {
  const std::string text = sip_text("OPTIONS sip:b@x SIP/2.0", "twice", 1, "OPTIONS");
  std::vector<TestFrame> frames{{kStart, udp_frame(text, false, 5)},
                                {kStart + 30'000, udp_frame(text, false, 5)},
                                {kStart + 500 * kMillisecond, udp_frame(text, false, 6)}};
  CHECK(messages_of(frames).size() == 2);
  TestSource source(frames);
  CallConsumerOptions options;
  options.stats = true;
  CallConsumer consumer(options);
  const auto result = run(source, consumer, {});
  REQUIRE(result.has_value());
  consumer.finish(result->counters.last);
  const model::Stats stats = consumer.stats(*result);
  CHECK(stats.sip_messages == 2);
  CHECK(stats.copies == 1);
  CHECK(stats.retransmissions == 1);
}

TEST_CASE("what was read before an error of the source is kept, and the error told") {
  TestSource source(many_calls(100), 450);
  CallConsumer consumer({});
  EngineOptions engine;
  engine.chunk_bytes = 2000;
  engine.threads = 2;
  const auto result = run(source, consumer, engine);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message == "the disk is gone");
  consumer.finish(kStart + 60 * kSecond);
  CHECK(consumer.calls().size() == 100);
}

TEST_CASE("a stop ends the run with what was read") {
  std::atomic<bool> stop{true};
  TestSource source(many_calls(10));
  CallConsumer consumer({});
  EngineOptions engine;
  engine.stop = &stop;
  engine.threads = 2;
  const auto result = run(source, consumer, engine);
  REQUIRE(result.has_value());
  CHECK(result->stopped);
  CHECK(consumer.calls().empty());
}

TEST_CASE("a consumer that has seen enough ends the run") {
  TestSource source(many_calls(1000));
  int seen = 0;
  MatchConsumer consumer({},
                         [&](const auto&, const auto&, const auto&, bool) { return ++seen < 5; });
  EngineOptions engine;
  engine.chunk_bytes = 1000;
  REQUIRE(run(source, consumer, engine).has_value());
  CHECK(seen == 5);
}

TEST_CASE("from and to choose packets by their time") {
  TestSource source(many_calls(1));
  CallConsumer consumer({});
  EngineOptions engine;
  engine.decode.from = kStart + kSecond;
  engine.decode.to = kStart + 4 * kSecond;
  const auto result = run(source, consumer, engine);
  REQUIRE(result.has_value());
  CHECK(result->counters.packets == 3);
}

TEST_CASE("random octets in frames do no harm, whatever the threads") {
  std::mt19937 random(7);
  std::vector<TestFrame> frames = many_calls(50);
  for (int i = 0; i < 20'000; ++i) {
    TestFrame broken = frames[random() % 300];
    for (int k = 0; k < 4; ++k) {
      broken.bytes[random() % broken.bytes.size()] = static_cast<uint8_t>(random());
    }
    frames.push_back(std::move(broken));
  }
  CHECK(listing(frames, 1, 100'000) == listing(frames, 4, 100'000));
}
