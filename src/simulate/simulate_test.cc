#include "simulate/simulate.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "base/hash.h"
#include "simulate/parse_back.h"

namespace siploom::simulate {
namespace {

Options small(std::string_view mix, uint64_t calls) {
  Options options;
  options.mix = *parse_mix(mix);
  options.calls = calls;
  options.rate = 5.0;
  options.hold = 3 * kSecond;
  return options;
}

Options with_everything(uint64_t calls) {
  Options options = *preset("demo");
  options.calls = calls;
  options.rate = 5.0;
  options.hold = 4 * kSecond;
  options.tcp_percent = 30;
  options.ws_percent = 15;
  options.ipv6_percent = 30;
  options.fragment_percent = 25;
  options.mirror_percent = 20;
  options.sip_loss_percent = 4;
  options.loss_percent = 3;
  options.jitter_ms = 30;
  return options;
}

void check_truth(const Made& made) {
  const Truth& truth = made.truth;
  const Seen& seen = made.seen;
  CHECK(seen.frames == truth.packets);
  CHECK(seen.bytes == truth.bytes);
  CHECK(seen.messages == truth.sip_messages + truth.sip_copies);
  CHECK(seen.call_ids.size() == truth.call_ids);
  CHECK(seen.rtp == truth.rtp_packets + truth.rtp_copies);
  CHECK(seen.streams.size() == truth.rtp_streams);
  CHECK(seen.bad_checksums == 0);
  CHECK(seen.out_of_order == 0);
  uint64_t requests = 0;
  for (const uint64_t count : truth.requests) requests += count;
  uint64_t responses = 0;
  for (const auto& [status, count] : truth.responses) responses += count;
  CHECK(requests + responses == truth.sip_messages);
}

TEST_CASE("one answered call is seven messages in the order of a call") {
  Options options = small("answered", 1);
  options.media = false;
  const Made made = make(options);
  check_truth(made);
  CHECK(made.seen.first_lines ==
        std::vector<std::string>{"INVITE", "100", "180", "200", "ACK", "BYE", "200"});
  CHECK(made.truth.call_ids == 1);
  CHECK(made.truth.packets == 7);
}

TEST_CASE("the same options give the same octets, another seed gives others") {
  Options options = with_everything(40);
  const Made first = make(options), second = make(options);
  CHECK(first.file == second.file);
  CHECK(first.calls == second.calls);
  CHECK(truth_json(first.truth) == truth_json(second.truth));
  options.seed = 2;
  CHECK(make(options).file != first.file);
}

TEST_CASE("the octets of seed 1 are what they always were") {
  // Scripts, benchmarks and bug reports name seeds: whoever changes what a seed gives changes this
  // number knowingly.
  Options options = with_everything(60);
  options.media = false;
  const Made made = make(options);
  CHECK(hash_bytes(made.file, 0) == 4749653882725102957u);
}

TEST_CASE("truth equals what is found in the frames, with everything switched on") {
  const Made made = make(with_everything(150));
  check_truth(made);
  CHECK(made.truth.sip_copies > 0);
  CHECK(made.truth.rtp_copies > 0);
  CHECK(made.truth.rtp_lost > 0);
  CHECK(made.truth.sip_retransmissions > 0);
  CHECK(made.truth.rtcp_packets > 0);
  for (const Transport transport : {Transport::Udp, Transport::Tcp, Transport::Ws}) {
    CHECK(made.truth.transports[static_cast<size_t>(transport)] > 0);
    CHECK(made.seen.transports.at(transport) >=
          made.truth.transports[static_cast<size_t>(transport)]);
  }
  CHECK(made.seen.fragments > 0);
  CHECK(made.seen.vlan_frames > 0);
  CHECK(made.seen.v6_frames > 0);
}

TEST_CASE("each scenario on its own agrees with its truth and gives calls of a known state") {
  const std::set<std::string> states = {"calling",     "ringing",     "in-call",  "completed",
                                        "cancelled",   "busy",        "rejected", "redirected",
                                        "auth-failed", "no-response", "failed",   "partial"};
  for (const NamedHelp& scenario : scenarios()) {
    CAPTURE(scenario.name);
    Options options = small(scenario.name, 6);
    options.tcp_percent = 30;
    const Made made = make(options);
    check_truth(made);
    CHECK(made.truth.packets > 0);
    for (const std::string& line : made.call_lines())
      CHECK(states.count(field(line, "state")) == 1);
    CHECK(made.call_lines().size() == made.truth.call_ids);
  }
}

std::map<std::string, int> states_of(std::string_view mix, uint64_t calls = 8) {
  Options options = small(mix, calls);
  options.media = false;
  std::map<std::string, int> out;
  for (const std::string& line : make(options).call_lines()) ++out[field(line, "state")];
  return out;
}

TEST_CASE("what becomes of a call is what its scenario is about") {
  using States = std::map<std::string, int>;
  CHECK(states_of("proxy") == States{{"completed", 8}});
  CHECK(states_of("b2bua") == States{{"completed", 16}});
  CHECK(states_of("fork") == States{{"completed", 8}});
  CHECK(states_of("cancel") == States{{"cancelled", 8}});
  CHECK(states_of("busy") == States{{"busy", 8}});
  CHECK(states_of("timeout") == States{{"no-response", 8}});
  CHECK(states_of("rejected") == States{{"rejected", 8}});
  CHECK(states_of("no-answer") == States{{"rejected", 8}});
  CHECK(states_of("server-error") == States{{"failed", 8}});
  CHECK(states_of("redirect") == States{{"redirected", 8}});
  CHECK(states_of("auth-fail") == States{{"auth-failed", 8}});
  CHECK(states_of("register-fail") == States{{"auth-failed", 8}});
  CHECK(states_of("cut-begin") == States{{"partial", 8}});
  CHECK(states_of("attended-transfer", 2) == States{{"completed", 6}});
}

TEST_CASE("an INVITE that nobody answers is sent seven times with doubling gaps") {
  const Made made = make(small("unreachable", 1));
  REQUIRE(made.seen.times.size() == 7);
  Nanoseconds gap = 500 * kMillisecond;
  for (size_t i = 1; i < 7; ++i, gap *= 2)
    CHECK(made.seen.times[i] - made.seen.times[i - 1] == gap);
  CHECK(made.truth.sip_retransmissions == 6);
}

TEST_CASE("a duration ends the capture there, with calls open") {
  Options options = small("answered", 0);
  options.rate = 20;
  options.hold = 60 * kSecond;
  options.duration = 20 * kSecond;
  const Made made = make(options);
  check_truth(made);
  CHECK(made.seen.times.back() < options.start.ns + options.duration + kSecond);
  std::map<std::string, int> states;
  for (const std::string& line : made.call_lines()) ++states[field(line, "state")];
  CHECK(states["in-call"] > 0);
  CHECK(states["ringing"] > 0);
}

TEST_CASE("limits by messages and packets are met closely, and calls end") {
  Options options = small("answered", 0);
  options.media = false;
  options.messages = 1000;
  const Made by_messages = make(options);
  CHECK(by_messages.truth.sip_messages >= 1000);
  CHECK(by_messages.truth.sip_messages < 1007);
  options.messages = 0;
  options.media = true;
  options.packets = 5000;
  const Made by_packets = make(options);
  CHECK(by_packets.truth.packets >= 5000);
  CHECK(by_packets.truth.packets < 10'000);
  for (const std::string& line : by_packets.call_lines())
    CHECK(field(line, "state") == "completed");
}

TEST_CASE(
    "RTP has gaps where packets were lost, and overtaking only with jitter beyond the packet "
    "time") {
  Options options = small("answered", 4);
  options.codecs = {"PCMU"};
  options.hold = 20 * kSecond;
  options.hold_shape = HoldShape::Fixed;
  options.loss_percent = 10;
  const Made lossy = make(options);
  const uint64_t sent = 4 * 2 * 1000;
  CHECK(lossy.truth.rtp_packets + lossy.truth.rtp_lost == sent);
  CHECK(lossy.truth.rtp_lost > sent / 20);
  CHECK(lossy.truth.rtp_lost < sent / 5);
  CHECK(lossy.seen.rtp_overtaken == 0);
  options.loss_percent = 0;
  options.jitter_ms = 15;
  const Made shaken = make(options);
  CHECK(shaken.truth.rtp_packets == sent);
  CHECK(shaken.seen.rtp_overtaken == 0);
  options.jitter_ms = 60;
  CHECK(make(options).seen.rtp_overtaken > 0);
}

TEST_CASE("formats and link types hold the same packets") {
  Options options = small("answered=1,proxy=1", 5);
  const Made plain = make(options);
  options.linux_sll = true;
  const Made cooked = make(options);
  check_truth(cooked);
  CHECK(cooked.truth.packets == plain.truth.packets);
  CHECK(cooked.truth.bytes == plain.truth.bytes + 2 * plain.truth.packets);
}

TEST_CASE("options that make no sense are refused, with what would") {
  const auto refused = [](auto change) {
    Options options = small("answered", 1);
    change(options);
    const auto result = check(options);
    return result ? std::string() : result.error().message;
  };
  CHECK(refused([](Options&) {}).empty());
  CHECK_FALSE(refused([](Options& o) { o.calls = 0; }).empty());
  CHECK_FALSE(refused([](Options& o) { o.rate = 0; }).empty());
  CHECK_FALSE(refused([](Options& o) { o.rate = 0.0 / 0.0; }).empty());
  CHECK_FALSE(refused([](Options& o) { o.tcp_percent = 101; }).empty());
  CHECK_FALSE(refused([](Options& o) { o.loss_percent = -1; }).empty());
  CHECK_FALSE(refused([](Options& o) { o.ptime_ms = 0; }).empty());
  CHECK_FALSE(refused([](Options& o) { o.ptime_ms = 25; }).empty());
  CHECK_FALSE(refused([](Options& o) { o.jitter_ms = 500; }).empty());
  CHECK_FALSE(refused([](Options& o) { o.hold = 0; }).empty());
  CHECK_FALSE(refused([](Options& o) { o.codecs.clear(); }).empty());
  CHECK(refused([](Options& o) { o.codecs = {"GSM"}; }).find("PCMU") != std::string::npos);
  CHECK(refused([](Options& o) {
          o.mix = {{"nonsense", 1}};
        }).find("answered") != std::string::npos);
  CHECK_FALSE(refused([](Options& o) { o.mix = {{"answered", 0}}; }).empty());
  CHECK_FALSE(refused([](Options& o) { o.start = {0}; }).empty());

  CHECK_FALSE(parse_mix("answered=x"));
  CHECK_FALSE(parse_mix("answered=-1"));
  CHECK(parse_mix(" answered = 3 , busy ")->size() == 2);
  CHECK_FALSE(preset("nonsense"));
  for (const NamedHelp& name : presets()) CHECK(check(*preset(name.name)));
}

TEST_CASE("a file that cannot be written is an error, not a crash") {
  Options options = small("answered", 3);
  options.output = "/nonexistent/x.pcap";
  CHECK_FALSE(run(options));
  options.output = "/dev/null";
  options.calls_path = "/nonexistent/x.jsonl";
  CHECK_FALSE(run(options));
}

TEST_CASE("everything lost, everything large, everything twice: extremes stay true") {
  Options options = small("answered=2,proxy=2,b2bua=1", 6);
  options.loss_percent = 100;
  const Made silent = make(options);
  check_truth(silent);
  CHECK(silent.truth.rtp_packets == 0);
  options = small("answered=2,proxy=2,message=1", 8);
  options.fragment_percent = options.mirror_percent = options.vlan_percent = 100;
  options.ptime_ms = 60;
  options.codecs = {"G722"};
  check_truth(make(options));
  options.ws_percent = options.ipv6_percent = 100;
  check_truth(make(options));
}

TEST_CASE("truth holds for any options") {
  CHECK(rc::check("truth of a random run", [] {
    Options options = with_everything(12);
    options.seed = *rc::gen::arbitrary<uint64_t>();
    const auto percent = [] { return static_cast<double>(*rc::gen::inRange(0, 101)); };
    options.tcp_percent = percent();
    options.ws_percent = percent();
    options.ipv6_percent = percent();
    options.vlan_percent = percent();
    options.fragment_percent = percent();
    options.mirror_percent = percent();
    options.sip_loss_percent = percent();
    options.jitter_ms = *rc::gen::inRange(0u, 200u);
    options.hold = 1 * kSecond;
    const Made made = make(options);
    RC_ASSERT(made.seen.frames == made.truth.packets);
    RC_ASSERT(made.seen.messages == made.truth.sip_messages + made.truth.sip_copies);
    RC_ASSERT(made.seen.call_ids.size() == made.truth.call_ids);
    RC_ASSERT(made.seen.rtp == made.truth.rtp_packets + made.truth.rtp_copies);
    RC_ASSERT(made.seen.bad_checksums == 0u);
    RC_ASSERT(made.seen.out_of_order == 0u);
  }));
}

}  // namespace
}  // namespace siploom::simulate
