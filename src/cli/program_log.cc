#include "cli/program_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/json_writer.h"
#include "base/text.h"

namespace siploom::cli {

using registry::SettingId;

namespace {

constexpr std::array<std::string_view, 4> kNames = {"error", "warning", "info", "debug"};

}  // namespace

void ProgramLog::configure(const admin::Settings& settings) {
  const std::string level = settings.text(SettingId::LogLevel);
  const auto found = std::find(kNames.begin(), kNames.end(), level);
  if (found != kNames.end()) level_ = static_cast<LogLevel>(found - kNames.begin());
  json_ = settings.text(SettingId::LogFormat) == "json";
}

void ProgramLog::write(LogLevel level, std::string_view text) const {
  if (writes(level)) put(level, text);
}

void ProgramLog::put(LogLevel level, std::string_view text) const {
  const std::string_view name = kNames[static_cast<size_t>(level)];
  std::string line;
  if (json_) {
    JsonWriter json(line);
    json.begin_object();
    json.field("time", std::string_view(format_rfc3339(clock_())));
    json.field("level", name);
    json.field("message", text);
    json.end_object();
    line += '\n';
  } else {
    line = fmt::format("{} {:<7} {}\n", format_rfc3339(clock_(), 3), name, printable(text));
  }
  const auto written = ::write(fd_, line.data(), line.size());
  static_cast<void>(written);  // there is nobody else to tell
}

}  // namespace siploom::cli
