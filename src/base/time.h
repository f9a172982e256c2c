// Packet time: nanoseconds since the Unix epoch, UTC. Wall clocks come in from outside (Clock);
// nothing here reads one.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace siploom {

using Nanoseconds = int64_t;
constexpr Nanoseconds kMicrosecond = 1'000;
constexpr Nanoseconds kMillisecond = 1'000'000;
constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kMinute = 60 * kSecond;
constexpr Nanoseconds kHour = 60 * kMinute;
constexpr Nanoseconds kDay = 24 * kHour;

struct Timestamp {
  Nanoseconds ns = 0;

  auto operator<=>(const Timestamp&) const = default;
  Nanoseconds operator-(Timestamp earlier) const { return ns - earlier.ns; }
  Timestamp operator+(Nanoseconds d) const { return {ns + d}; }
};
// "Not known": no capture is from before 1970.
constexpr Timestamp kNoTime{INT64_MIN};
constexpr bool is_known(Timestamp t) { return t.ns != kNoTime.ns; }

// A day and a time of day, proleptic Gregorian, UTC.
struct CivilTime {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int nanosecond = 0;
};
CivilTime to_civil(Timestamp t);
Timestamp from_civil(const CivilTime& c);

// 2026-11-21T01:25:02.000000Z: RFC 3339 with `digits` of a second (0 to 9).
std::string format_rfc3339(Timestamp t, int digits = 6);
// 01:25:02.000000, in UTC.
std::string format_clock(Timestamp t, int digits = 6);
// RFC 3339, or with a blank for the T, without zone (then UTC), without seconds, or a date alone;
// "@1700000000.5" too.
std::optional<Timestamp> parse_time(std::string_view text);
// "250ms", "5s", "1.5m", "2h", "1d", "3us", "10ns"; a bare number is seconds.
std::optional<Nanoseconds> parse_duration(std::string_view text);
// "1:02:03", "0:07": how call lists show a duration; "12.3s" style via format_seconds.
std::string format_duration(Nanoseconds d);
// Fixed point seconds with `digits` decimals, such as 0.184.
std::string format_seconds(Nanoseconds d, int digits);

}  // namespace siploom
