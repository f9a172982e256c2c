// The whole way: HEP comes in by UDP, a browser watches it by HTTP.
#include <unistd.h>

#include "base/text.h"
#include "http/client.h"
#include "http/test_server.h"
#include "support/api_bench.h"
#include "support/schema_check.h"
#include "wire/hep/encode.h"

using namespace siploom;
using namespace siploom::api;
using namespace siploom::api::test;

namespace {

// Sends SIP messages as an agent does.
class Agent {
 public:
  explicit Agent(const Endpoint& to) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~Agent() { ::close(fd_); }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  void say(const std::string& text, Timestamp time, std::string_view name = "edge") const {
    hep::Packet packet;
    packet.version = 3;
    packet.family = 2;
    packet.has_src = packet.has_dst = true;
    packet.src = *parse_endpoint("10.0.0.1:5060");
    packet.dst = *parse_endpoint("10.0.0.2:5060");
    packet.time = time;
    packet.agent_id = 7;
    packet.agent_name = name;
    packet.payload = as_bytes(text);
    std::string encoded;
    REQUIRE(hep::encode(packet, {}, encoded));
    REQUIRE(::send(fd_, encoded.data(), encoded.size(), 0) == static_cast<ssize_t>(encoded.size()));
  }

 private:
  int fd_;
};

http::ServerOptions options_of(const Bench& bench) {
  http::ServerOptions options = http::test::loopback();
  options.spool_folder = bench.folder.path;
  return options;
}

std::string get_request(std::string_view target, const Login& login) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\nCookie: {}={}\r\n\r\n", target, kSessionCookie,
                     login.cookie);
}

}  // namespace

TEST_CASE("what an agent sends is watched, searched and counted while it goes on") {
  Bench bench;
  const Login viewer = bench.as(admin::Role::Viewer);
  const Login scoped = bench.as(admin::Role::Viewer, "from.user == somebody");
  const http::test::TestServer server(bench.api->make_router(), options_of(bench));
  http::test::RawClient tail(server), blind(server);
  tail.say(get_request("/api/v1/tail?table=records&filter=method+%3D%3D+INVITE", viewer));
  CHECK(has(tail.hear("event: begin"), "text/event-stream"));
  blind.say(get_request("/api/v1/tail?table=records", scoped));
  CHECK(has(blind.hear("event: begin"), "200 OK"));
  const Agent agent(bench.collector->intake()->endpoints().front());
  const Timestamp now{bench.now.load()};
  agent.say(scoped_sip("INVITE sip:bob@x SIP/2.0", "live-1", 1, "INVITE", "alice"), now);
  const std::string heard = tail.hear("\"live-1\"");
  CHECK(has(heard, "event: record"));
  CHECK(
      http::test::eventually([&] { return has(bench.get("/api/v1/records").body, "\"live-1\""); }));
  bench.now += kSecond;
  const Reply calls = bench.get("/api/v1/calls");
  CHECK(has(calls.body, "\"open\":true"));
  CHECK(has(bench.get("/api/v1/calls/live-1").body, "INVITE"));
  const Reply node = bench.get("/api/v1/nodes/edge");
  SchemaCheck check(openapi_json("1"));
  CHECK_MESSAGE(check.check(node.body, "NodeDetail").empty(), node.body);
  CHECK(has(bench.get("/metrics").body, "siploom_records_total{kind=\"sip\"} 1\n"));
  // Nothing of it went to who sees another part of the traffic.
  agent.say(scoped_sip("INVITE sip:bob@x SIP/2.0", "live-2", 1, "INVITE", "somebody"), now);
  CHECK(!has(blind.hear("\"live-2\""), "live-1"));
  bench.api->stop();
  server.server->stop(kSecond);
}

