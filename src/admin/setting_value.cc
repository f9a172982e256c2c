// What is a value of which type.
#include <fmt/format.h>

#include <cmath>

#include "admin/setting_list.h"
#include "admin/settings.h"
#include "admin/text_rules.h"
#include "base/text.h"

namespace siploom::admin {

namespace {

using registry::SettingInfo;
using registry::SettingType;

// Numbers, durations and sizes on one scale, to compare with the limits.
std::optional<double> magnitude(SettingType type, std::string_view text) {
  if (type == SettingType::Number) {
    const auto number = parse_number<int64_t>(text);
    return number ? std::optional(static_cast<double>(*number)) : std::nullopt;
  }
  if (type == SettingType::Duration) {
    const auto duration = parse_duration(text);
    return duration ? std::optional(static_cast<double>(*duration)) : std::nullopt;
  }
  const auto size = parse_size(text);
  return size ? std::optional(static_cast<double>(*size)) : std::nullopt;
}

std::string_view notation(SettingType type) {
  if (type == SettingType::Number) return "a whole number";
  if (type == SettingType::Duration) return "a duration such as 90s, 12h or 30d";
  return "a size such as 512MiB or 5GB";
}

Result<void> check_magnitude(const SettingInfo& setting, std::string_view text) {
  const auto value = magnitude(setting.type, text);
  if (!value) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("\"{}\" is not {}", printable(text), notation(setting.type)));
  }
  if (!setting.min_text.empty() && *value < *magnitude(setting.type, setting.min_text)) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is too little, at least {}", text, setting.min_text));
  }
  if (!setting.max_text.empty() && *value > *magnitude(setting.type, setting.max_text)) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is too much, at most {}", text, setting.max_text));
  }
  return {};
}

Result<void> check_choice(const SettingInfo& setting, std::string_view text) {
  for (std::string_view rest = setting.choices; !rest.empty();) {
    const Halves halves = split_once(rest, ' ');
    if (halves.before == text) return {};
    rest = halves.after;
  }
  std::string choices;
  for (const char c : setting.choices) choices += c == ' ' ? std::string(", ") : std::string(1, c);
  return fail(ErrorCode::InvalidArgument,
              fmt::format("\"{}\" is none of {}", printable(text), choices));
}

Result<void> check_address(std::string_view text) {
  if (parse_endpoint(text) && !parse_ip(text)) return {};
  return fail(ErrorCode::InvalidArgument,
              fmt::format("\"{}\" is no address with a port, such as 0.0.0.0:9060 or [::1]:9060",
                          printable(text)));
}

Result<void> check_network(std::string_view text) {
  if (parse_cidr(text)) return {};
  return fail(ErrorCode::InvalidArgument,
              fmt::format("\"{}\" is no address block, such as 10.0.0.0/8", printable(text)));
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (iequals(text, yes)) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (iequals(text, no)) return false;
  }
  return std::nullopt;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const Halves halves = split_once(text, ',');
    if (const std::string_view item = trim(halves.before); !item.empty()) out.emplace_back(item);
    text = halves.after;
  }
  return out;
}

Result<void> check_setting(const SettingInfo& setting, std::string_view value) {
  SL_TRY_VOID(check_text("value", value, kMaxSettingOctets));
  switch (setting.type) {
    case SettingType::Text:
    case SettingType::Path:
    case SettingType::List:
      return {};
    case SettingType::Number:
    case SettingType::Duration:
    case SettingType::Size:
      return check_magnitude(setting, value);
    case SettingType::Bool:
      if (parse_bool(value)) return {};
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("\"{}\" is neither true nor false", printable(value)));
    case SettingType::Enumeration:
      return check_choice(setting, value);
    case SettingType::Address:
      return check_address(value);
    case SettingType::AddressList:
      for (const std::string& item : split_list(value)) SL_TRY_VOID(check_address(item));
      return {};
    case SettingType::NetworkList:
      for (const std::string& item : split_list(value)) SL_TRY_VOID(check_network(item));
      return {};
  }
  return {};
}

}  // namespace siploom::admin
