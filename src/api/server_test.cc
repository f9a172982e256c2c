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
