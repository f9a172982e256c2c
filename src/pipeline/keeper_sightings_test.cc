// Sightings: one message that several places tell of, whatever their clocks say.
#include "pipeline/test_keeper.h"

namespace siploom::pipeline {

using test::Bench;
using test::kStart;
using test::one_call;

namespace {

// A message as an agent tells it, `late` after it happened.
test::TestFrame told(const char* agent, Nanoseconds at, Nanoseconds late, const std::string& text,
                     bool back = false, Nanoseconds clock_error = 0) {
  hep::Packet packet;
  packet.clear();
  packet.version = 3;
  packet.has_src = packet.has_dst = true;
  packet.src = *parse_endpoint(back ? "10.0.0.2:5060" : "10.0.0.1:5060");
  packet.dst = *parse_endpoint(back ? "10.0.0.1:5060" : "10.0.0.2:5060");
  packet.time = kStart + at + clock_error;
  packet.payload = as_bytes(text);
  packet.agent_name = agent;
  return test::hep_frame(kStart + at + late, packet, "192.0.2.9:9060");
}

const std::string kInvite = test::sip_text("INVITE sip:b@x SIP/2.0", "c1", 1, "INVITE");
const std::string kRinging = test::sip_text("SIP/2.0 180 Ringing", "c1", 1, "INVITE");
const std::string kOk = test::sip_text("SIP/2.0 200 OK", "c1", 1, "INVITE");

CallDetail detail_of(Bench& bench) {
  store::Question question;
  const Keeper::Moment moment = bench.keeper->moment(0);
  question.live_calls = moment.live_calls;
  auto detail = load_call(*bench.search, moment.view, {"c1", kNoTime}, question);
  REQUIRE_MESSAGE(detail.has_value(), (detail ? "" : detail.error().message));
  return std::move(*detail);
}

}  // namespace

TEST_CASE(
    "one message told by two agents is one message with two sightings, told twice by one is one") {
  Bench bench;
  const std::string invite = test::sip_text("INVITE sip:b@x SIP/2.0", "c1", 1, "INVITE");
  hep::Packet packet;
  packet.clear();
  packet.version = 3;
  packet.has_src = packet.has_dst = true;
  packet.src = *parse_endpoint("10.0.0.1:5060");
  packet.dst = *parse_endpoint("10.0.0.2:5060");
  packet.time = kStart;
  packet.payload = as_bytes(invite);
  packet.agent_name = "edge1";
  const auto frame_of = [&](Nanoseconds lag) {
    test::TestFrame frame = test::hep_frame(kStart + lag, packet, "192.0.2.9:9060");
    return frame;
  };
  std::vector<test::TestFrame> frames = {frame_of(kMillisecond)};
  packet.time = kStart + 100 * kMicrosecond;
  frames.push_back(frame_of(2 * kMillisecond));  // Kamailio's second path
  packet.agent_name = "pbx1";
  packet.time = kStart + 3600 * kSecond;  // a clock that is an hour ahead
  frames.push_back(frame_of(3 * kMillisecond));
  packet.agent_name = "edge1";
  packet.time = kStart + 500 * kMillisecond;  // T1
  frames.push_back(frame_of(501 * kMillisecond));
  bench.take_hep(std::move(frames));
  CHECK(bench.count("") == 2);  // who saw it is not asked
  CHECK(bench.count("copy or not copy") == 3);
  CHECK(bench.count("node == pbx1") == 1);
  CHECK(bench.keeper->counters().doubled == 1);
  CHECK(bench.keeper->counters().sightings == 1);
  CHECK(bench.keeper->counters().retransmissions == 1);
  const auto live = bench.calls(true);
  REQUIRE(live.size() == 1);
  CHECK(live[0]->call.messages == 2);
  CHECK(live[0]->call.copies == 1);
  const auto nodes = bench.keeper->nodes();
  REQUIRE(nodes.size() == 2);
  for (const NodeFacts& node : nodes) {
    if (node.name == "pbx1") CHECK(node.clock_offset < -3599 * kSecond);
  }
}

TEST_CASE("what an agent tells late, by a clock that is right, was not sent again") {
  Bench bench;
  constexpr Nanoseconds kLate = 1700 * kMillisecond;
  bench.take_hep({told("a", 0, kMillisecond, kInvite),
                  told("a", kSecond, kMillisecond, kRinging, true),
                  told("b", 300 * kMicrosecond, kLate, kInvite),
                  told("b", kSecond + 300 * kMicrosecond, kLate, kRinging, true)});
  CHECK(bench.keeper->counters().sightings == 2);
  CHECK(bench.keeper->counters().retransmissions == 0);
  const auto live = bench.calls(true);
  REQUIRE(live.size() == 1);
  CHECK(live[0]->call.messages == 2);
  CHECK(live[0]->call.copies == 2);
  CHECK(live[0]->call.nodes.size() == 2);
  CHECK(bench.count("record.kind == sip") == 2);
}

TEST_CASE("retransmissions that two agents tell are each one message with two sightings") {
  Bench bench;
  std::vector<test::TestFrame> frames;
  for (const Nanoseconds at : {Nanoseconds{0}, 500 * kMillisecond, 1500 * kMillisecond}) {
    frames.push_back(told("a", at, kMillisecond, kInvite));
    frames.push_back(told("b", at + kMillisecond, 2 * kSecond, kInvite));
  }
  bench.take_hep(std::move(frames));
  const auto live = bench.calls(true);
  REQUIRE(live.size() == 1);
  CHECK(live[0]->call.messages == 3);
  CHECK(live[0]->call.retransmissions == 2);
  CHECK(live[0]->call.copies == 3);
}

TEST_CASE("what is captured here and told by an agent beside is one message with two sightings") {
  Bench bench;
  const std::string invite = test::sip_text("INVITE sip:b@x SIP/2.0", "call-1", 1, "INVITE");
  const auto frames = one_call();
  bench.take({frames[0]});
  hep::Packet packet;
  packet.clear();
  packet.version = 3;
  packet.has_src = packet.has_dst = true;
  const auto live = bench.calls(true);
  REQUIRE(live.size() == 1);
  packet.src = live[0]->call.src;
  packet.dst = live[0]->call.dst;
  packet.time = kStart;
  packet.payload = as_bytes(invite);
  packet.agent_name = "sipgrep";
  bench.take_hep({test::hep_frame(kStart + kMillisecond, packet, "127.0.0.1:4711")});
  const auto after = bench.calls(true);
  REQUIRE(after.size() == 1);
  CHECK(after[0]->call.messages == 1);
  CHECK(after[0]->call.copies == 1);
  CHECK(after[0]->call.retransmissions == 0);
}

TEST_CASE("agents whose clocks are seconds or hours apart: no response stands before its request") {
  for (const Nanoseconds error : {-2 * kSecond, -7200 * kSecond, 3 * kSecond, Nanoseconds{0}}) {
    CAPTURE(error);
    Bench bench;
    bench.take_hep({told("a", 0, kMillisecond, kInvite),
                    told("b", kSecond, 2 * kMillisecond, kRinging, true, error),
                    told("b", 2 * kSecond, kMillisecond, kOk, true, error)});
    const CallDetail detail = detail_of(bench);
    REQUIRE(detail.messages.size() == 3);
    CHECK(detail.messages[0].status == 0);
    CHECK(detail.messages[1].status == 180);
    CHECK(detail.messages[2].status == 200);
    CHECK(detail.messages[1].time == kStart + kSecond + error);  // as it was told
  }
}

TEST_CASE("a telephone's report in a PUBLISH is tied to the call that it is about") {
  Bench bench;
  const std::string report = "VQSessionReport: CallTerm\r\nCallID:c1\r\nLocalID:<sip:a@x>\r\n";
  std::string publish = test::sip_text("PUBLISH sip:c@x SIP/2.0", "p1", 1, "PUBLISH", report);
  publish.insert(publish.find("Content-Length"), "Content-Type: application/vq-rtcpxr\r\n");
  bench.take_hep({told("a", 0, kMillisecond, kInvite), told("a", kSecond, kMillisecond, publish)});
  const CallDetail detail = detail_of(bench);
  REQUIRE(detail.tied.size() == 1);
  CHECK(detail.tied[0].event == "PUBLISH");
}

TEST_CASE("octets behind Content-Length are kept") {
  Bench bench;
  const std::string text = kInvite + "left over";
  bench.take_hep({told("a", 0, kMillisecond, text)});
  const CallDetail detail = detail_of(bench);
  REQUIRE(detail.messages.size() == 1);
  CHECK(detail.messages[0].payload == text);
}

TEST_CASE("after a restart calls are as silent as they are, and agents of before are known") {
  for (const bool graceful : {true, false}) {
    CAPTURE(graceful);
    Bench bench;
    bench.take_hep({told("edge1", 0, kMillisecond, kInvite)});
    bench.now = bench.now.load() + 70 * kSecond;
    bench.take_hep({told("edge2", 70 * kSecond, kMillisecond,
                         test::sip_text("OPTIONS sip:b@x SIP/2.0", "o1", 1, "OPTIONS"))});
    const auto state_of = [&] {
      for (const auto& each : bench.calls(true)) {
        if (model::call_id(each->call) == "c1") return each->call.state;
      }
      return model::CallState::Partial;
    };
    const model::CallState before = state_of();
    CHECK(before == model::CallState::NoResponse);
    bench.close(graceful);
    bench.open();
    REQUIRE(bench.keeper->resume(bench.checkpoint(), *bench.search));
    CHECK(state_of() == before);
    const auto nodes = bench.keeper->nodes();
    CHECK(std::any_of(nodes.begin(), nodes.end(),
                      [](const NodeFacts& node) { return node.name == "edge1"; }));
  }
}

}  // namespace siploom::pipeline
