#include "simulate/live/live.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/text.h"
#include "simulate/live/test_collector.h"
#include "simulate/parse_back.h"

namespace siploom::simulate::live {
namespace {

using test::Collector;
using test::Kept;
using test::TurnedClock;

constexpr uint32_t kEdgeId = 2001, kPbxId = 2002, kMediaId = 2003;

std::string header_of(std::string_view sip, std::string_view full, std::string_view brief) {
  while (!sip.empty()) {
    const Halves halves = split_once(take_line(sip), ':');
    if (halves.before == full || halves.before == brief) return std::string(trim(halves.after));
  }
  return {};
}
std::string call_id_of(const Kept& message) { return header_of(message.payload, "Call-ID", "i"); }

struct Ran {
  LiveResult result;
  std::vector<std::string> said, calls;
};

// A run that ends by itself; what the collector is to do meanwhile is in the clock's hook.
Ran run_with(Options options, LiveOptions live, TurnedClock& clock) {
  Ran out;
  const auto path = std::filesystem::temp_directory_path() /
                    ("siploom_live_" + std::to_string(::getpid()) + ".jsonl");
  options.calls_path = path.string();
  live.say = [&](const std::string& text) { out.said.push_back(text); };
  auto result = run(options, live, clock);
  REQUIRE_MESSAGE(result, (result ? std::string() : result.error().message));
  out.result = std::move(*result);
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) out.calls.push_back(line);
  std::filesystem::remove(path);
  return out;
}

Options demo(Nanoseconds duration) {
  Options options = *preset("demo");
  options.calls = 0;
  options.rate = 6;
  options.hold = 8 * kSecond;
  options.duration = duration;
  options.tcp_percent = options.ws_percent = options.ipv6_percent = 20;
  return options;
}

LiveOptions to(std::string_view destinations) {
  LiveOptions live;
  live.destinations = *parse_destinations(destinations);
  return live;
}

std::vector<Kept> of(const std::vector<Kept>& all, uint32_t agent, uint8_t type) {
  std::vector<Kept> out;
  for (const Kept& each : all) {
    if (each.agent_id == agent && each.type == type) out.push_back(each);
  }
  return out;
}

// What came is what the truth says, each message at each of its nodes.
void check_kept(const std::vector<Kept>& kept, const Ran& ran) {
  const Truth& truth = ran.result.truth;
  const auto edge = of(kept, kEdgeId, siploom::hep::kSip),
             pbx = of(kept, kPbxId, siploom::hep::kSip);
  CHECK(edge.size() == truth.sip_messages);
  CHECK(pbx.size() == truth.sip_copies);
  CHECK(kept.size() == truth.hep_messages);
  CHECK(ran.result.report.sent() == kept.size());
  CHECK(ran.result.report.lost() == 0);
  std::map<std::string, Nanoseconds> first_seen;
  std::multiset<std::string> texts;
  for (const Kept& each : edge) {
    first_seen.emplace(call_id_of(each), each.time.ns);
    texts.insert(each.payload);
  }
  CHECK(first_seen.size() == truth.call_ids);
  CHECK(ran.calls.size() == truth.call_ids);
  for (const std::string& line : ran.calls) {
    CAPTURE(line);
    const auto found = first_seen.find(field(line, "call_id"));
    REQUIRE(found != first_seen.end());
    CHECK(format_rfc3339({found->second}) == field(line, "start"));
  }
  for (const Kept& each : pbx) {
    const auto found = texts.find(each.payload);
    CHECK(found != texts.end());
    CHECK(each.correlation_id == call_id_of(each));
  }
  CHECK(truth.rtp_packets == 0);
}

TEST_CASE("destinations are read, and what is none is refused with what would be one") {
  const auto all = parse_destinations("udp:127.0.0.1:9060, tcp:[2001:db8::1]:9061,udp:host:1");
  REQUIRE(all);
  REQUIRE(all->size() == 3);
  CHECK(all->at(0).text() == "udp:127.0.0.1:9060");
  CHECK(all->at(1).tcp);
  CHECK(all->at(1).host == "2001:db8::1");
  CHECK(all->at(1).text() == "tcp:[2001:db8::1]:9061");
  for (const char* bad :
       {"", "127.0.0.1:9060", "udp:127.0.0.1", "udp::9060", "udp:h:0", "udp:h:65536", "udp:h:x",
        "tls:h:1", "udp:2001:db8::1:9060", "udp:a:1,", "udp:a:1,udp:b:1,udp:c:1,udp:d:1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_destinations(bad));
  }
}

TEST_CASE("over UDP everything comes as the truth has it, paced by the clock") {
  Collector collector(SOCK_DGRAM);
  TurnedClock clock;
  bool early = false;
  clock.on_wait = [&](Nanoseconds now) {
    const size_t before = collector.kept.size();
    collector.drain();
    // A stream's messages of 3 ms leave together; the clock that is ahead the most is so by 3.2 ms.
    for (size_t i = before; i < collector.kept.size(); ++i) {
      if (collector.kept[i].time.ns > TurnedClock::kBegin + now + 8 * kMillisecond) early = true;
    }
  };
  const Ran ran = run_with(demo(40 * kSecond), to(collector.url()), clock);
  collector.drain();
  check_kept(collector.kept, ran);
  CHECK_FALSE(early);
  CHECK(ran.said.empty());
  CHECK(clock.monotonic() >= 40 * kSecond);
  CHECK(clock.monotonic() < 43 * kSecond);

  std::set<std::string> call_ids;
  for (const Kept& each : of(collector.kept, kEdgeId, siploom::hep::kSip)) {
    call_ids.insert(call_id_of(each));
    CHECK(each.time.ns >= TurnedClock::kBegin);
    CHECK(each.time.ns <= TurnedClock::kBegin + 40 * kSecond + kSecond);
  }
  const auto logs = of(collector.kept, kEdgeId, siploom::hep::kLog);
  CHECK(logs.size() > 5);
  size_t reports = 0;
  for (const uint32_t id : {kPbxId, kMediaId}) {
    const auto some = of(collector.kept, id, siploom::hep::kRtcpJson);
    CHECK(!some.empty());
    reports += some.size();
    for (const Kept& each : some) {
      CHECK(call_ids.count(each.correlation_id) == 1);
      CHECK(each.payload.find("\"report_blocks\"") != std::string::npos);
    }
  }
  for (const Kept& each : logs) CHECK(call_ids.count(each.correlation_id) == 1);
  CHECK(reports == ran.result.truth.rtcp_packets);
  CHECK(of(collector.kept, kMediaId, siploom::hep::kSip).empty());
}

TEST_CASE("the second node's clock is a little off, and it sees no message the edge does not") {
  Collector collector(SOCK_DGRAM);
  TurnedClock clock;
  clock.on_wait = [&](Nanoseconds) { collector.drain(); };
  Options options = demo(15 * kSecond);
  options.mix = *parse_mix("options=1");
  const Ran ran = run_with(options, to(collector.url()), clock);
  collector.drain();
  std::map<std::string, Nanoseconds> at_edge;
  for (const Kept& each : of(collector.kept, kEdgeId, siploom::hep::kSip)) {
    at_edge[each.payload] = each.time.ns;
  }
  const auto pbx = of(collector.kept, kPbxId, siploom::hep::kSip);
  CHECK(pbx.size() == at_edge.size());
  for (const Kept& each : pbx) {
    const Nanoseconds difference = each.time.ns - at_edge[each.payload];
    CHECK(difference > 2 * kMillisecond);
    CHECK(difference < 4 * kMillisecond);
  }
}

TEST_CASE("over TCP the same comes, a connection each node") {
  Collector collector(SOCK_STREAM);
  TurnedClock clock;
  clock.on_wait = [&](Nanoseconds) { collector.drain(); };
  const Ran ran = run_with(demo(30 * kSecond), to(collector.url()), clock);
  collector.drain();
  check_kept(collector.kept, ran);
  CHECK(ran.said.empty());
  for (const NodeReport& node : ran.result.report.nodes) CHECK(node.link.connects == 1);
}

TEST_CASE("several destinations: each node has its own") {
  Collector first(SOCK_DGRAM), second(SOCK_STREAM);
  TurnedClock clock;
  clock.on_wait = [&](Nanoseconds) {
    first.drain();
    second.drain();
  };
  LiveOptions live = to(first.url() + "," + second.url());
  live.nodes.profiles = {"opensips", "heplify", "captagent"};
  live.nodes.names = {"", "pbx-7"};
  live.nodes.capture_id = 70;
  live.nodes.key = "secret";
  const Ran ran = run_with(demo(12 * kSecond), live, clock);
  first.drain();
  second.drain();
  REQUIRE(!first.kept.empty());
  REQUIRE(!second.kept.empty());
  for (const Kept& each : first.kept) CHECK((each.agent_id == 70 || each.agent_id == 72));
  for (const Kept& each : second.kept) {
    CHECK(each.agent_id == 71);
    CHECK(each.key == "secret");
    CHECK(each.name == "pbx-7");
  }
  CHECK(ran.result.report.nodes[1].link.connects == 1);
}

TEST_CASE("a TCP collector that goes and comes again misses nothing, and is spoken of once") {
  Collector collector(SOCK_STREAM);
  TurnedClock clock;
  int phase = 0;
  clock.on_wait = [&](Nanoseconds now) {
    collector.drain();
    if (phase == 0 && now > 8 * kSecond) {
      collector.close_all();
      phase = 1;
    } else if (phase == 1 && now > 14 * kSecond) {
      collector.reopen();
      phase = 2;
    }
  };
  const Ran ran = run_with(demo(40 * kSecond), to(collector.url()), clock);
  collector.drain();
  CHECK(phase == 2);
  CHECK(ran.result.report.lost() == 0);
  // None is missing; one that was under way when the connection broke may be there twice.
  std::set<std::string> edge;
  for (const Kept& each : of(collector.kept, kEdgeId, siploom::hep::kSip)) edge.insert(each.bytes);
  CHECK(edge.size() == ran.result.truth.sip_messages);
  CHECK(collector.kept.size() >= ran.result.truth.hep_messages);
  size_t away = 0, back = 0;
  for (const std::string& text : ran.said) {
    if (text.find("trying again") != std::string::npos) ++away;
    if (text.find("connected;") != std::string::npos) ++back;
  }
  CHECK(away == 1);
  CHECK(back == 1);
  CHECK(ran.said.size() == 2);
  for (const NodeReport& node : ran.result.report.nodes) CHECK(node.link.connects == 2);
}

TEST_CASE("a TCP collector that never comes: the spool is bounded and what is lost is counted") {
  Collector collector(SOCK_STREAM);
  collector.close_all();
  TurnedClock clock;
  LiveOptions live = to(collector.url());
  live.spool_bytes = 20'000;
  const Ran ran = run_with(demo(30 * kSecond), live, clock);
  const NodeReport& edge = ran.result.report.nodes[kEdge];
  CHECK(ran.result.report.sent() == 0);
  CHECK(edge.link.overflowed > 0);
  CHECK(edge.link.left > 5);
  CHECK(edge.link.left < 60);
  CHECK(edge.link.overflowed + edge.link.left >= ran.result.truth.sip_messages);
  // Once that it is away, once that the spool is full.
  CHECK(ran.said.size() == 2);
}

TEST_CASE("a slow TCP collector: what the kernel does not take waits") {
  Collector collector(SOCK_STREAM);
  TurnedClock clock;
  clock.on_wait = [&](Nanoseconds now) {
    if (now > 200 * kSecond) collector.drain();
  };
  Options options = demo(210 * kSecond);
  options.rate = 8;
  options.media = false;
  const Ran ran = run_with(options, to(collector.url()), clock);
  collector.drain();
  check_kept(collector.kept, ran);
}

TEST_CASE("UDP that nobody listens to: refusals are counted, said once, and nothing stops") {
  Collector collector(SOCK_DGRAM);
  collector.close_all();
  TurnedClock clock;
  const Ran ran = run_with(demo(20 * kSecond), to(collector.url()), clock);
  const NodeReport& edge = ran.result.report.nodes[kEdge];
  CHECK(edge.link.refused > 0);
  CHECK(ran.said.size() == 1);
  CHECK(ran.said.front().find("refused") != std::string::npos);
  CHECK(ran.result.truth.sip_messages > 100);
}

TEST_CASE("faster than time: HEP's and the truth's times are squeezed alike") {
  Collector collector(SOCK_DGRAM);
  TurnedClock clock;
  clock.on_wait = [&](Nanoseconds) { collector.drain(); };
  LiveOptions live = to(collector.url());
  live.speed = 20;
  const Ran ran = run_with(demo(10 * kSecond), live, clock);
  collector.drain();
  check_kept(collector.kept, ran);
  CHECK(clock.monotonic() < 13 * kSecond);
  // 200 seconds of the plan: some calls have ended.
  size_t completed = 0;
  for (const std::string& line : ran.calls) completed += field(line, "state") == "completed";
  CHECK(completed > 100);
  for (const Kept& each : collector.kept) CHECK(each.time.ns < TurnedClock::kBegin + 11 * kSecond);
}

TEST_CASE("it goes on until it is told to stop") {
  Collector collector(SOCK_DGRAM);
  TurnedClock clock;
  std::atomic<bool> stop{false};
  clock.on_wait = [&](Nanoseconds now) {
    collector.drain();
    if (now > 33 * kSecond) stop = true;
  };
  LiveOptions live = to(collector.url());
  live.stop = &stop;
  const Ran ran = run_with(demo(0), live, clock);
  collector.drain();
  check_kept(collector.kept, ran);
  CHECK(ran.result.report.took > 33 * kSecond);
  CHECK(ran.result.report.took < 35 * kSecond);
  const std::string text = report_text(ran.result.report), json = report_json(ran.result.report);
  CHECK(text.find("edge1 (kamailio, id 2001)") != std::string::npos);
  CHECK(json.find("\"name\":\"pbx1\"") != std::string::npos);
}

TEST_CASE("the same seed at the same time sends the same octets") {
  std::vector<std::string> sent[2];
  for (auto& each : sent) {
    Collector collector(SOCK_DGRAM);
    TurnedClock clock;
    clock.on_wait = [&](Nanoseconds) { collector.drain(); };
    run_with(demo(10 * kSecond), to(collector.url()), clock);
    collector.drain();
    for (const Kept& kept : collector.kept) each.push_back(kept.bytes);
    std::sort(each.begin(), each.end());  // three sockets have no order among them
  }
  CHECK(sent[0].size() > 50);
  CHECK(sent[0] == sent[1]);
}

TEST_CASE("nodes that cannot say what they must are refused, with what would be right") {
  TurnedClock clock;
  const auto refused = [&](auto change) {
    LiveOptions live = to("udp:127.0.0.1:9");
    change(live);
    const auto result = run(demo(kSecond), live, clock);
    return result ? std::string() : result.error().message;
  };
  CHECK(refused([](LiveOptions& o) { o.nodes.profiles = {"nonsense"}; }).find("kamailio") !=
        std::string::npos);
  CHECK_FALSE(refused([](LiveOptions& o) { o.nodes.profiles = {"rtpengine"}; }).empty());
  CHECK_FALSE(refused([](LiveOptions& o) { o.nodes.profiles = {"", "", "kamailio"}; }).empty());
  CHECK_FALSE(refused([](LiveOptions& o) { o.nodes.names = {"a", "b", "c", "d"}; }).empty());
  CHECK_FALSE(refused([](LiveOptions& o) { o.speed = 0; }).empty());
  CHECK_FALSE(refused([](LiveOptions& o) { o.speed = 0.0 / 0.0; }).empty());
  CHECK_FALSE(refused([](LiveOptions& o) { o.destinations.clear(); }).empty());
  CHECK_FALSE(refused([](LiveOptions& o) { o.destinations[0].host = "no.such.invalid"; }).empty());
}

}  // namespace
}  // namespace siploom::simulate::live
