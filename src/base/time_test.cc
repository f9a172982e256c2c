#include "base/time.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace siploom;

TEST_CASE("RFC 3339 out and in") {
  const Timestamp t{1'700'000'000 * kSecond + 123'456'789};
  CHECK(format_rfc3339(t) == "2023-11-14T22:13:20.123456Z");
  CHECK(format_rfc3339(t, 9) == "2023-11-14T22:13:20.123456789Z");
  CHECK(format_rfc3339(t, 0) == "2023-11-14T22:13:20Z");
  CHECK(format_clock(t, 3) == "22:13:20.123");
  CHECK(parse_time("2023-11-14T22:13:20.123456789Z") == t);
  CHECK(parse_time("2023-11-15T00:13:20.123456789+02:00") == t);
  CHECK(parse_time("@1700000000.123456789") == t);
  CHECK(parse_time("2023-11-14 22:13") == Timestamp{1'699'999'980 * kSecond});
  CHECK(parse_time("2023-11-14") == Timestamp{1'699'920'000 * kSecond});
}

TEST_CASE("what is no time is refused") {
  for (const char* text :
       {"", "yesterday", "2023-13-01", "2023-11-14T25:00", "2023-11-14T22:13:20+2", "@", "@-1",
        "@99999999999999999999", "2023-11-14X"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("durations have units") {
  CHECK(parse_duration("250ms") == 250 * kMillisecond);
  CHECK(parse_duration("1.5m") == 90 * kSecond);
  CHECK(parse_duration("5") == 5 * kSecond);
  CHECK(parse_duration("2h") == 7200 * kSecond);
  CHECK_FALSE(parse_duration("5 parsecs"));
  CHECK_FALSE(parse_duration("ms"));
  CHECK_FALSE(parse_duration("1e300d"));
}

TEST_CASE("seconds are rounded to their digits") {
  CHECK(format_seconds(1'234'567'890, 3) == "1.235");
  CHECK(format_seconds(-1'500'000, 3) == "-0.002");
  CHECK(format_seconds(0, 0) == "0");
  CHECK(format_duration(3'723 * kSecond) == "1:02:03");
  CHECK(format_duration(7 * kSecond) == "0:07");
}

TEST_CASE("civil time round trip") {
  CHECK(rc::check("to_civil and from_civil are inverse", [] {
    const Timestamp t{
        *rc::gen::inRange<int64_t>(-4'000'000'000 * kSecond, 4'000'000'000 * kSecond)};
    RC_ASSERT(from_civil(to_civil(t)) == t);
  }));
}