TEST_CASE("histograms and facets count calls in flight and kept ones, each once at any time") {
  Bench bench;
  bench.add_calls(2);
  bench.seal();  // side files know these
  const Agent agent(bench.collector->intake()->endpoints().front());
  const auto say = [&](std::string_view line, int cseq, std::string_view method) {
    agent.say(scoped_sip(line, "flying", cseq, method, "alice"), Timestamp{bench.now.load()});
  };
  const auto total = [&](std::string_view target, const char* list, const char* count) {
    simdjson::dom::parser parser;
    simdjson::dom::array rows;
    const Reply reply = bench.get(target);
    REQUIRE_MESSAGE(parser.parse(reply.body).at_pointer(list).get(rows) == simdjson::SUCCESS,
                    reply.body);
    double sum = 0;
    for (const auto row : rows) sum += double(row.at_pointer(count));
    return sum;
  };
  const auto histogram = [&] {
    return total("/api/v1/histogram?table=calls&bucket=1h", "/rows", "/values/0");
  };
  const auto facets = [&] {
    return total("/api/v1/facets?table=calls&fields=call.kind", "/facets/0/values", "/count");
  };
  CHECK(histogram() == 2);
  say("INVITE sip:bob@x SIP/2.0", 1, "INVITE");
  say("SIP/2.0 486 Busy Here", 1, "INVITE");
  CHECK(http::test::eventually([&] {
    bench.now += kSecond;
    return histogram() == 3;
  }));
  CHECK(facets() == 3);
  // Its row is written between two questions of one moment, and while questions are asked.
  const auto written = [&] { return bench.collector->keeper().counters().calls == 1; };
  bool wrong = false;
  for (int i = 0; i < 2000 && !written(); ++i) {
    if (i % 50 == 0) bench.now += 60 * kSecond;
    wrong = wrong || histogram() != 3 || facets() != 3;
    if (i % 50 == 0) agent.say("\r\n\r\n", Timestamp{bench.now.load()});  // a keep-alive
  }
  CHECK(written());
  CHECK(histogram() == 3);
  CHECK(facets() == 3);
  CHECK_FALSE(wrong);
}

TEST_CASE("calls that are over are told by how long they took, in heplify's names, too") {
  Bench bench;
  REQUIRE(bench.stores->settings.set("metrics.heplify_aliases", "true", "test"));
  const Agent agent(bench.collector->intake()->endpoints().front());
  const Timestamp start{bench.now.load()};
  const auto say = [&](int second, std::string_view line, int cseq, std::string_view method,
                       std::string_view more = {}) {
    agent.say(scoped_sip(line, "timed", cseq, method, "alice", more), start + second * kSecond);
  };
  say(0, "INVITE sip:bob@x SIP/2.0", 1, "INVITE");
  say(3, "SIP/2.0 180 Ringing", 1, "INVITE");
  say(9, "SIP/2.0 486 Busy Here", 1, "INVITE", "Reason: Q.850;cause=17\r\n");
  say(9, "ACK sip:bob@x SIP/2.0", 1, "ACK");
  const auto metrics = [&] { return bench.get("/metrics").body; };
  CHECK(http::test::eventually([&] {
    return has(metrics(), "siploom_intake_messages_total{carrier=\"udp\"} 4\n") &&
           has(metrics(), "siploom_records_total{kind=\"sip\"} 4\n");
  }));
  CHECK(has(metrics(), "siploom_call_pdd_seconds_count 0\n"));
  for (int i = 0; i < 2; ++i) {
    bench.now += 60 * kSecond;
    agent.say(
        fmt::format("OPTIONS sip:x SIP/2.0\r\nCall-ID: later-{}\r\nCSeq: 1 OPTIONS\r\n\r\n", i),
        Timestamp{bench.now.load()});
    CHECK(http::test::eventually([&] {
      return has(metrics(), fmt::format("siploom_records_total{{kind=\"sip\"}} {}\n", 5 + i));
    }));
  }
  const std::string text = metrics();
  CHECK(has(text, "# TYPE siploom_call_pdd_seconds histogram\n"));
  CHECK(has(text, "siploom_call_pdd_seconds_bucket{le=\"2\"} 0\n"));
  CHECK(has(text, "siploom_call_pdd_seconds_bucket{le=\"3\"} 1\n"));
  CHECK(has(text, "siploom_call_pdd_seconds_bucket{le=\"+Inf\"} 1\n"));
  CHECK(has(text, "siploom_call_pdd_seconds_sum 3\n"));
  CHECK(has(text, "siploom_call_pdd_seconds_count 1\n"));
  CHECK(has(text, "siploom_call_setup_seconds_count 0\n"));
  CHECK(has(text, "heplify_packets_total{node_id=\"edge\",type=\"sip\"} 6\n"));
  CHECK(has(text,
            "heplify_method_response{target_name=\"\",direction=\"\",node_id=\"edge\","
            "response=\"486\",method=\"INVITE\"} 1\n"));
  CHECK(has(text, "heplify_reason_isup_total{target_name=\"\",cause=\"17\",method=\"486\"} 1\n"));
  CHECK(has(text, "heplify_kpi_srd{target_name=\"\",node_id=\"edge\"} 3000000000\n"));
}

