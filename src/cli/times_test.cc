#include "cli/times.h"

#include <doctest/doctest.h>

#include <string>

namespace siploom::cli {

TEST_CASE("times as people type them") {
  const Timestamp now = *parse_time("2026-11-21T13:30:00Z");
  const auto read = [&](const char* text) {
    const auto when = parse_when(text, now);
    return when ? format_rfc3339(*when, 0) : std::string("none");
  };
  CHECK(read("now") == "2026-11-21T13:30:00Z");
  CHECK(read("-1h") == "2026-11-21T12:30:00Z");
  CHECK(read("-2d") == "2026-11-19T13:30:00Z");
  CHECK(read("13:00") == "2026-11-21T13:00:00Z");
  CHECK(read("9:05") == "2026-11-21T09:05:00Z");
  CHECK(read("23:59:58") == "2026-11-21T23:59:58Z");
  CHECK(read("2026-11-20T01:02:03Z") == "2026-11-20T01:02:03Z");
  for (const char* bad :
       {"", "-", "-x", "-1000000000000d", "25:00", "13:61", "noon", "1:2:3:4:5"}) {
    CAPTURE(bad);
    CHECK(read(bad) == "none");
  }
}

}  // namespace siploom::cli
