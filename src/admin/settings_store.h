// SettingsStore: the settings in force, of which those that were changed while running are kept in
// the database. Thread-safe; readers take a snapshot.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "admin/database.h"
#include "admin/settings.h"

namespace siploom::admin {

struct StoredSetting {
  std::string key, value, changed_by;
  Timestamp changed = kNoTime;
};

class SettingsStore final {
 public:
  // `given`: what command line, environment and file say.
  SettingsStore(Database& database, Settings given);

  // Adds what is in the database. Gives warnings: a value that this version does not take is left
  // aside, so that a server starts and it can be put right.
  Result<std::vector<std::string>> load();
  // Kept, and in force if nothing of more weight says otherwise.
  Result<void> set(std::string_view key, std::string_view value, std::string_view by);
  // NotFound when it was not set here.
  Result<void> unset(std::string_view key);
  Result<std::vector<StoredSetting>> list();

  std::shared_ptr<const Settings> snapshot() const;

 private:
  void publish(Settings settings);

  Database& database_;
  std::mutex write_mutex_;  // a change and its publication are one
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;
};

}  // namespace siploom::admin
