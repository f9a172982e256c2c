#include "registry/settings.h"

#include <algorithm>

#include "base/text.h"

namespace siploom::registry {

namespace {

constexpr size_t kNearKey = 5;

}  // namespace

const SettingInfo& info(SettingId id) { return settings()[static_cast<size_t>(id)]; }

const SettingInfo* find_setting(std::string_view key) {
  for (const SettingInfo& setting : settings()) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

std::vector<std::string_view> nearest_settings(std::string_view key, size_t most) {
  constexpr size_t kMaxKey = 64;  // nobody mistypes more
  key = key.substr(0, kMaxKey);
  std::vector<std::pair<size_t, std::string_view>> near;
  for (const SettingInfo& setting : settings()) {
    size_t distance = edit_distance(key, setting.key);
    // "listen" for "http.listen": in the wrong section, or in none.
    const std::string_view name = setting.key.substr(setting.key.find('.') + 1);
    const std::string_view asked = key.substr(key.find('.') + 1);
    distance = std::min(distance, edit_distance(asked, name) + 1);
    if (distance <= std::min(kNearKey, key.size() / 2 + 1))
      near.emplace_back(distance, setting.key);
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string_view> out;
  for (size_t i = 0; i < std::min(most, near.size()); ++i) out.push_back(near[i].second);
  return out;
}

std::string_view type_name(SettingType type) {
  switch (type) {
    case SettingType::Text:
      return "text";
    case SettingType::Number:
      return "number";
    case SettingType::Bool:
      return "bool";
    case SettingType::Duration:
      return "duration";
    case SettingType::Size:
      return "size";
    case SettingType::Path:
      return "path";
    case SettingType::Address:
      return "address";
    case SettingType::Enumeration:
      return "enumeration";
    case SettingType::List:
      return "list";
    case SettingType::AddressList:
      return "address list";
    case SettingType::NetworkList:
      return "network list";
  }
  return "";
}

}  // namespace siploom::registry
