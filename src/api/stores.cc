#include "api/stores.h"

namespace siploom::api {

using registry::SettingId;

namespace {

admin::ThrottleLimits throttle_limits(const admin::Settings& settings) {
  admin::ThrottleLimits limits;
  limits.free_failures = static_cast<int>(settings.number(SettingId::LoginFreeFailures));
  limits.name_delay_max = settings.duration(SettingId::LoginNameDelayMax);
  limits.address_delay_max = settings.duration(SettingId::LoginAddressDelayMax);
  return limits;
}

}  // namespace

Stores::Stores(std::unique_ptr<admin::Database> opened, Options options)
    : database_(std::move(opened)),
      database(*database_),
      users(database, options.password_cost),
      sessions(database),
      tokens(database),
      throttle(options.clock, throttle_limits(options.given)),
      login(users, throttle),
      setup(database, users),
      audit(database),
      aliases(database),
      saved_searches(database),
      notes(database),
      holds(database),
      settings(database, std::move(options.given)) {}

Result<std::unique_ptr<Stores>> Stores::open(Options options) {
  auto database = SL_TRY(admin::Database::open(options.path, options.clock));
  auto stores = std::unique_ptr<Stores>(new Stores(std::move(database), std::move(options)));
  stores->warnings_ = SL_TRY(stores->settings.load());
  SL_TRY_VOID(stores->aliases.load());
  stores->apply_settings();
  return stores;
}

void Stores::apply_settings() {
  const auto now = settings.snapshot();
  sessions.set_limits(
      {now->duration(SettingId::SessionAbsolute), now->duration(SettingId::SessionIdle)});
  throttle.set_limits(throttle_limits(*now));
}

}  // namespace siploom::api
