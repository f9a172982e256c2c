#include "http/server.h"

#include <rapidcheck.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "http/client.h"
#include "http/gzip.h"
#include "http/test_server.h"
#include "support/temp_folder.h"

using namespace siploom;
using namespace siploom::http;
using namespace siploom::http::test;
using siploom::test::TempFolder;

namespace {

Router echo() {
  Router router;
  router.get("/hello", [](Request&) { return Response::text("hello"); });
  router.get("/big", [](Request&) { return Response::text(std::string(300'000, 'b')); });
  router.get("/tagged", [](Request&) { return Response::json("{\"a\":1}").with_etag(); });
  router.get("/calls/{id}", [](Request& r) { return Response::text(std::string(r.param("id"))); });
  router.post("/echo", [](Request& r) { return Response::text(r.body); });
  router.get("/throws", [](Request&) -> Response { throw std::runtime_error("a library's"); });
  return router;
}

}  // namespace

TEST_CASE("one connection serves request after request") {
  const TestServer server(echo());
  RawClient client(server);
  const std::string first = client.ask(get("/hello"), "\r\n\r\nhello");
  CHECK(first.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has(first, "Content-Length: 5\r\n"));
  CHECK(has(first, "Cache-Control: no-store\r\n"));
  CHECK(has(first, "\r\nDate: "));
  CHECK_FALSE(has(first, "Connection: close"));
  CHECK(has(client.ask("\r\n" + get("/calls/a%2Fb"), "\r\n\r\na/b"), "200 OK"));
  const std::string last = client.ask(get("/hello", "Connection: close\r\n"), "");
  CHECK(has(last, "Connection: close\r\n"));
  CHECK(last.ends_with("hello"));
  client.close();
  CHECK(eventually([&] { return server.server->counters().connections_now == 0; }));
  const ServerCounters counters = server.server->counters();
  CHECK(counters.connections_total == 1);
  CHECK(counters.requests == 3);
  CHECK(counters.by_class[2] == 3);
}

TEST_CASE("pipelined requests are answered in order, also when one is refused") {
  const TestServer server(echo());
  RawClient client(server);
  std::string all;
  for (int i = 0; i < 200; ++i) all += get("/calls/n" + std::to_string(i));
  all += "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" + get("/none");
  client.say(all);
  client.end_writing();  // who has said all may still hear all
  const std::string answers = client.hear_all();
  CHECK(count_of(answers, "HTTP/1.1 200 OK") == 201);
  size_t at = 0;
  for (int i = 0; i < 200 && at != std::string::npos; ++i)
    at = answers.find("\r\n\r\nn" + std::to_string(i) + "HTTP", at);
  CHECK(at != std::string::npos);
  CHECK(has(answers, "\r\n\r\nbodyHTTP/1.1 404"));
}

TEST_CASE("HTTP/1.0, HEAD, OPTIONS, 405") {
  const TestServer server(echo());
  const auto ask = [&](const std::string& request) {
    RawClient client(server);
    client.say(request);
    client.end_writing();
    return client.hear_all();
  };
  CHECK(has(ask("GET /hello HTTP/1.0\r\n\r\n"), "Connection: close"));
  CHECK(
      has(ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "Connection: keep-alive"));
  const std::string head = ask("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(has(head, "Content-Length: 5\r\n"));
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(has(ask("OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n"), "Allow: POST, OPTIONS"));
  CHECK(has(ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), "204 No Content"));
  CHECK(has(ask("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n"), "405 Method Not Allowed"));
  CHECK(has(ask("GET http://a/hello HTTP/1.1\r\nHost: a\r\n\r\n"), "200 OK"));
}

TEST_CASE("what could be read in two ways is refused, and the connection closed") {
  const TestServer server(echo());
  const auto status = [&](const std::string& request) {
    RawClient client(server);
    client.say(request);
    const std::string answer = client.hear_all();
    CHECK_MESSAGE(has(answer, "Connection: close"), request);
    CHECK_MESSAGE(has(answer, "application/problem+json"), request);
    return answer.substr(9, 3);
  };
  const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
  CHECK(status("GET /hello HTTP/1.1\r\n\r\n" + get("/hello", "Connection: close\r\n")) == "400");
  CHECK(status(post + "Host: b\r\nContent-Length: 5\r\n\r\nabcde") == "400");
  CHECK(status(post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n") == "501");
  CHECK(status(post + "Transfer-Encoding: identity\r\n\r\n") == "501");
  CHECK(status(post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == "400");
  CHECK(status("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == "400");
  CHECK(status(post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n") == "400");
  CHECK(status("nonsense\r\n\r\n") == "400");
  CHECK(status("GET /hello HTTP/3.0\r\n\r\n") == "505");
  CHECK(status(get("/../etc/passwd", "Connection: close\r\n")) == "400");
}

TEST_CASE("bodies come in by length, in chunks, and after 100 Continue") {
  const TestServer server(echo());
  RawClient client(server);
  const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
  CHECK(has(client.ask(post + "Content-Length: 3\r\n\r\nabc", "\r\n\r\nabc"), "200 OK"));
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
  client.say(chunked);
  CHECK(has(client.ask("5;x=y\r\ndefgh\r\n0\r\nTrailer: x\r\n\r\n", "defgh"), "\r\n\r\nabcdefgh"));
  client.say(post + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(client.hear("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(has(client.ask("hi", "\r\n\r\nhi"), "200 OK"));
}

TEST_CASE("handlers that throw are answered for") {
  std::atomic<int> notices{0};
  ServerOptions options = loopback();
  options.notice = [&](std::string_view) { ++notices; };
  const TestServer server(echo(), std::move(options));
  Client client;
  CHECK(client.get(server.url("/throws"))->status == 500);
  CHECK(client.get(server.url("/hello"))->body == "hello");
  CHECK(server.server->counters().callbacks_failed == 1);
  CHECK(notices == 1);
}

TEST_CASE("each finished request is reported with its route") {
  std::mutex mutex;
  std::vector<std::string> seen;
  ServerOptions options = loopback();
  options.finished = [&](const FinishedRequest& f) {
    const std::lock_guard lock(mutex);
    seen.push_back(f.request.method_text + " " + std::string(f.pattern) + " " +
                   std::to_string(f.status) + (f.complete ? "" : " cut"));
    CHECK(f.bytes_sent > 0);
    CHECK(f.duration_us >= 0);
  };
  const TestServer server(echo(), std::move(options));
  Client client;
  CHECK(client.get(server.url("/calls/7")));
  CHECK(client.get(server.url("/none")));
  CHECK(eventually([&] {
    const std::lock_guard lock(mutex);
    return seen == std::vector<std::string>{"GET /calls/{id} 200", "GET  404"};
  }));
}

TEST_CASE("the client keeps its connection, sees headers, and tells what is wrong") {
  const TestServer server(echo());
  Client client;
  for (int i = 0; i < 3; ++i) CHECK(client.get(server.url("/hello"))->body == "hello");
  CHECK(server.server->counters().connections_total == 1);
  const std::string big(2'000'000, 'z');
  CHECK(client.get(server.url("/big"))->body.size() == 300'000);
  CHECK(client.post(server.url("/echo"), "text/plain", "posted")->body == "posted");
  ClientRequest tagged;
  tagged.url = server.url("/tagged");
  const std::string tag(client.send(tagged)->headers.get("ETag"));
  tagged.headers.add("If-None-Match", tag);
  CHECK(client.send(tagged)->status == 304);
  tagged.method = Method::Head;
  CHECK(client.send(tagged)->status == 304);
  CHECK(client.post(server.url("/echo"), "text/plain", big)->status == 413);
  CHECK(client.get("nonsense").error().code == ErrorCode::InvalidArgument);
  std::string url;
  {
    const TestServer gone(echo());
    url = gone.url("/hello");
    CHECK(client.get(url)->status == 200);
  }
  const auto refused = client.get(url);
  REQUIRE_FALSE(refused);
  CHECK(has(refused.error().message, "refused"));
  ClientOptions small;
  small.body_bytes_max = 1000;
  CHECK(Client(small).get(server.url("/big")).error().code == ErrorCode::LimitExceeded);
}

TEST_CASE("a kept connection that the server has closed is opened again") {
  ServerOptions options = loopback();
  options.limits.idle_timeout = 20 * kMillisecond;
  const TestServer server(echo(), std::move(options));
  Client client;
  CHECK(client.get(server.url("/hello"))->status == 200);
  CHECK(eventually([&] { return server.server->counters().connections_now == 0; }));
  CHECK(client.get(server.url("/hello"))->status == 200);
  CHECK(client.post(server.url("/echo"), "text/plain", "x")->status == 200);
}

TEST_CASE("uploads go to a file that is gone after the answer") {
  const TempFolder folder;
  Router router;
  std::string kept;
  std::atomic<bool> asked{false};
  Route& route = router.post("/upload", [&](Request& r) {
    kept = r.body_file;
    CHECK(r.body.empty());
    return Response::text(std::to_string(std::filesystem::file_size(r.body_file)) + " " +
                          std::to_string(r.body_bytes));
  });
  route.spools = true;
  std::atomic<uint64_t> limit{5'000'000};
  route.body_limit = [&limit] { return limit.load(); };
  router.before([&](Request& r, const Route&) -> std::optional<Response> {
    asked = true;
    if (r.headers.has("X-Stranger")) return Response::problem(401, "who", "Who?", "Log in.");
    return std::nullopt;
  });
  ServerOptions options = loopback();
  options.spool_folder = folder.path;
  const TestServer server(std::move(router), std::move(options));
  const auto files = [&] {
    return std::distance(std::filesystem::directory_iterator(folder.path), {});
  };
  const TempFolder own;
  const std::string path = own.path + "/body";
  std::ofstream(path) << std::string(3'000'001, 'u');
  Client client;
  ClientRequest request;
  request.method = Method::Post;
  request.url = server.url("/upload");
  request.body_file = path;
  CHECK(client.send(request)->body == "3000001 3000001");
  CHECK(kept.starts_with(folder.path));
  CHECK(eventually([&] { return files() == 0; }));
  limit = 3'000'000;  // from now on
  CHECK(client.send(request)->status == 413);
  limit = 5'000'000;
  // Who may not is told before the body is on the disk.
  RawClient stranger(server);
  asked = false;
  CHECK(has(stranger.ask("POST /upload HTTP/1.1\r\nHost: a\r\nX-Stranger: 1\r\n"
                         "Content-Length: 4000000\r\n\r\n",
                         ""),
            "401 Unauthorized"));
  CHECK(asked);
  CHECK(files() == 0);
  // Too long, announced or not, and given up half way.
  CHECK(has(RawClient(server).ask(
                "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5000001\r\n\r\n", ""),
            "413 Content Too Large"));
  RawClient half(server);
  half.say("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n" +
           std::string(1'000'000, 'h'));
  CHECK(eventually([&] { return files() == 1; }));
  half.reset();
  CHECK(eventually([&] { return files() == 0; }));
  request.body_file = own.path + "/none";
  CHECK(client.send(request).error().code == ErrorCode::Io);
}

TEST_CASE("CORS preflights are answered for listed origins") {
  ServerOptions options = loopback();
  options.policy.cors_origins = {"https://a.example"};
  const TestServer server(echo(), std::move(options));
  const auto ask = [&](const std::string& origin) {
    return RawClient(server).ask(
        "OPTIONS /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: " + origin +
            "\r\nAccess-Control-Request-Method: POST\r\n\r\n",
        "");
  };
  const std::string yes = ask("https://a.example");
  CHECK(has(yes, "204 No Content"));
  CHECK(has(yes, "Access-Control-Allow-Origin: https://a.example\r\n"));
  CHECK(has(yes, "Access-Control-Allow-Methods: POST\r\n"));
  CHECK(has(yes, "Vary: Origin\r\n"));
  CHECK_FALSE(has(ask("https://b.example"), "Access-Control-Allow"));
}

TEST_CASE("stop lets a request finish, closes idle connections and listens no more") {
  Router router = echo();
  std::atomic<bool> inside{false}, go_on{false};
  router.get("/slow", [&](Request&) {
    inside = true;
    while (!go_on) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Response::text("slow but whole");
  });
  const TestServer server(std::move(router));
  RawClient idle(server), busy(server);
  idle.ask(get("/hello"), "hello");
  busy.say(get("/slow") + get("/hello"));
  CHECK(eventually([&] { return inside.load(); }));
  std::thread stopping([&] { server.server->stop(5 * kSecond); });
  CHECK(idle.hear_all().empty());
  go_on = true;
  const std::string answer = busy.hear_all();
  CHECK(answer.ends_with("slow but whole"));
  CHECK(has(answer, "Connection: close"));
  busy.close();
  stopping.join();
  Client client;
  CHECK_FALSE(client.get(server.url("/hello")));
  server.server->stop(0);  // again: nothing
}

TEST_CASE("options that cannot work are refused with the reason") {
  const auto why = [](ServerOptions options, Router router = echo()) {
    const auto started = Server::start(std::move(options), std::move(router));
    return started ? std::string() : started.error().message;
  };
  CHECK(has(why({}), "address"));
  ServerOptions half = loopback();
  half.key_file = "x";
  CHECK(has(why(half), "certificate"));
  half.certificate_file = "/nonexistent";
  CHECK(has(why(half), "/nonexistent"));
  Router spooling;
  spooling.post("/u", [](Request&) { return Response::no_content(); }).spools = true;
  CHECK(has(why(loopback(), std::move(spooling)), "folder"));
  const TestServer server(echo());
  ServerOptions taken = loopback();
  taken.listen = server.server->endpoints();
  CHECK(has(why(taken), "another program"));
  ServerOptions both = loopback();
  both.listen.push_back(*parse_endpoint("[::1]:0"));
  const auto started = Server::start(std::move(both), echo());
  if (started) {  // not every machine has IPv6
    CHECK((*started)->endpoints().size() == 2);
    CHECK(Client().get("http://" + format_endpoint((*started)->endpoints()[1]) + "/hello")->body ==
          "hello");
  }
}

TEST_CASE("hostile octets do not end the server") {
  ServerOptions options = loopback();
  options.limits.linger = 20 * kMillisecond;
  const TestServer server(echo(), std::move(options));
  CHECK(rc::check([&](const std::vector<uint8_t>& octets, const std::vector<uint8_t>& picks) {
    constexpr const char* kParts[] = {"GET ",
                                      "POST /echo ",
                                      "HTTP/1.1\r\n",
                                      "Host: a\r\n",
                                      "\r\n",
                                      "Content-Length: 5\r\n",
                                      "Transfer-Encoding: chunked\r\n",
                                      "Expect: 100-continue\r\n",
                                      "\r\n\r\n",
                                      "5\r\nhello\r\n",
                                      "0\r\n",
                                      "/",
                                      "%",
                                      "\x16\x03\x01",
                                      ": ",
                                      "?a=b&"};
    std::string text(octets.begin(), octets.end());
    for (const uint8_t pick : picks) text += kParts[pick % std::size(kParts)];
    RawClient hostile(server);
    hostile.say(text);
    if (!picks.empty() && picks[0] % 2 == 0) hostile.reset();
  }));
  Client client;
  CHECK(client.get(server.url("/hello"))->body == "hello");
  CHECK(eventually([&] { return server.server->counters().connections_now <= 1; }));
}
