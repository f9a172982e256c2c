#include "api/apply.h"

namespace siploom::api {

using registry::SettingId;

store::RetentionPolicy retention_policy(const admin::Settings& settings) {
  store::RetentionPolicy policy;
  const auto age = [&](store::Shelf shelf, SettingId id) {
    policy.shelves[static_cast<size_t>(shelf)].max_age = settings.duration(id);
  };
  age(store::Shelf::Sip, SettingId::RetentionSipAge);
  age(store::Shelf::Media, SettingId::RetentionMediaAge);
  age(store::Shelf::Streams, SettingId::RetentionMediaAge);
  age(store::Shelf::Logs, SettingId::RetentionLogAge);
  age(store::Shelf::Events, SettingId::RetentionEventAge);
  age(store::Shelf::Calls, SettingId::RetentionCallAge);
  age(store::Shelf::Ledger, SettingId::RetentionCallAge);
  policy.max_bytes = settings.size_bytes(SettingId::RetentionSizeMax);
  policy.min_free_bytes = settings.size_bytes(SettingId::RetentionDiskFreeMin);
  return policy;
}

intake::RateLimit rate_limit(const admin::Settings& settings) {
  intake::RateLimit rate;
  rate.messages_per_s = static_cast<uint64_t>(settings.number(SettingId::HepPacketsPerSecond));
  return rate;
}

Result<std::vector<store::Hold>> holds_in_force(admin::Holds& holds) {
  std::vector<store::Hold> out;
  admin::Page page;
  page.limit = admin::kMaxPage;
  while (true) {
    const auto listed = SL_TRY(holds.list(true, page));
    for (const admin::Hold& hold : listed.rows) {
      out.push_back({hold.call_ids, hold.filter, hold.since, hold.until});
    }
    if (!listed.next) return out;
    page.cursor = *listed.next;
  }
}

Result<void> apply_setting(const ApiContext& context, const registry::SettingInfo& changed) {
  context.stores.apply_settings();
  const auto settings = context.stores.settings.snapshot();
  if (context.settings_changed) context.settings_changed(*settings);
  if (changed.key.starts_with("retention.")) {
    context.collector.upkeep().set_retention(retention_policy(*settings));
  }
  intake::Intake* const intake = context.collector.intake();
  if (intake == nullptr || !changed.key.starts_with("hep.")) return {};
  return intake->set_limits(settings->networks(SettingId::HepAllowedSenders),
                            rate_limit(*settings));
}

}  // namespace siploom::api
