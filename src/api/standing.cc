#include "api/standing.h"

namespace siploom::api {

namespace {

// Error: the database's; it is asked again a second later.
Result<bool> stands(Stores& stores, const admin::Identity& who, admin::Permission permission) {
  const auto now = who.proof == admin::Proof::Token ? stores.tokens.get(who.token_id)
                                                    : stores.sessions.get(who.session_id);
  if (!now && now.error().code == ErrorCode::NotFound) return false;
  if (!now) return tl::unexpected<Error>(now.error());
  // Another scope may be a wider one, but what is given was begun with the old one.
  return now->user_id == who.user_id && now->may(permission) && now->scope == who.scope &&
         (now->may(admin::Permission::SecretsRead) || !who.may(admin::Permission::SecretsRead));
}

}  // namespace

void Standing::look(Stores& stores) {
  if (is_over() || stands(stores, who_, permission_).value_or(true)) return;
  over_ = true;
  if (on_over_) on_over_();
}

std::shared_ptr<Standing> Standings::add(const admin::Identity& who, admin::Permission permission,
                                         std::function<void()> on_over) {
  auto made = std::make_shared<Standing>(who, permission, std::move(on_over));
  const std::lock_guard lock(mutex_);
  std::erase_if(all_, [](const auto& each) { return each.expired(); });
  all_.push_back(made);
  return made;
}

void Standings::look(Stores& stores) {
  std::vector<std::weak_ptr<Standing>> all;
  {
    const std::lock_guard lock(mutex_);
    all = all_;
  }
  for (const auto& each : all) {
    if (const auto standing = each.lock()) standing->look(stores);
  }
}

}  // namespace siploom::api
