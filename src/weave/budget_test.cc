// Memory of the weaver: bounded, and given back.
#include <doctest/doctest.h>

#include <set>

#include "weave/test_dialog.h"

using namespace siploom;
using namespace siploom::weave;
using namespace siploom::weave::test;

namespace {

Spec of_call(int number) { return with(&Spec::call_id, fmt::format("call-{}", number)); }

}  // namespace

TEST_CASE("the byte budget holds against any number of Call-IDs") {
  WeaveOptions options;
  options.budget_bytes = 1 << 20;
  Feeder f(options);
  size_t told = 0;
  f.weaver.set_on_done([&](const model::Call&) { ++told; });
  for (int i = 0; i < 20'000; ++i) {
    f.request(i * 0.001, "INVITE", of_call(i));
    REQUIRE(f.weaver.memory_bytes() <= options.budget_bytes);
  }
  CHECK(f.weaver.counters().evicted > 15'000);
  CHECK(told == f.weaver.counters().evicted);
}

TEST_CASE("one call cannot take it all") {
  WeaveOptions options;
  options.budget_bytes = 1 << 20;
  Feeder f(options);
  for (int i = 0; i < 5'000; ++i) {
    Spec spec = with(&Spec::to_tag, fmt::format("tag-{}", i));
    spec.more = fmt::format("Server: agent {}\r\n", i);
    f.response(i, "180 Ringing", spec);
  }
  CHECK(f.weaver.memory_bytes() < 64 * 1024);
}

TEST_CASE("the oldest finished calls go before open ones") {
  WeaveOptions options;
  options.budget_bytes = 256 * 1024;
  Feeder f(options);
  f.request(0, "INVITE", of_call(0));  // stays open
  for (int i = 1; i < 2'000; ++i) {
    f.request(i, "INVITE", of_call(i));
    f.response(i + 0.5, "486 Busy Here", of_call(i));
  }
  std::set<std::string> left;
  f.weaver.for_each([&](const model::Call& call) { left.emplace(model::call_id(call)); });
  CHECK(left.contains("call-0"));
  CHECK(left.contains("call-1999"));
  CHECK_FALSE(left.contains("call-1"));
}

TEST_CASE("finished calls are forgotten some time after their last message, open ones are not") {
  WeaveOptions options;
  options.forget_after = 40 * kSecond;
  Feeder f(options);
  std::vector<std::string> done;
  f.weaver.set_on_done([&](const model::Call& call) { done.emplace_back(model::call_id(call)); });
  const auto advance = [&](double seconds) {
    f.weaver.advance(kStart + static_cast<int64_t>(seconds * 1e9));
  };
  f.request(0, "INVITE", of_call(1));
  f.response(1, "486 Busy Here", of_call(1));
  f.request(0, "INVITE", of_call(2));
  f.response(1, "200 OK", of_call(2));
  f.request(0, "INVITE", of_call(3));
  advance(30);
  CHECK(done.empty());
  advance(90);
  CHECK(done == std::vector<std::string>{"call-1"});
  advance(500);  // nobody waits for call-3 any more (RFC 3261 16.6, timer C)
  CHECK(done == std::vector<std::string>{"call-1", "call-3"});
  f.request(3000, "BYE", with(&Spec::cseq, 2, of_call(2)));
  advance(3100);
  CHECK(done.back() == "call-2");
  CHECK(f.weaver.memory_bytes() == 0);
}

TEST_CASE("live, the row of a call that is over is not late, however long people talked") {
  WeaveOptions options;
  options.forget_after = 32 * kSecond;
  options.by_arrival = true;
  for (const int talk : {1, 31, 33, 100, 3600}) {
    Feeder f(options);
    int told_at = 0, now = 0;
    f.weaver.set_on_done([&](const model::Call&) { told_at = now; });
    const auto advance_to = [&](int second) {
      for (; now < second; ++now) f.weaver.advance(kStart + now * kSecond);
    };
    advance_to(1);
    f.request(0, "INVITE");
    f.response(0.1, "200 OK");
    advance_to(talk);
    f.request(talk, "BYE", with(&Spec::cseq, 2));
    f.response(talk, "200 OK", with(&Spec::cseq, 2, with(&Spec::cseq_method, "BYE")));
    advance_to(talk + 100);
    CHECK(told_at >= talk + 31);
    CHECK(told_at <= talk + 35);
  }
}

TEST_CASE("a call with a challenge behind it is not forgotten while people talk") {
  WeaveOptions options;
  options.forget_after = 40 * kSecond;
  Feeder f(options);
  size_t done = 0;
  f.weaver.set_on_done([&](const model::Call&) { ++done; });
  f.request(0, "INVITE");
  f.response(0.1, "407 Proxy Authentication Required");
  f.request(0.2, "INVITE", with(&Spec::cseq, 2, with(&Spec::branch, "z9hG4bK2")));
  f.response(3, "200 OK", with(&Spec::cseq, 2, with(&Spec::branch, "z9hG4bK2")));
  for (int i = 0; i < 100; ++i) f.weaver.advance(kStart + i * 10 * kSecond);
  CHECK(done == 0);
}

TEST_CASE("a call is told once it is over and silent, and only once") {
  Feeder f;
  std::vector<std::string> told;
  const auto tell = [&](const model::Call& call) { told.emplace_back(model::call_id(call)); };
  f.weaver.set_on_done(tell);
  f.request(0, "INVITE", of_call(1));
  f.response(1, "486 Busy Here", of_call(1));
  f.request(0, "INVITE", of_call(2));
  f.weaver.tell_over(kStart, tell);
  CHECK(told.empty());  // not silent yet
  f.weaver.tell_over(kStart + 2 * kSecond, tell);
  f.weaver.tell_over(kStart + 3 * kSecond, tell);
  CHECK(told == std::vector<std::string>{"call-1"});
  f.weaver.flush(kStart + 100 * kSecond);
  CHECK(told == std::vector<std::string>{"call-1", "call-2"});
  CHECK(f.weaver.memory_bytes() == 0);
}
