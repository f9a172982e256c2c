// Login by name and password.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "admin/throttle.h"
#include "admin/users.h"

namespace siploom::admin {

struct LoginResult {
  enum class Outcome : uint8_t { Ok, Wrong, Throttled, Disabled };
  Outcome outcome = Outcome::Wrong;  // Disabled only to who knows the password
  int64_t user_id = 0;               // of Ok and Disabled
  Nanoseconds retry_after = 0;       // of Throttled
};

class Login final {
 public:
  Login(Users& users, LoginThrottle& throttle) : users_(users), throttle_(throttle) {}

  // An error is the database's. Unknown users take as long as known ones.
  Result<LoginResult> authenticate_password(std::string_view name, std::string_view password,
                                            const IpAddress& from);

 private:
  Result<std::string> dummy_hash();

  Users& users_;
  LoginThrottle& throttle_;
  std::mutex mutex_;
  std::string dummy_;  // of a password that nobody has
};

}  // namespace siploom::admin
