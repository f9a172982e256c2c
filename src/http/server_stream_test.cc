#include <atomic>
#include <mutex>

#include "http/client.h"
#include "http/event_stream.h"
#include "http/stream.h"
#include "http/test_server.h"

using namespace siploom;
using namespace siploom::http;
using namespace siploom::http::test;

namespace {

// Hands the streams that its handler made to the test.
struct Events {
  std::mutex mutex;
  std::vector<std::shared_ptr<EventStream>> all;
  size_t events_max = kEventsQueuedMax;

  Handler handler() {
    return [this](Request& r) {
      auto stream = EventStream::make(events_max);
      stream->push({"hello", std::string(r.last_event_id()), "1"});
      const std::lock_guard lock(mutex);
      all.push_back(stream);
      return Response::event_stream(stream);
    };
  }
  std::shared_ptr<EventStream> wait_for(size_t index) {
    eventually([&] {
      const std::lock_guard lock(mutex);
      return all.size() > index;
    });
    const std::lock_guard lock(mutex);
    return all.at(index);
  }
};

}  // namespace

TEST_CASE("a stream comes line by line, and the connection goes on after it") {
  Router router;
  router.get("/lines", [](Request&) {
    return Response::stream("application/x-ndjson", [](StreamWriter& out) {
      for (int i = 0; i < 1000; ++i) out.write("{\"n\":" + std::to_string(i) + "}\n");
      out.write("last");
    });
  });
  const TestServer server(std::move(router));
  Client client;
  for (int round = 0; round < 2; ++round) {
    std::vector<std::string> lines;
    LineSplitter splitter([&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
    ClientRequest request;
    request.url = server.url("/lines");
    const auto done = client.send(request, [&](std::string_view p) { return splitter.feed(p); });
    REQUIRE(done);
    splitter.finish();
    CHECK(lines.size() == 1001);
    CHECK(lines[999] == "{\"n\":999}");
    CHECK(lines[1000] == "last");
  }
  CHECK(server.server->counters().connections_total == 1);
  CHECK(eventually([&] { return server.server->counters().streams_now == 0; }));
  // HTTP/1.0 knows no chunks: the end of the connection is that of the body.
  const std::string old = RawClient(server).ask("GET /lines HTTP/1.0\r\n\r\n", "");
  CHECK(has(old, "\r\n\r\n{\"n\":0}\n{\"n\":1}\n"));
  CHECK_FALSE(has(old, "chunked"));
  const std::string head = RawClient(server).ask("HEAD /lines HTTP/1.0\r\n\r\n", "");
  CHECK_FALSE(has(head, "Content-Length"));
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("a compressed stream is flushed at each write") {
  std::atomic<bool> seen{false};
  Router router;
  router.get("/lines", [&](Request&) {
    return Response::stream("text/csv", [&](StreamWriter& out) {
      out.write(std::string(2000, 'a') + "\n");
      eventually([&] { return seen.load(); });
      out.write("end");
    });
  });
  const TestServer server(std::move(router));
  Client client;
  ClientRequest request;
  request.url = server.url("/lines");
  request.headers.add("Accept-Encoding", "gzip");
  std::string packed;
  const auto done = client.send(request, [&](std::string_view piece) {
    seen = true;  // the first line came before the second was written
    packed += piece;
    return true;
  });
  REQUIRE(done);
  CHECK(done->headers.get("Content-Encoding") == "gzip");
  CHECK(packed.size() < 200);
  CHECK(packed.substr(0, 2) == "\x1f\x8b");
}

TEST_CASE("a slow reader holds the writer back, not the memory") {
  std::atomic<uint64_t> written{0};
  std::atomic<bool> ended{false}, open_at_end{true};
  Router router;
  router.get("/endless", [&](Request&) {
    return Response::stream("application/octet-stream", [&](StreamWriter& out) {
      const std::string block(64 * 1024, 'x');
      while (out.write(block)) written += block.size();
      open_at_end = out.is_open();
      ended = true;
    });
  });
  const TestServer server(std::move(router));
  RawClient slow(server, 4096);
  slow.say(get("/endless"));
  slow.hear("\r\n\r\n");
  uint64_t before = 1;
  CHECK(eventually([&] {  // it comes to a stand
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return std::exchange(before, written.load()) == written;
  }));
  CHECK(written < 16u << 20);  // what the system buffers of the loopback, and a little of ours
  CHECK_FALSE(ended);
  CHECK(server.server->counters().streams_now == 1);
  slow.close();
  CHECK(eventually([&] { return ended.load(); }));
  CHECK_FALSE(open_at_end);
  CHECK(eventually([&] { return server.server->counters().streams_now == 0; }));
  CHECK(server.server->counters().abandoned == 1);
}

TEST_CASE("a stream that fails is cut, so that nobody takes it for whole") {
  Router router;
  router.get("/fails", [](Request&) {
    return Response::stream("text/plain", [](StreamWriter& out) {
      out.write("half");
      out.abort();
    });
  });
  router.get("/throws", [](Request&) {
    return Response::stream("text/plain", [](StreamWriter&) { throw std::runtime_error("x"); });
  });
  const TestServer server(std::move(router));
  Client client;
  CHECK(client.get(server.url("/fails")).error().code == ErrorCode::Io);
  CHECK_FALSE(client.get(server.url("/throws")));
  CHECK(server.server->counters().callbacks_failed == 1);
}

TEST_CASE("streams do not take the handlers' threads; too many are refused") {
  std::atomic<bool> go_on{false};
  std::atomic<int> inside{0};
  Router router;
  router.get("/hello", [](Request&) { return Response::text("hello"); });
  router.get("/wait", [&](Request&) {
    return Response::stream("text/plain", [&](StreamWriter& out) {
      ++inside;
      while (!go_on) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      out.write("waited");
    });
  });
  ServerOptions options = loopback();
  options.threads = options.stream_threads = 1;
  options.limits.streams_waiting = 1;
  const TestServer server(std::move(router), std::move(options));
  RawClient first(server), second(server), third(server);
  first.ask(get("/wait"), "\r\n\r\n");
  CHECK(eventually([&] { return inside == 1; }));
  second.ask(get("/wait"), "\r\n\r\n");
  CHECK(has(third.ask(get("/wait"), "}\n"), "503 Service Unavailable"));
  CHECK(has(third.ask(get("/hello"), "hello"), "200 OK"));
  go_on = true;
  CHECK(has(first.hear("0\r\n\r\n"), "waited"));
  CHECK(has(second.hear("0\r\n\r\n"), "waited"));
}

TEST_CASE("events are pushed from any thread and come as lines") {
  Events events;
  Router router;
  router.get("/events", events.handler());
  const TestServer server(std::move(router));
  RawClient client(server);
  const std::string first = client.ask(get("/events", "Last-Event-ID: 41\r\n"), "data: 41\n\n");
  CHECK(has(first, "Content-Type: text/event-stream\r\n"));
  CHECK(has(first, "Cache-Control: no-store\r\n"));
  CHECK(has(first, "id: 1\nevent: hello\ndata: 41\n\n"));
  const auto stream = events.wait_for(0);
  CHECK(stream->push({"", "a\nb\r\nc\rd", "x\ny"}));
  CHECK(has(client.hear("data: d\n\n"), "id: x y\ndata: a\ndata: b\ndata: c\ndata: d\n\n"));
  stream->close();
  CHECK(has(client.hear("0\r\n\r\n"), "0\r\n\r\n"));
  CHECK_FALSE(stream->push({"", "late", ""}));
}

TEST_CASE("what a slow client cannot take is dropped, counted and told") {
  const auto stream = EventStream::make(3, 1000);
  int wakes = 0;
  stream->attach([&] { ++wakes; });
  for (int i = 0; i < 5; ++i) CHECK(stream->push({"", std::to_string(i), ""}) == (i < 3));
  CHECK_FALSE(stream->push({"", std::string(2000, 'x'), ""}));
  CHECK(stream->dropped() == 3);
  std::string out;
  CHECK(stream->take(out) == BodySource::Taken::Some);
  CHECK(out == "data: 0\n\ndata: 1\n\ndata: 2\n\nevent: dropped\ndata: {\"dropped\":3}\n\n");
  CHECK(stream->take(out) == BodySource::Taken::Nothing);
  CHECK(wakes == 1);
  CHECK(stream->push({"", "5", ""}));
  CHECK(wakes == 2);
  CHECK(stream->take(out) == BodySource::Taken::Some);
  CHECK(out == "data: 5\n\n");
  int closed = 0;
  stream->on_close([&] { ++closed; });
  stream->detach();
  stream->close();
  CHECK(closed == 1);
  stream->on_close([&] { ++closed; });
  CHECK(closed == 2);
}

TEST_CASE("an event stream of a deaf client stays within its bounds") {
  Events events;
  events.events_max = 10;
  Router router;
  router.get("/events", events.handler());
  const TestServer server(std::move(router));
  RawClient deaf(server);
  deaf.say(get("/events"));
  const auto stream = events.wait_for(0);
  const Event big{"", std::string(20'000, 'e'), ""};
  CHECK(eventually([&] {
    for (int i = 0; i < 20; ++i) stream->push(big);
    return stream->dropped() > 50;
  }));
  CHECK(has(deaf.hear("event: dropped\ndata: {\"dropped\":"), "event: dropped"));
}

TEST_CASE("who has gone is noticed, and heartbeats keep the others") {
  Events events;
  Router router;
  router.get("/events", events.handler());
  ServerOptions options = loopback();
  options.limits.heartbeat = 20 * kMillisecond;
  options.threads = 1;
  const TestServer server(std::move(router), std::move(options));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<RawClient>(server));
    clients.back()->ask(get("/events"), "\n\n");
  }
  CHECK(server.server->counters().streams_now == 100);
  std::atomic<int> gone{0};
  for (size_t i = 0; i < 100; ++i) events.wait_for(i)->on_close([&] { ++gone; });
  CHECK(has(clients[7]->hear(":\n\n"), "3\r\n:\n\n\r\n"));
  for (size_t i = 0; i < 50; ++i) i % 2 == 0 ? clients[i]->close() : clients[i]->reset();
  CHECK(eventually([&] { return gone == 50; }));
  CHECK(server.server->counters().streams_now == 50);
  server.server->stop(kSecond);
  CHECK(gone == 100);
  CHECK(clients[99]->hear_all().ends_with("0\r\n\r\n"));
}

TEST_CASE("stop ends streams") {
  std::atomic<bool> ended{false};
  Router router;
  router.get("/endless", [&](Request&) {
    return Response::stream("text/plain", [&](StreamWriter& out) {
      while (out.write("x\n")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ended = true;
    });
  });
  const TestServer server(std::move(router));
  RawClient client(server);
  client.ask(get("/endless"), "x\n");
  server.server->stop(5 * kSecond);
  CHECK(ended);
  CHECK_FALSE(client.hear_all().ends_with("0\r\n\r\n"));  // cut: it was not whole
}
