#include "admin/login.h"

#include "admin/secret.h"

namespace siploom::admin {

Result<std::string> Login::dummy_hash() {
  const std::lock_guard lock(mutex_);
  if (dummy_.empty()) dummy_ = SL_TRY(hash_password(make_secret(), users_.cost()));
  return dummy_;
}

Result<LoginResult> Login::authenticate_password(std::string_view name, std::string_view password,
                                                 const IpAddress& from) {
  using enum LoginResult::Outcome;
  if (const auto left = throttle_.begin(name, from)) return LoginResult{Throttled, 0, *left};
  // A password that long is nobody's, and hashing it would cost the more.
  if (password.size() > kMaxPasswordOctets) return LoginResult{};
  const auto who = SL_TRY(users_.credentials(name));
  const bool known = who && !who->hash.empty();
  const std::string hash = known ? who->hash : SL_TRY(dummy_hash());
  if (!verify_password(hash, password) || !known) return LoginResult{};
  if (!who->enabled) return LoginResult{Disabled, who->id, 0};
  throttle_.succeeded(name, from);
  auto noted = users_.logged_in(*who, password);
  if (noted) return LoginResult{Ok, who->id, 0};
  if (noted.error().code == ErrorCode::NotFound) return LoginResult{};
  return tl::unexpected<Error>(std::move(noted.error()));
}

}  // namespace siploom::admin
