#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>

#include "model/call.h"
#include "model/stats.h"

using namespace siploom;
using namespace siploom::model;

TEST_CASE("names of kinds and states come back") {
  CallState state{};
  CHECK(parse_state("Auth-Failed", state));
  CHECK(state == CallState::AuthFailed);
  CHECK(state_name(CallState::InCall) == "in-call");
  CallKind kind{};
  CHECK(parse_kind("registration", kind));
  CHECK(kind == CallKind::Registration);
  CHECK_FALSE(parse_kind("fax", kind));
}

TEST_CASE("times that are not known give no durations") {
  Call call;
  CHECK(pdd(call) == kNoDuration);
  CHECK(talk_time(call) == kNoDuration);
  call.start = call.invite = {0};
  call.ringing = call.progress = {2 * kSecond};
  call.answer = {5 * kSecond};
  call.last = {8 * kSecond};
  CHECK(pdd(call) == 2 * kSecond);
  CHECK(setup_time(call) == 5 * kSecond);
  CHECK(ring_time(call) == 3 * kSecond);
  CHECK(talk_time(call) == kNoDuration);  // still going on
  CHECK(time_in_call(call) == 3 * kSecond);
  call.end = call.bye = {15 * kSecond};
  CHECK(talk_time(call) == 10 * kSecond);
}

TEST_CASE("quantiles are within 3 percent") {
  CHECK(rc::check("of one value", [] {
    const auto us = *rc::gen::inRange<int64_t>(1, 3'600'000'000);
    DurationHistogram histogram;
    histogram.add(us * kMicrosecond);
    const double found = static_cast<double>(histogram.quantile(0.5));
    const double truth = static_cast<double>(us * kMicrosecond);
    RC_ASSERT(std::abs(found - truth) <= 0.03 * truth + 1);
  }));
  DurationHistogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.add(i * kMillisecond);
  CHECK(std::abs(static_cast<double>(histogram.quantile(0.5)) - 50e6) < 2e6);
  CHECK(std::abs(static_cast<double>(histogram.quantile(0.95)) - 95e6) < 3e6);
  CHECK(DurationHistogram().quantile(0.5) == kNoDuration);
}

TEST_CASE("ASR and NER") {
  CallTally tally;
  CHECK(std::isnan(tally.asr()));
  tally.attempts = 10;
  tally.answered = 6;
  tally.user_failures = 3;
  CHECK(tally.asr() == doctest::Approx(0.6));
  CHECK(tally.ner() == doctest::Approx(0.9));
}
