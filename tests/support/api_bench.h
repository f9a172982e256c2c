// What the tests of this room share: a server's parts in a folder of their own with a few calls in
// the store, users of every role, and requests to the router without a socket.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "admin/password.h"
#include "api/api.h"
#include "api/apply.h"
#include "api/gate.h"
#include "http/stream.h"
#include "pipeline/engine.h"
#include "pipeline/test_capture.h"
#include "store/stat.h"
#include "support/temp_folder.h"

namespace siploom::api::test {

constexpr Timestamp kStart{1'790'000'000 * kSecond};

struct Reply {
  int status = 0;
  std::string body;
  http::Response response;
};

// A user's session, as a browser has it.
struct Login {
  int64_t user_id = 0;
  std::string cookie, csrf;
};

inline std::string scoped_sip(std::string_view start_line, std::string_view call_id, int cseq,
                              std::string_view method, std::string_view user,
                              std::string_view more = {}, std::string_view body = {}) {
  return fmt::format(
      "{}\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{}-{}\r\nFrom: <sip:{}@x>;tag=1\r\n"
      "To: <sip:bob@x>\r\nCall-ID: {}\r\nCSeq: {} {}\r\n{}Content-Length: {}\r\n\r\n{}",
      start_line, call_id, cseq, user, call_id, cseq, method, more, body.size(), body);
}

class Bench {
 public:
  using Change = std::function<void(pipeline::CollectorOptions&)>;
  explicit Bench(const Change& change = {}) {
    Stores::Options options;
    options.path = folder.path + "/meta.db";
    options.clock = [this] { return Timestamp{now.load()}; };
    options.password_cost = {1, 8192};
    REQUIRE(options.given.set(admin::Origin::File, "http.requests_per_second", "100000"));
    auto opened = Stores::open(std::move(options));
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    stores = std::move(*opened);
    pipeline::CollectorOptions collecting;
    collecting.store.folder = folder.path + "/store";
    collecting.intake.listen = {*parse_endpoint("127.0.0.1:0")};
    collecting.intake.udp_sockets = 1;
    collecting.threads = 1;
    collecting.clock = [this] { return Timestamp{now.load()}; };
    collecting.holds = [this] { return holds_in_force(stores->holds); };
    if (change) change(collecting);
    auto started = pipeline::Collector::start(collecting);
    REQUIRE_MESSAGE(started.has_value(), (started ? "" : started.error().message));
    collector = std::move(*started);
    api = std::make_unique<Api>(ApiContext{*collector,
                                           *stores,
                                           [this] { return Timestamp{now.load()}; },
                                           "1.2.3",
                                           folder.path,
                                           {},
                                           {}});
    router = api->make_router();
  }
  ~Bench() {
    api->stop();
    router = http::Router();
    api.reset();
  }

  // Puts frames into the store, as an import does.
  void take(std::vector<pipeline::test::TestFrame> frames) {
    pipeline::KeeperOptions options;
    options.live = false;
    options.node = "test";
    options.clock = [this] { return Timestamp{now.load()}; };
    pipeline::Keeper keeper(collector->store(), options);
    pipeline::test::TestSource source(std::move(frames));
    REQUIRE(pipeline::run(source, keeper, {}));
    REQUIRE(keeper.finish());
  }
  void add_calls(int count, std::string_view user = "alice", int first = 0) {
    std::vector<pipeline::test::TestFrame> frames;
    for (int i = first; i < first + count; ++i) {
      const std::string id = fmt::format("call-{}", i);
      const Timestamp start = kStart + i * 10 * kSecond;
      const auto add = [&](int second, const std::string& text, bool back) {
        frames.push_back({start + second * kSecond, pipeline::test::udp_frame(text, back)});
      };
      add(0,
          scoped_sip("INVITE sip:bob@x SIP/2.0", id, 1, "INVITE", user,
                     "Authorization: Digest username=\"a\", response=\"0123abcd\"\r\n"),
          false);
      add(1, scoped_sip("SIP/2.0 180 Ringing", id, 1, "INVITE", user), true);
      add(2, scoped_sip("SIP/2.0 200 OK", id, 1, "INVITE", user), true);
      add(3, scoped_sip("ACK sip:bob@x SIP/2.0", id, 1, "ACK", user), false);
      add(4, scoped_sip("BYE sip:bob@x SIP/2.0", id, 2, "BYE", user), false);
      add(5, scoped_sip("SIP/2.0 200 OK", id, 2, "BYE", user), true);
    }
    take(std::move(frames));
  }

  // Puts what is in memory into sealed files.
  void seal() {
    const auto unsealed = [&] {
      const store::StoreStat stat = store::stat(collector->store().view());
      return stat.memory_rows[0] + stat.memory_rows[1];
    };
    REQUIRE(collector->store().rotate(true));
    for (int i = 0; i < 1000 && unsealed() != 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    REQUIRE(unsealed() == 0);
  }

  int64_t add_user(const std::string& name, admin::Role role, const std::string& scope = {}) {
    const auto made = stores->users.add({name, "", role, scope, "correct horse " + name});
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
    return made->id;
  }
  Login log_in(int64_t user_id) {
    const auto made = stores->sessions.make(user_id, *parse_ip("192.0.2.9"), "test");
    REQUIRE(made);
    return {user_id, made->cookie, made->csrf};
  }
  Login as(admin::Role role, const std::string& scope = {}) {
    const std::string name = fmt::format("{}{}", admin::role_name(role), ++users_);
    return log_in(add_user(name, role, scope));
  }
  const Login& admin() {
    if (admin_.cookie.empty()) admin_ = as(admin::Role::Admin);
    return admin_;
  }

  static http::Request request_of(http::Method method, std::string_view target,
                                  const Login* login = nullptr, std::string body = {}) {
    http::Request request;
    request.method = method;
    request.method_text = http::method_name(method);
    request.target = std::string(target);
    request.body = std::move(body);
    request.body_bytes = request.body.size();
    request.peer = *parse_endpoint("192.0.2.9:40000");
    if (login != nullptr) {
      request.headers.add("Cookie", fmt::format("{}={}", kSessionCookie, login->cookie));
      request.headers.add(kCsrfHeader, login->csrf);
    }
    return request;
  }
  Reply send(http::Request request) {
    Reply reply;
    reply.response = router.answer(request);
    reply.status = reply.response.status;
    reply.body = reply.response.body;
    if (reply.response.writer) reply.body = streamed(reply.response);
    reply.response.writer = nullptr;
    return reply;
  }
  Reply ask(http::Method method, std::string_view target, const Login& login,
            std::string body = {}) {
    return send(request_of(method, target, &login, std::move(body)));
  }
  Reply get(std::string_view target, const Login& login) {
    return ask(http::Method::Get, target, login);
  }
  Reply get(std::string_view target) { return get(target, admin()); }
  Reply post(std::string_view target, std::string body) {
    return ask(http::Method::Post, target, admin(), std::move(body));
  }

  // Waits for what the server does on threads of its own.
  template <class Condition>
  static bool comes_true(Condition&& condition) {
    for (int i = 0; i < 500; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  // What a streaming handler writes; small enough for the queue.
  static std::string streamed(http::Response& response) {
    auto queue = std::make_shared<http::StreamQueue>();
    {
      http::StreamWriter writer(queue, false);
      response.writer(writer);
      writer.finish();
    }
    std::string out;
    while (queue->take(out) == http::BodySource::Taken::Some) {
    }
    return out;
  }

  siploom::test::TempFolder folder;
  std::atomic<int64_t> now{kStart.ns + 3600 * kSecond};
  std::unique_ptr<Stores> stores;
  std::unique_ptr<pipeline::Collector> collector;
  std::unique_ptr<Api> api;
  http::Router router;

 private:
  int users_ = 0;
  Login admin_;
};

inline bool has(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

}  // namespace siploom::api::test
