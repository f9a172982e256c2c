#include "base/time.h"

#include <fmt/format.h>

#include <algorithm>

#include <cmath>

#include "base/text.h"

namespace siploom {

namespace {

constexpr int64_t kSecondsPerDay = 86'400;

// Days from civil and back: the era arithmetic of 400-year cycles of 146,097 days.
int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Takes exactly `digits` decimal digits off the front.
std::optional<int> take_digits(std::string_view& s, size_t digits) {
  if (s.size() < digits) return std::nullopt;
  for (size_t i = 0; i < digits; ++i) {
    if (!is_digit(s[i])) return std::nullopt;
  }
  const auto value = parse_number<int>(s.substr(0, digits));
  s.remove_prefix(digits);
  return value;
}
bool take_char(std::string_view& s, char c) {
  if (s.empty() || s.front() != c) return false;
  s.remove_prefix(1);
  return true;
}

int take_fraction(std::string_view& s) {
  int value = 0, digits = 0;
  while (!s.empty() && is_digit(s.front())) {
    if (digits < 9) {
      value = value * 10 + (s.front() - '0');
      ++digits;
    }
    s.remove_prefix(1);
  }
  for (; digits < 9; ++digits) value *= 10;
  return value;
}

// Seconds east of UTC; nothing when what is left is no zone.
std::optional<int> take_zone(std::string_view s) {
  if (s.empty() || s == "Z" || s == "z" || s == " UTC" || s == "UTC") return 0;
  const int sign = s.front() == '-' ? -1 : 1;
  if (!take_char(s, '+') && !take_char(s, '-')) return std::nullopt;
  const auto hours = take_digits(s, 2);
  take_char(s, ':');
  const auto minutes = s.empty() ? std::optional<int>(0) : take_digits(s, 2);
  if (!hours || !minutes || !s.empty()) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

bool is_sane(const CivilTime& c) {
  return c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31 && c.hour <= 23 &&
         c.minute <= 59 && c.second <= 60 && c.year >= 1900 && c.year < 2200;
}

std::optional<Timestamp> parse_epoch(std::string_view s) {
  const Halves halves = split_once(s, '.');
  const auto seconds = parse_number<int64_t>(halves.before);
  std::string_view fraction = halves.after;
  const int nanos = take_fraction(fraction);
  if (!seconds || !fraction.empty() || *seconds > INT64_MAX / kSecond - 1 || *seconds < 0)
    return std::nullopt;
  return Timestamp{*seconds * kSecond + nanos};
}

}  // namespace

CivilTime to_civil(Timestamp t) {
  const int64_t seconds = floor_div(t.ns, kSecond);
  const int64_t days = floor_div(seconds, kSecondsPerDay);
  const int64_t of_day = seconds - days * kSecondsPerDay;
  const int64_t z = days + 719'468;
  const int64_t era = floor_div(z, 146'097);
  const int64_t day_of_era = z - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t mp = (5 * day_of_year + 2) / 153;
  CivilTime c;
  c.day = static_cast<int>(day_of_year - (153 * mp + 2) / 5 + 1);
  c.month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  c.year = static_cast<int>(year_of_era + era * 400 + (c.month <= 2 ? 1 : 0));
  c.hour = static_cast<int>(of_day / 3600);
  c.minute = static_cast<int>(of_day / 60 % 60);
  c.second = static_cast<int>(of_day % 60);
  c.nanosecond = static_cast<int>(t.ns - seconds * kSecond);
  return c;
}

Timestamp from_civil(const CivilTime& c) {
  const int64_t seconds = days_from_civil(c.year, c.month, c.day) * kSecondsPerDay + c.hour * 3600 +
                          c.minute * 60 + c.second;
  return {seconds * kSecond + c.nanosecond};
}

namespace {

// Writes `value` with leading zeros in `digits` places; gives the place behind them.
char* put_digits(char* to, int value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
  return to + digits;
}

char* put_clock(char* to, const CivilTime& c, int digits) {
  to = put_digits(to, c.hour, 2);
  *to++ = ':';
  to = put_digits(to, c.minute, 2);
  *to++ = ':';
  to = put_digits(to, c.second, 2);
  if (digits <= 0) return to;
  *to++ = '.';
  return put_digits(to, c.nanosecond, 9) - 9 + std::min(digits, 9);
}

}  // namespace

std::string format_clock(Timestamp t, int digits) {
  char buffer[32];
  return {buffer, put_clock(buffer, to_civil(t), digits)};
}

std::string format_rfc3339(Timestamp t, int digits) {
  const CivilTime c = to_civil(t);
  char buffer[64];
  char* to = put_digits(buffer, std::clamp(c.year, 0, 9999), 4);
  *to++ = '-';
  to = put_digits(to, c.month, 2);
  *to++ = '-';
  to = put_digits(to, c.day, 2);
  *to++ = 'T';
  to = put_clock(to, c, digits);
  *to++ = 'Z';
  return {buffer, to};
}

std::optional<Timestamp> parse_time(std::string_view s) {
  s = trim(s);
  if (take_char(s, '@')) return parse_epoch(s);
  CivilTime c;
  const auto year = take_digits(s, 4);
  if (!year || !take_char(s, '-')) return std::nullopt;
  const auto month = take_digits(s, 2);
  if (!month || !take_char(s, '-')) return std::nullopt;
  const auto day = take_digits(s, 2);
  if (!day) return std::nullopt;
  c.year = *year, c.month = *month, c.day = *day;
  if (!s.empty()) {
    if (!take_char(s, 'T') && !take_char(s, 't') && !take_char(s, ' ')) return std::nullopt;
    const auto hour = take_digits(s, 2);
    if (!hour || !take_char(s, ':')) return std::nullopt;
    const auto minute = take_digits(s, 2);
    if (!minute) return std::nullopt;
    c.hour = *hour, c.minute = *minute;
    if (take_char(s, ':')) {
      const auto second = take_digits(s, 2);
      if (!second) return std::nullopt;
      c.second = *second;
      if (take_char(s, '.') || take_char(s, ',')) c.nanosecond = take_fraction(s);
    }
  }
  const auto zone = take_zone(s);
  if (!zone || !is_sane(c)) return std::nullopt;
  return from_civil(c) + -int64_t{*zone} * kSecond;
}

std::optional<Nanoseconds> parse_duration(std::string_view s) {
  struct Unit {
    std::string_view name;
    Nanoseconds size;
  };
  constexpr Unit kUnits[] = {
      {"ns", 1},      {"us", kMicrosecond}, {"ms", kMillisecond},  {"min", 60 * kSecond},
      {"s", kSecond}, {"m", 60 * kSecond},  {"h", 3600 * kSecond}, {"d", 86'400 * kSecond},
      {"", kSecond}};
  s = trim(s);
  size_t digits = 0;
  while (digits < s.size() && (is_digit(s[digits]) || s[digits] == '.')) ++digits;
  const auto value = parse_number<double>(s.substr(0, digits));
  if (!value) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (s.substr(digits) != unit.name) continue;
    const double ns = *value * static_cast<double>(unit.size);
    if (!(ns < 9.2e18)) return std::nullopt;
    return static_cast<Nanoseconds>(std::llround(ns));
  }
  return std::nullopt;
}

std::string format_duration(Nanoseconds d) {
  const int64_t seconds = d / kSecond;
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string format_seconds(Nanoseconds d, int digits) {
  Nanoseconds step = 1;
  for (int i = digits; i < 9; ++i) step *= 10;
  const bool negative = d < 0;
  const Nanoseconds magnitude = ((negative ? -d : d) + step / 2) / step;
  Nanoseconds scale = 1;
  for (int i = 0; i < digits; ++i) scale *= 10;
  std::string out = fmt::format("{}{}", negative ? "-" : "", magnitude / scale);
  if (digits > 0) out += fmt::format(".{:0{}}", magnitude % scale, digits);
  return out;
}

}  // namespace siploom
