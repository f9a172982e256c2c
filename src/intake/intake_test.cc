// The listener on loopback: every carrier, limits, time.
#include "intake/intake.h"

#include <rapidcheck.h>
#include <sys/resource.h>

#include <memory>

#include "intake/connections.h"
#include "intake/test_support.h"

using namespace siploom;
using namespace siploom::intake;
using namespace siploom::intake::test;
using capture::Carrier;

namespace {

std::string garbage(size_t size, uint64_t seed) {
  std::string out(size, '\0');
  for (char& c : out) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    c = static_cast<char>(seed >> 56);
  }
  return out;
}

}  // namespace

TEST_CASE("intake: a datagram becomes a frame with its sender, port and time") {
  Running running;
  const Client client = Client::udp(running.at());
  REQUIRE(client.send(hep3("a")));
  REQUIRE(running.wait_for(1));
  const Taken taken = running.taken().front();
  CHECK(taken.message == hep3("a"));
  CHECK(taken.header.carrier == Carrier::Udp);
  CHECK(format_ip(taken.header.peer.address) == "127.0.0.1");
  CHECK(taken.header.peer.port != 0);
  CHECK(taken.header.local_port == running.at().port);
  CHECK(system_clock().wall() - taken.time < 60 * kSecond);
  CHECK(system_clock().wall() - taken.time > -kSecond);
}

