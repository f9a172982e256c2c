// What settings and holds say to the parts of a running server: at its start, and when they are
// changed through the API.
#pragma once

#include <vector>

#include "api/api.h"
#include "intake/options.h"
#include "store/holding.h"
#include "store/retention.h"

namespace siploom::api {

store::RetentionPolicy retention_policy(const admin::Settings& settings);
intake::RateLimit rate_limit(const admin::Settings& settings);
// All that are in force, for retention.
Result<std::vector<store::Hold>> holds_in_force(admin::Holds& holds);

// After `changed` has been given another value. Settings that are read whenever they are needed
// are no concern of it. Error: what the intake has against it; all else was done.
Result<void> apply_setting(const ApiContext& context, const registry::SettingInfo& changed);

}  // namespace siploom::api
