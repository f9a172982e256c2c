// The registry of settings: every setting of a server has its names here, once (settings.toml), for
// the command line, the environment, the configuration file, the settings page and the reference.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "registry/settings_generated.h"

namespace siploom::registry {

enum class SettingType : uint8_t {
  Text,
  Number,
  Bool,
  Duration,
  Size,
  Path,
  Address,
  Enumeration,
  List,
  AddressList,
  NetworkList
};

struct SettingInfo {
  SettingId id{};
  SettingType type = SettingType::Text;
  std::string_view key;   // section.name, as in the configuration file
  std::string_view flag;  // without the dashes
  std::string_view environment;
  std::string_view default_text, min_text, max_text;  // in the type's notation; empty: none
  std::string_view choices;                           // of an enumeration, separated by blanks
  std::string_view unit;
  std::string_view help;
  bool restart = false;  // takes effect at the next start
  bool stored = true;    // may be kept in the database
  bool secret = false;   // its value is not shown
};

std::span<const SettingInfo> settings();
const SettingInfo& info(SettingId id);
// By key; null: there is none.
const SettingInfo* find_setting(std::string_view key);
// The nearest keys, best first; for "did you mean".
std::vector<std::string_view> nearest_settings(std::string_view key, size_t most = 1);
std::string_view type_name(SettingType type);

}  // namespace siploom::registry
