#include "admin/settings_store.h"

#include <fmt/format.h>

#include "admin/text_rules.h"

namespace siploom::admin {

SettingsStore::SettingsStore(Database& database, Settings given)
    : database_(database), settings_(std::make_shared<const Settings>(std::move(given))) {}

std::shared_ptr<const Settings> SettingsStore::snapshot() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void SettingsStore::publish(Settings settings) {
  auto fresh = std::make_shared<const Settings>(std::move(settings));
  const std::lock_guard lock(mutex_);
  settings_ = std::move(fresh);
}

Result<std::vector<StoredSetting>> SettingsStore::list() {
  // Not more than there are settings, and perhaps some of an older version.
  return database_.read([](Connection& db) {
    return db.all("SELECT key, value, changed_by, changed FROM settings ORDER BY key LIMIT 1000",
                  {}, [](const Row& row) {
                    return StoredSetting{row.text(0), row.text(1), row.text(2), row.time(3)};
                  });
  });
}

Result<std::vector<std::string>> SettingsStore::load() {
  const std::lock_guard one(write_mutex_);
  Settings settings = *snapshot();
  for (const registry::SettingInfo& each : registry::settings())
    settings.unset(Origin::Database, each.id);
  std::vector<std::string> warnings;
  for (const StoredSetting& row : SL_TRY(list())) {
    Settings with = settings;
    auto done = with.set(Origin::Database, row.key, row.value, "database");
    if (done) done = with.check();
    if (done) {
      settings = std::move(with);
    } else {
      warnings.push_back(fmt::format("{}; it is left aside", done.error().message));
    }
  }
  publish(std::move(settings));
  return warnings;
}

Result<void> SettingsStore::set(std::string_view key, std::string_view value, std::string_view by) {
  const std::lock_guard one(write_mutex_);
  Settings settings = *snapshot();
  SL_TRY_VOID(settings.set(Origin::Database, key, value, "database"));
  SL_TRY_VOID(settings.check());
  SL_TRY_VOID(database_.write([&](Connection& db) {
    return db.run(
        "INSERT INTO settings VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
        "value = excluded.value, changed = excluded.changed, "
        "changed_by = excluded.changed_by",
        {key, value, database_.now(), tamed(by, kMaxLineOctets)});
  }));
  publish(std::move(settings));
  return {};
}

Result<void> SettingsStore::unset(std::string_view key) {
  const std::lock_guard one(write_mutex_);
  const int64_t gone = SL_TRY(database_.write(
      [&](Connection& db) { return db.run("DELETE FROM settings WHERE key = ?", {key}); }));
  if (gone == 0)
    return fail(ErrorCode::NotFound, fmt::format("{} is not set in the database", tamed(key, 80)));
  if (const registry::SettingInfo* setting = registry::find_setting(key)) {
    Settings settings = *snapshot();
    settings.unset(Origin::Database, setting->id);
    publish(std::move(settings));
  }
  return {};
}

}  // namespace siploom::admin
