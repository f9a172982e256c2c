// Settings: the value of each setting of registry/settings.toml, from where it was given with the
// greatest weight. A plain value; needs no database.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/net.h"
#include "base/result.h"
#include "base/time.h"
#include "registry/settings.h"

namespace siploom::admin {

// In the order of their weight.
enum class Origin : uint8_t { Default, Database, File, Environment, CommandLine };
constexpr size_t kOriginCount = 5;
std::string_view origin_name(Origin origin);  // "default", ...

struct Given {
  std::string text;
  std::string where;  // "siploom.toml:12", "SIPLOOM_LOG_LEVEL", "--log-level"; of others empty
};
struct Effective {
  std::string text;
  Origin origin = Origin::Default;
  std::string where;
};

constexpr size_t kMaxSettingOctets = 4'096;
constexpr size_t kMaxSettingsFileOctets = 1 << 20;

class Settings final {
 public:
  Settings();

  // Each error names the key, where it stands, what is wrong and, of a misspelt key, the nearest.
  // Values that are wrong change nothing.
  Result<void> set(Origin origin, std::string_view key, std::string_view value,
                   std::string_view where = {});
  void unset(Origin origin, registry::SettingId id);
  // "--flag" of the command line, with or without its dashes.
  Result<void> set_flag(std::string_view flag, std::string_view value);
  // Takes the SIPLOOM_* variables of `environment` (null-terminated, as environ). Gives warnings
  // of those that are no setting: others may use the prefix, too.
  Result<std::vector<std::string>> load_environment(const char* const* environment);
  // TOML; all that is wrong with a file is told at once, one line each.
  Result<void> load_file(const std::string& path);
  Result<void> load_toml(std::string_view text, std::string_view file_name);
  // What no value can tell alone: a certificate without its key.
  Result<void> check() const;

  Effective get(registry::SettingId id) const;
  // Of the type that the setting has: asking for another one is a programmer's error.
  std::string text(registry::SettingId id) const;  // Text, Path, Enumeration
  int64_t number(registry::SettingId id) const;
  bool flag(registry::SettingId id) const;
  Nanoseconds duration(registry::SettingId id) const;
  uint64_t size_bytes(registry::SettingId id) const;
  std::vector<std::string> list(registry::SettingId id) const;
  std::vector<Endpoint> addresses(registry::SettingId id) const;  // Address, AddressList
  std::vector<Cidr> networks(registry::SettingId id) const;

 private:
  std::array<std::array<std::optional<Given>, kOriginCount>, registry::kSettingCount> given_;
};

// Whether `value` is one for this setting; the error does not name the key.
Result<void> check_setting(const registry::SettingInfo& setting, std::string_view value);

}  // namespace siploom::admin
