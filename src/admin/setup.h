// The first start: a one-time secret with which the first admin is made, and never another.
#pragma once

#include <string>
#include <string_view>

#include "admin/users.h"

namespace siploom::admin {

constexpr Nanoseconds kSetupTokenLife = 24 * kHour;

class Setup final {
 public:
  Setup(Database& database, Users& users) : database_(database), users_(users) {}

  // Whether there has never been a user.
  Result<bool> is_needed();
  // A fresh secret; the one before it is worth nothing from now on. Only its hash is kept, so a
  // server makes another one at every start. InvalidArgument when the door is closed.
  Result<std::string> make_setup_token();
  // Makes the first admin and closes the door for good.
  Result<User> redeem_setup(std::string_view token, const std::string& name,
                            const std::string& password);

 private:
  Database& database_;
  Users& users_;
};

}  // namespace siploom::admin
