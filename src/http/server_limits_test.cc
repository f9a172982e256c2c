#include <atomic>

#include "http/client.h"
#include "http/test_server.h"

using namespace siploom;
using namespace siploom::http;
using namespace siploom::http::test;

namespace {

Router limited_router() {
  Router router;
  router.get("/hello", [](Request&) { return Response::text("hello"); });
  router.get("/big", [](Request&) { return Response::text(std::string(20 << 20, 'b')); });
  router.post("/echo", [](Request& r) { return Response::text(r.body); });
  router.post("/tiny", [](Request& r) { return Response::text(r.body); }).body_bytes_max = 10;
  return router;
}

const std::string kGet = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

// A server's answer to one request on a connection of its own.
std::string ask(const TestServer& server, const std::string& request) {
  return RawClient(server).ask(request, "");
}

}  // namespace

TEST_CASE("long headers, many headers, long targets, long bodies") {
  const TestServer server(limited_router());
  const std::string start = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
  CHECK(has(ask(server, start + "A: " + std::string(17'000, 'x') + "\r\n\r\n"), " 431 "));
  CHECK(has(ask(server, start + "A: " + std::string(200'000, 'x')), " 431 "));
  std::string many;
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  CHECK(has(ask(server, start + many + "\r\n"), "too-many-headers"));
  CHECK(has(ask(server, "GET /" + std::string(9'000, 'x') +
                            " HTTP/1.1\r\nHost: a\r\n"
                            "Connection: close\r\n\r\n"),
            " 414 "));
  const std::string post = "POST /tiny HTTP/1.1\r\nHost: a\r\n";
  CHECK(has(ask(server, post + "Content-Length: 11\r\n\r\n01234567890"), " 413 "));
  CHECK(has(ask(server, post + "Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n"), " 413 "));
  CHECK(has(ask(server, post + "Content-Length: 18446744073709551615\r\n\r\n"), " 413 "));
  CHECK(has(ask(server, post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(400, 'x')),
            " 400 "));
  CHECK(server.server->counters().callbacks_failed == 0);
}

TEST_CASE("all bodies together are bounded") {
  ServerOptions options = loopback();
  options.limits.buffered_body_bytes = 1000;
  const TestServer server(limited_router(), std::move(options));
  const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
  CHECK(has(ask(server, post + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x')), " 503 "));
  for (int i = 0; i < 5; ++i) {
    CHECK(has(ask(server, post + "Content-Length: 900\r\n\r\n" + std::string(900, 'x')), " 200 "));
  }
}

TEST_CASE("a client that sends its header drop by drop is cut off") {
  ServerOptions options = loopback();
  options.limits.header_timeout = 40 * kMillisecond;
  const TestServer server(limited_router(), std::move(options));
  RawClient slow(server), silent(server);
  std::atomic<bool> enough{false};
  std::thread drops([&] {
    slow.say("GET /hello HTTP/1.1\r\n");
    while (!enough && slow.say("A: b\r\n"))
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  CHECK(has(slow.hear("\r\n\r\n"), "408 Request Timeout"));
  enough = true;
  drops.join();
  CHECK(silent.hear_all().empty());
  CHECK(server.server->counters().timeouts == 2);
}

TEST_CASE("idle connections and slow bodies come to an end") {
  ServerOptions options = loopback();
  options.limits.idle_timeout = 40 * kMillisecond;
  options.limits.body_grace = 40 * kMillisecond;
  options.limits.body_rate_min = 1'000'000;
  const TestServer server(limited_router(), std::move(options));
  RawClient idle(server);
  CHECK(idle.ask(kGet, "").ends_with("hello"));
  CHECK(
      has(ask(server, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhal"), " 408 "));
}

TEST_CASE("a client that takes nothing of a large answer is cut off") {
  ServerOptions options = loopback();
  options.limits.write_stall = 50 * kMillisecond;
  const TestServer server(limited_router(), std::move(options));
  RawClient deaf(server, 4096);
  deaf.say("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(eventually([&] { return server.server->counters().abandoned == 1; }));
  CHECK(server.server->counters().timeouts == 1);
  CHECK(eventually([&] { return server.server->counters().connections_now == 0; }));
}

TEST_CASE("connections are limited, in all and by address") {
  for (const bool by_address : {false, true}) {
    ServerOptions options = loopback();
    (by_address ? options.limits.connections_per_address : options.limits.connections) = 2;
    const TestServer server(limited_router(), std::move(options));
    RawClient first(server), second(server);
    first.ask(kGet, "hello");
    second.ask(kGet, "hello");
    RawClient third(server);
    CHECK(third.hear_all().empty());
    CHECK(server.server->counters().connections_refused == 1);
    first.close();
    CHECK(eventually([&] { return server.server->counters().connections_now == 1; }));
    CHECK(has(RawClient(server).ask(kGet, "hello"), "200 OK"));
  }
}

TEST_CASE("requests on one connection are limited") {
  ServerOptions options = loopback();
  options.limits.requests_per_connection = 3;
  const TestServer server(limited_router(), std::move(options));
  CHECK(count_of(ask(server, kGet + kGet + kGet + kGet), "200 OK") == 3);
}

TEST_CASE("when all threads are busy and the queue is full, the answer is 503") {
  Router router = limited_router();
  std::atomic<int> inside{0};
  std::atomic<bool> go_on{false};
  router.get("/wait", [&](Request&) {
    ++inside;
    while (!go_on) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Response::text("waited");
  });
  ServerOptions options = loopback();
  options.threads = 1;
  options.limits.requests_waiting = 1;
  const TestServer server(std::move(router), std::move(options));
  const std::string wait = "GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  RawClient first(server), second(server), third(server);
  first.say(wait);
  CHECK(eventually([&] { return inside == 1; }));
  second.say(wait);
  CHECK(eventually([&] { return server.server->counters().requests_waiting == 1; }));
  const std::string busy = third.ask(kGet, "}\n");
  CHECK(has(busy, "503 Service Unavailable"));
  CHECK(has(busy, "Retry-After: 1\r\n"));
  go_on = true;
  CHECK(first.hear_all().ends_with("waited"));
  CHECK(second.hear_all().ends_with("waited"));
  CHECK(has(third.ask(kGet, "hello"), "200 OK"));
  CHECK(server.server->counters().busy == 1);
}
