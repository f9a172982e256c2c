#include "cli/times.h"

#include <string>

#include "base/text.h"

namespace siploom::cli {

std::optional<Timestamp> parse_when(std::string_view text, Timestamp now) {
  constexpr Nanoseconds kFarthest = kSecond * 3600 * 24 * 365 * 50;
  text = trim(text);
  if (iequals(text, "now")) return now;
  if (text.starts_with('-')) {
    const auto ago = parse_duration(text.substr(1));
    if (!ago || *ago > kFarthest) return std::nullopt;
    return now + -*ago;
  }
  // 9:30, 13:00, 13:00:05.25: of today.
  const size_t colon = text.find(':');
  if (colon >= 1 && colon <= 2 && is_digit(text.front())) {
    const std::string day = format_rfc3339(now, 0).substr(0, 10);
    return parse_time(day + (colon == 1 ? " 0" : " ") + std::string(text));
  }
  return parse_time(text);
}

}  // namespace siploom::cli