TEST_CASE("what the relay does is told by collector") {
  Bench bench([](pipeline::CollectorOptions& options) {
    options.relay.to = {*pipeline::relay::parse_destination("tcp:127.0.0.1:1")};
  });
  const Agent agent(bench.collector->intake()->endpoints().front());
  agent.say(scoped_sip("INVITE sip:bob@x SIP/2.0", "on", 1, "INVITE", "alice"),
            Timestamp{bench.now.load()});
  CHECK(http::test::eventually([&] {
    return bench.collector->relay()->counters().taken == 1 &&
           has(bench.get("/api/v1/health").body, "\"last_error\":\"");
  }));
  const std::string text = bench.get("/metrics").body;
  CHECK(has(text, "siploom_relay_taken_total 1\n"));
  CHECK(has(text, "siploom_relay_sent_total{to=\"tcp:127.0.0.1:1\"} 0\n"));
  CHECK(has(text, "siploom_relay_connected{to=\"tcp:127.0.0.1:1\"} 0\n"));
  CHECK((has(text, "siploom_relay_queued{to=\"tcp:127.0.0.1:1\"} 1\n") !=
         has(text, "siploom_relay_spooled{to=\"tcp:127.0.0.1:1\"} 1\n")));
  const Reply health = bench.get("/api/v1/health");
  SchemaCheck check(openapi_json("1"));
  CHECK_MESSAGE(check.check(health.body, "Health").empty(), health.body);
  CHECK(has(health.body, "\"to\":\"tcp:127.0.0.1:1\",\"connected\":false,\"sent\":0"));
}

TEST_CASE("a tail sees messages as who may not read secrets sees them") {
  Bench bench;
  const Login viewer = bench.as(admin::Role::Viewer);
  const http::test::TestServer server(bench.api->make_router(), options_of(bench));
  http::test::RawClient guess(server), shown(server), secret(server);
  const auto watch = [&](http::test::RawClient& tail, std::string_view filter, const Login& who) {
    tail.say(get_request(fmt::format("/api/v1/tail?table=records&filter={}", filter), who));
    CHECK(has(tail.hear("event: begin"), "200 OK"));
  };
  watch(guess, "%220123abcd%22+or+call_id+%3D%3D+end", viewer);
  watch(shown, "%22response%3D********%22", viewer);
  watch(secret, "%220123abcd%22", bench.admin());
  const Agent agent(bench.collector->intake()->endpoints().front());
  const Timestamp now{bench.now.load()};
  agent.say(scoped_sip("REGISTER sip:x SIP/2.0", "with-secret", 1, "REGISTER", "alice",
                       "Authorization: Digest username=\"a\", response=0123abcd\r\n"),
            now);
  agent.say(scoped_sip("OPTIONS sip:x SIP/2.0", "end", 1, "OPTIONS", "alice"), now);
  CHECK(has(secret.hear("with-secret"), "event: record"));
  CHECK(has(shown.hear("with-secret"), "event: record"));
  CHECK(!has(guess.hear("\"end\""), "with-secret"));
  bench.api->stop();
  server.server->stop(kSecond);
}

TEST_CASE("metrics are UTF-8 whatever an agent calls itself") {
  Bench bench;
  const Agent agent(bench.collector->intake()->endpoints().front());
  const Timestamp now{bench.now.load()};
  const std::string message = scoped_sip("INVITE sip:bob@x SIP/2.0", "odd-1", 1, "INVITE", "a");
  for (const std::string_view name : {"\xff\xfe", "\xfe\xff", "a\"b\\c\nd"}) {
    agent.say(message, now, name);
  }
  std::string text;
  CHECK(http::test::eventually([&] {
    text = bench.get("/metrics").body;
    return has(text, "siploom_records_total{kind=\"sip\"} 3\n");
  }));
  CHECK(is_utf8(text));
  // What became one name is one series.
  CHECK(has(text, "siploom_node_records_total{node=\"\uFFFD\uFFFD\"} 2\n"));
  CHECK(has(text, "siploom_node_records_total{node=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST_CASE("a long list streams through a small queue") {
  Bench bench;
  bench.add_calls(400);
  const Login viewer = bench.as(admin::Role::Viewer);
  const http::test::TestServer server(bench.api->make_router(), options_of(bench));
  http::Client client;
  http::ClientRequest request;
  request.url = server.url("/api/v1/calls?format=ndjson");
  request.headers.add("Cookie", fmt::format("{}={}", kSessionCookie, viewer.cookie));
  const auto answer = client.send(request);
  REQUIRE(answer);
  CHECK(http::test::count_of(answer->body, "\n") == 400);
  request.url = server.url("/api/v1/records?format=ndjson&columns=sequence,payload");
  const auto records = client.send(request);
  REQUIRE(records);
  CHECK(http::test::count_of(records->body, "\n") == 2400);
  CHECK(records->body.size() > 2 * http::kStreamQueuedBytesMax);
  bench.api->stop();
  server.server->stop(kSecond);
}
