#include "weave/causal_order.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <set>

namespace siploom::weave {

namespace {

CausalMessage message(int64_t time_us, const char* src, const char* dst, uint16_t status,
                      std::string_view branch, std::string_view second = {}) {
  CausalMessage m;
  m.time = {1'700'000'000 * kSecond + time_us * kMicrosecond};
  m.src = *parse_endpoint(src);
  m.dst = *parse_endpoint(dst);
  m.status = status;
  m.cseq = 1;
  m.method = "INVITE";
  m.branch = branch;
  m.second_branch = second;
  return m;
}

constexpr const char *kA = "10.0.0.1:5060", *kP = "10.0.0.2:5060", *kB = "10.0.0.3:5060";

}  // namespace

TEST_CASE("a 180 stamped before the INVITE that caused it stands behind it") {
  // Kamailio stamps what it sent after sending it, in another worker than reads the answer.
  const std::vector<CausalMessage> messages = {
      message(0, kA, kP, 0, "a"), message(2200, kP, kB, 0, "p", "a"),
      message(1000, kB, kP, 180, "p", "a"), message(2500, kP, kA, 180, "a")};
  CHECK(causal_order(messages) == std::vector<uint32_t>{0, 1, 2, 3});
}

TEST_CASE("a forwarded request and response stand behind what came in") {
  const std::vector<CausalMessage> messages = {
      message(500, kA, kP, 0, "a"), message(0, kP, kB, 0, "p", "a"),
      message(900, kB, kP, 200, "p", "a"), message(700, kP, kA, 200, "a")};
  CHECK(causal_order(messages) == std::vector<uint32_t>{0, 1, 2, 3});
}

TEST_CASE("messages far apart keep their times, equal times the order of coming in") {
  std::vector<CausalMessage> messages = {message(100'000, kA, kP, 0, "a"),
                                         message(0, kP, kA, 180, "a")};
  CHECK(causal_order(messages) == std::vector<uint32_t>{1, 0});
  messages = {message(0, kA, kP, 0, "x"), message(0, kA, kP, 0, "y")};
  messages[0].sequence = 2;
  messages[1].sequence = 1;
  CHECK(causal_order(messages) == std::vector<uint32_t>{1, 0});
}

TEST_CASE("every message is given once, whatever they claim of one another") {
  rc::check("permutation", [] {
    const auto times = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 60'000));
    std::vector<CausalMessage> messages;
    const char* const hosts[] = {kA, kP, kB};
    const char* const branches[] = {"a", "b", "c", ""};
    for (const int time : times) {
      messages.push_back(message(time, hosts[time % 3], hosts[(time / 3) % 3],
                                 time % 2 == 0 ? uint16_t{0} : uint16_t{200},
                                 branches[(time / 7) % 4], branches[(time / 11) % 4]));
    }
    const auto order = causal_order(messages);
    RC_ASSERT(std::set<uint32_t>(order.begin(), order.end()).size() == messages.size());
  });
}

}  // namespace siploom::weave