TEST_CASE("intake: v1, gzip, large and several messages by UDP") {
  Running running;
  const Client client = Client::udp(running.at());
  const std::string large = hep3(std::string(60'000, 'x'));
  REQUIRE(client.send(hep1()));
  REQUIRE(client.send(std::string("\x1f\x8b") + std::string(40, 'z')));
  REQUIRE(client.send(large));
  REQUIRE(client.send(hep3("b") + hep3("c")));
  REQUIRE(running.wait_for(5));
  const auto taken = running.taken();
  CHECK(taken[0].message == hep1());
  CHECK(taken[2].message == large);
  CHECK(taken[4].message == hep3("c"));
  CHECK(taken[4].header.peer == taken[3].header.peer);
}

TEST_CASE("intake: IPv6 and IPv4, on [::] together and side by side") {
  for (const char* also : {"", "127.0.0.1:0"}) {
    IntakeOptions options = loopback();
    options.listen = {*parse_endpoint("[::]:0")};
    if (*also != '\0') options.listen.push_back(*parse_endpoint(also));
    auto opened = open_intake(options);
    if (!opened) {
      MESSAGE("no IPv6 here: " << opened.error().message);
      return;
    }
    opened->reset();
    Running running(options);
    Endpoint v4 = running.at(*also != '\0' ? 1 : 0);
    v4.address = *parse_ip("127.0.0.1");
    CHECK(Client::udp(v4).send(hep3("a")));
    const Client tcp = Client::tcp(v4);
    CHECK(tcp.send(hep3("b")));
    REQUIRE(running.wait_for(2));
    CHECK(format_ip(running.taken()[1].header.peer.address) == "127.0.0.1");
    CHECK(running.intake().endpoints().size() == options.listen.size());
  }
}

TEST_CASE("intake: a port that is taken is an error that names it") {
  Running running;
  IntakeOptions options = loopback();
  options.listen = {running.at()};
  const auto second = open_intake(options);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find(format_endpoint(running.at())) != std::string::npos);
}

TEST_CASE("intake: messages by TCP, split at every octet") {
  Running running;
  const Client client = Client::tcp(running.at());
  const std::string all = hep3("one") + hep3("two");
  size_t sent = 0;
  for (size_t cut = 1; cut < all.size(); cut += 3) {
    REQUIRE(client.send(all.substr(0, cut)));
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    REQUIRE(client.send(all.substr(cut)));
    sent += 2;
  }
  REQUIRE(running.wait_for(sent));
  const auto taken = running.taken();
  for (size_t i = 0; i < sent; ++i) CHECK(taken[i].message == hep3(i % 2 == 0 ? "one" : "two"));
  CHECK(taken.front().header.carrier == Carrier::Tcp);
  CHECK(taken.front().header.local_port == running.at().port);
}

TEST_CASE("intake: much at once by many connections, each in its order") {
  Running running;
  constexpr size_t kClients = 8, kEach = 2'000;
  std::vector<std::jthread> senders;
  for (size_t who = 0; who < kClients; ++who) {
    senders.emplace_back([&, who] {
      const Client client = Client::tcp(running.at());
      std::string all;
      for (size_t i = 0; i < kEach; ++i)
        all += hep3(std::to_string(who) + ":" + std::to_string(i) + std::string(300, '.'));
      client.send(all);
    });
  }
  REQUIRE(running.wait_for(kClients * kEach));
  std::array<size_t, kClients> next{};
  for (const Taken& each : running.taken()) {
    const std::string_view text = std::string_view(each.message).substr(6 + 7 + 10 + 10 + 6);
    const size_t who = static_cast<size_t>(text[0] - '0');
    CHECK(text.substr(2).starts_with(std::to_string(next[who]++) + "."));
  }
  const Snapshot snapshot = running.intake().snapshot();
  CHECK(snapshot.totals.messages == kClients * kEach);
  CHECK(snapshot.totals.connections_accepted == kClients);
}

TEST_CASE("intake: HTTP and WebSocket") {
  Running running;
  const Client http = Client::tcp(running.at());
  http.send(post(hep3("a"), "Expect: 100-continue\r\n"));
  CHECK(http.receive("204 No Content\r\n\r\n").starts_with("HTTP/1.1 100 Continue"));
  http.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(http.receive().find("HEP") != std::string::npos);  // and it is closed behind it
  const Client socket = Client::tcp(running.at());
  socket.send(kUpgrade);
  CHECK(socket.receive("\r\n\r\n").find(" 101 ") != std::string::npos);
  socket.send(websocket_frame(2, hep3("b")) + websocket_frame(9, "ping"));
  CHECK(socket.receive("ping") == std::string("\x8a\x04") + "ping");
  socket.send(websocket_frame(8, "\x03\xe8"));
  CHECK(socket.receive() == "\x88\x02\x03\xe8");
  REQUIRE(running.wait_for(2));
  CHECK(running.taken()[0].header.carrier == Carrier::Http);
  CHECK(running.taken()[1].header.carrier == Carrier::Ws);
}

TEST_CASE("intake: why a request was refused arrives though its body was not read") {
  Running running;
  const Client client = Client::tcp(running.at());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" +
              std::string(300'000, 'x'));
  CHECK(client.receive().starts_with("HTTP/1.1 413 "));
  CHECK(eventually([&] { return running.intake().snapshot().totals.http_refused == 1; }));
}

TEST_CASE("intake: what the kernel could not keep is counted") {
  IntakeOptions options = loopback();
  options.receive_buffer_bytes = 1;  // the least that there is
  options.udp_sockets = 1;
  auto intake = *open_intake(options);
  const Client client = Client::udp(intake->endpoints()[0]);
  constexpr uint64_t kSent = 200;
  for (uint64_t i = 0; i < kSent; ++i) client.send(hep3(std::string(1'000, 'x')));
  capture::FrameBatch batch;
  REQUIRE(intake->next(batch, 1u << 20));
  const Snapshot snapshot = intake->snapshot();
  CHECK(snapshot.udp.at(0).kernel_drops > 0);
  CHECK(snapshot.udp.at(0).kernel_drops + snapshot.udp.at(0).datagrams == kSent);
  CHECK(snapshot.udp.at(0).receive_buffer_bytes < 16 * 1024);
  CHECK(intake->stats().kernel_dropped == snapshot.udp.at(0).kernel_drops);
  options.receive_buffer_bytes = size_t{1} << 40;
  const auto warnings = (*open_intake(options))->stats().warnings;
  CHECK(std::any_of(warnings.begin(), warnings.end(), [](const std::string& each) {
    return each.find("receive buffer") != std::string::npos;
  }));
}

TEST_CASE("intake: the allow-list holds for datagrams and connections") {
  IntakeOptions options = loopback();
  options.allow = {*parse_cidr("192.0.2.0/24")};
  Running running(options);
  Client::udp(running.at()).send(hep3("a"));
  const Client client = Client::tcp(running.at());
  CHECK(client.is_closed());
  CHECK(running.wait_for_drop(Drop::NotAllowed, 2));
  CHECK(running.count() == 0);
}

TEST_CASE("intake: who may send and how much is changed while agents send") {
  Running running;
  const Client udp = Client::udp(running.at()), tcp = Client::tcp(running.at());
  udp.send(hep3("a"));
  tcp.send(hep3("b"));
  REQUIRE(running.wait_for(2));
  REQUIRE(running.intake().set_limits({*parse_cidr("192.0.2.0/24")}, {}));
  udp.send(hep3("c"));
  tcp.send(hep3("d"));
  CHECK(running.wait_for_drop(Drop::NotAllowed, 2));
  CHECK_FALSE(running.intake().set_limits(std::vector<Cidr>(kMaxRules + 1), {}));
  REQUIRE(running.intake().set_limits({*parse_cidr("127.0.0.0/8")}, {1, 1, 0}));
  for (int i = 0; i < 5; ++i) udp.send(hep3("e"));
  CHECK(running.wait_for_drop(Drop::OverRate, 3));
  REQUIRE(running.intake().set_limits({}, {}));
  const size_t before = running.count();
  const Client another = Client::tcp(running.at());
  for (int i = 0; i < 50; ++i) another.send(hep3("f"));
  CHECK(running.wait_for(before + 50));
}

TEST_CASE("intake: wrong keys are counted, right ones are wiped, by every carrier") {
  IntakeOptions options = loopback();
  options.keys = {{*parse_cidr("127.0.0.0/8"), "secret"}};
  Running running(options);
  const Client udp = Client::udp(running.at()), tcp = Client::tcp(running.at()),
               http = Client::tcp(running.at());
  udp.send(hep3("a", "wrong"));
  tcp.send(hep3("a") + hep3("b", "secret"));
  http.send(post(hep3("a", "guess")));
  CHECK(http.receive("missing\n").starts_with("HTTP/1.1 401 "));
  http.send(post(hep3("b", "secret")));
  udp.send(hep3("b", "secret"));
  REQUIRE(running.wait_for(3));
  CHECK(running.wait_for_drop(Drop::BadKey, 3));
  for (const Taken& each : running.taken()) {
    CHECK(each.message == hep3("b", std::string(6, '\0')));
    CHECK(each.header.flags == capture::kIntakeKeyMatched);
  }
}

TEST_CASE("intake: over its rate a TCP agent waits and loses nothing") {
  HandClock clock;
  IntakeOptions options = loopback();
  options.clock = &clock;
  options.rate = {100, 10, 0};
  Running running(options);
  const Client client = Client::tcp(running.at());
  std::string first;
  for (int i = 0; i < 110; ++i) first += hep3("first");
  client.send(first);
  REQUIRE(running.wait_for(110));
  client.send(hep3("second"));
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  CHECK(running.count() == 110);
  clock.turn(500 * kMillisecond);
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  CHECK(running.count() == 110);
  clock.turn(600 * kMillisecond);
  CHECK(running.wait_for(111));
}

TEST_CASE("intake: connections that say nothing, little or no more are closed in time") {
  HandClock clock;
  IntakeOptions options = loopback();
  options.clock = &clock;
  Running running(options);
  const Client silent = Client::tcp(running.at()), slow = Client::tcp(running.at()),
               slow_http = Client::tcp(running.at()), idle = Client::tcp(running.at());
  slow.send(hep3("never whole").substr(0, 20));
  slow_http.send("POST / HTTP/1.1\r\nHost");
  idle.send(hep3("whole"));
  REQUIRE(running.wait_for(1));
  const auto open_count = [&] { return running.intake().snapshot().totals.connections; };
  REQUIRE(eventually([&] { return open_count() == 4; }));
  // The whole message came last: what the others sent has been seen.
  clock.turn(9 * kSecond);
  slow.send("x");  // an octet now and then keeps nothing open
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  CHECK(open_count() == 4);
  clock.turn(2 * kSecond);
  CHECK(silent.is_closed());
  CHECK(open_count() == 3);
  slow.send("x");
  slow_http.send("x");
  clock.turn(20 * kSecond);
  CHECK(slow.is_closed());
  CHECK(slow_http.is_closed());
  CHECK(running.wait_for_drop(Drop::BadFrame, 2));
  CHECK(idle.is_open());
  clock.turn(600 * kSecond);
  CHECK(idle.is_closed());
  CHECK(running.intake().snapshot().totals.connections_timed_out == 4);
}

TEST_CASE("intake: no more connections than the caps say, and room again afterwards") {
  IntakeOptions options = loopback();
  options.max_connections_by_address = 2;
  Running running(options);
  auto a = std::make_unique<Client>(running.at(), SOCK_STREAM);
  const Client b = Client::tcp(running.at());
  a->send(hep3("a"));
  b.send(hep3("b"));
  REQUIRE(running.wait_for(2));
  CHECK(Client::tcp(running.at()).is_closed());
  CHECK(running.intake().snapshot().totals.connections_over_cap == 1);
  a.reset();
  CHECK(eventually([&] { return running.intake().snapshot().totals.connections == 1; }));
  const Client c = Client::tcp(running.at());
  c.send(hep3("c"));
  CHECK(running.wait_for(3));
  options.max_connections_by_address = 1'000;
  options.max_connections = 1;
  Running one(options);
  const Client first = Client::tcp(one.at());
  first.send(hep3("a"));
  REQUIRE(one.wait_for(1));
  CHECK(Client::tcp(one.at()).is_closed());
}

TEST_CASE("intake: 2,000 idle connections, and one more is served at once") {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit before = limit;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 4'200) {
    MESSAGE("too few descriptors here");
    return;
  }
  IntakeOptions options = loopback();
  options.max_connections_by_address = 3'000;
  Running running(options);
  std::vector<std::unique_ptr<Client>> idle;
  for (size_t i = 0; i < 2'000; ++i) {
    idle.push_back(std::make_unique<Client>(running.at(), SOCK_STREAM));
    REQUIRE(idle.back()->is_connected);
    idle.back()->send(hep3("hello"));
  }
  REQUIRE(running.wait_for(2'000));
  const Totals totals = running.intake().snapshot().totals;
  CHECK(totals.connections == 2'000);
  CHECK(totals.connection_bytes < 2'000 * 1'024);
  const Client one = Client::tcp(running.at());
  one.send(hep3("one"));
  CHECK(running.wait_for(2'001));
  idle.clear();
  CHECK(eventually([&] { return running.intake().snapshot().totals.connections == 1; }));
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST_CASE("intake: without descriptors nothing spins, and accepting goes on when there are some") {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  Running running;
  // The client's descriptor is opened before the limit falls; the intake needs one more.
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(probe) + 1;
  ::close(probe);
  ::setrlimit(RLIMIT_NOFILE, &tight);
  const Client client = Client::tcp(running.at());
  CHECK(eventually([&] { return running.intake().snapshot().totals.accept_errors > 0; }));
  client.send(hep3("patience"));
  CHECK(Client::udp(running.at()).fd() < 0);
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(running.wait_for(1));
  CHECK(running.intake().snapshot().totals.accept_errors < 20);
}

TEST_CASE("intake: after any garbage the next good message arrives") {
  Running running;
  size_t good = 0;
  const Client udp = Client::udp(running.at());
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    udp.send(garbage(1 + seed * 37 % 3'000, seed));
    udp.send(hep3("udp"));
    const Client noise = Client::tcp(running.at());
    noise.send(garbage(1 + seed * 971 % 100'000, seed * 7));
    const Client tcp = Client::tcp(running.at());
    tcp.send(hep3("tcp"));
    good += 2;
    REQUIRE(running.wait_for(good));
  }
  CHECK(running.intake().snapshot().totals.messages >= good);
  CHECK(running.dropped(Drop::NotHep) > 0);
}

TEST_CASE("intake: paused, UDP is counted and TCP waits") {
  HandClock clock;
  IntakeOptions options = loopback();
  options.clock = &clock;
  Running running(options);
  const Client udp = Client::udp(running.at()), tcp = Client::tcp(running.at());
  tcp.send(hep3("a"));
  REQUIRE(running.wait_for(1));
  running.intake().pause(true);
  REQUIRE(eventually([&] { return running.intake().snapshot().paused; }));
  udp.send(hep3("lost"));
  tcp.send(hep3("b"));
  CHECK(running.wait_for_drop(Drop::Paused));
  // A pause of hours is no reason to close what is not read.
  clock.turn(10'000 * kSecond);
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  CHECK(running.count() == 1);
  running.intake().pause(false);
  CHECK(running.wait_for(2));
  udp.send(hep3("c"));
  CHECK(running.wait_for(3));
  CHECK(tcp.is_open());
}

TEST_CASE("intake: next() waits about 100 ms for nothing, and wake() ends the waiting") {
  auto intake = *open_intake(loopback());
  capture::FrameBatch batch;
  const auto began = std::chrono::steady_clock::now();
  CHECK(*intake->next(batch, 1u << 20));
  const auto waited = std::chrono::steady_clock::now() - began;
  CHECK(batch.frames.empty());
  CHECK(waited >= std::chrono::milliseconds(90));
  CHECK(waited < std::chrono::seconds(5));
  // On a busy machine one try may be slow.
  bool soon = false;
  for (int i = 0; i < 20 && !soon; ++i) {
    intake->wake();
    const auto again = std::chrono::steady_clock::now();
    CHECK(*intake->next(batch, 1u << 20));
    soon = std::chrono::steady_clock::now() - again < std::chrono::milliseconds(80);
  }
  CHECK(soon);
}

TEST_CASE("intake: rest() gives what lay in the kernel when it was stopped") {
  IntakeOptions options = loopback();
  auto intake = *open_intake(options);
  const Client udp = Client::udp(intake->endpoints()[0]), tcp = Client::tcp(intake->endpoints()[0]);
  capture::FrameBatch batch;
  tcp.send(hep3("hello"));
  while (batch.frames.empty()) REQUIRE(intake->next(batch, 1u << 20));
  const uint64_t seen = batch.first_number + batch.frames.size();
  for (int i = 0; i < 100; ++i) udp.send(hep3("udp"));
  for (int i = 0; i < 100; ++i) tcp.send(hep3("tcp"));
  size_t count = 0;
  bool first = true;
  while (*intake->rest(batch)) {
    if (first) CHECK(batch.first_number == seen);
    first = false;
    count += batch.frames.size();
  }
  CHECK(count == 200);
  CHECK_FALSE(*intake->rest(batch));
}

TEST_CASE("intake: two threads read in turn while others look and let go of batches") {
  auto intake = *open_intake(loopback());
  const Client udp = Client::udp(intake->endpoints()[0]), tcp = Client::tcp(intake->endpoints()[0]);
  std::mutex turn;
  std::atomic<size_t> count{0};
  std::atomic<bool> done{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!done) {
        capture::FrameBatch batch;
        {
          const std::lock_guard lock(turn);
          if (!intake->next(batch, 4'096)) return;
        }
        for (const capture::Frame& frame : batch.frames)
          if (capture::decode_intake_header(frame.bytes())) ++count;
      }
    });
  }
  threads.emplace_back([&] {
    while (!done) static_cast<void>(intake->snapshot().totals.messages + intake->stats().frames);
  });
  for (int i = 0; i < 500; ++i) {
    udp.send(hep3(std::string(200, 'u')));
    tcp.send(hep3(std::string(200, 't')));
  }
  CHECK(eventually([&] { return count == 1'000; }));
  done = true;
  intake->wake();
}

TEST_CASE("intake: SCTP beside TCP where the kernel has it; else the error says what to do") {
  IntakeOptions options = loopback();
  options.sctp = true;
  auto opened = open_intake(options);
  if (!opened) {
    CHECK(opened.error().code == ErrorCode::Unsupported);
    CHECK(opened.error().message.find("modprobe sctp") != std::string::npos);
    MESSAGE("skipped: this kernel has no SCTP");
    return;
  }
  opened->reset();
  Running running(options);
  CHECK(running.intake().endpoints().size() == 1);
  const Client client(running.at(), SOCK_STREAM, IPPROTO_SCTP);
  REQUIRE(client.is_connected);
  // Two messages in one, one in two, and many: a read gives no more than one.
  REQUIRE(client.send(hep3("a") + hep3("b")));
  const std::string parts = hep3("c");
  REQUIRE(client.send(parts.substr(0, 9)));
  REQUIRE(client.send(parts.substr(9)));
  for (int i = 0; i < 200; ++i) REQUIRE(client.send(hep3("d")));
  REQUIRE(running.wait_for(203));
  CHECK(running.taken()[0].message == hep3("a"));
  CHECK(running.taken()[2].message == parts);
  CHECK(running.taken()[2].header.carrier == Carrier::Sctp);
}
