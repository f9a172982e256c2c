// Log lines: OpenSIPS xlog ("NOTICE:text" or JSON), Kamailio hlog and heplify (plain).
#include <fmt/format.h>

#include "base/text.h"
#include "wire/report/parts.h"

namespace siploom::report {

namespace {

struct Level {
  std::string_view name;
  Severity severity;
};
constexpr Level kLevels[] = {
    {"EMERG", Severity::Emergency},   {"EMERGENCY", Severity::Emergency},
    {"PANIC", Severity::Emergency},   {"ALERT", Severity::Alert},
    {"CRITICAL", Severity::Critical}, {"CRIT", Severity::Critical},
    {"FATAL", Severity::Critical},    {"BUG", Severity::Critical},
    {"ERROR", Severity::Error},       {"ERR", Severity::Error},
    {"WARNING", Severity::Warning},   {"WARN", Severity::Warning},
    {"NOTICE", Severity::Notice},     {"INFO", Severity::Info},
    {"DBG", Severity::Debug},         {"DEBUG", Severity::Debug},
};

Severity severity_of(std::string_view word) {
  for (const Level& level : kLevels) {
    if (iequals(level.name, word)) return level.severity;
  }
  return Severity::Unknown;
}

// The level that a line begins with, brackets around it or a colon behind it allowed.
std::string_view leading_level(std::string_view line) {
  const size_t start = line.find_first_not_of("[<( ");
  if (start == std::string_view::npos || start > 2) return {};
  line.remove_prefix(start);
  const std::string_view word =
      line.substr(0, find_where(line, [](char c) { return !is_alpha(c); }));
  return severity_of(word) == Severity::Unknown ? std::string_view() : word;
}

}  // namespace

bool describe_log(const Input& in, Description& out) {
  out.kind = Kind::Log;
  if (in.root.is_map()) {
    std::string level, text;
    for (const std::string_view name : {"Event", "level", "severity", "event"}) {
      if (level.empty()) level = member_text(in.root, name);
    }
    for (const std::string_view name : {"text", "message", "msg", "log"}) {
      if (text.empty()) text = member_text(in.root, name);
    }
    out.severity = severity_of(level);
    set_event(out, level.empty() ? "log" : level);
    set_summary(out, text.empty() ? std::string(first_line(in.text))
                                  : fmt::format("{} {}", out.event, first_line(text)));
    return true;
  }
  const std::string_view line = first_line(in.text);
  const std::string_view level = leading_level(line);
  out.severity = severity_of(level);
  set_event(out, level.empty() ? std::string_view("log") : level);
  const bool joined =
      !level.empty() && line.starts_with(level) && line.substr(level.size()).starts_with(':');
  if (joined) {
    set_summary(out, fmt::format("{} {}", level, trim_left(line.substr(level.size() + 1))));
  } else {
    set_summary(out, line);
  }
  return true;
}

}  // namespace siploom::report
