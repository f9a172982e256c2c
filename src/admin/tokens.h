// API tokens: "sl_" and a random text that is shown once; kept is its hash. A token may never do
// more than its owner, even when the owner's role or scope is narrowed later.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/database.h"
#include "admin/page.h"
#include "admin/permission.h"

namespace siploom::admin {

constexpr std::string_view kTokenPrefix = "sl_";
constexpr int64_t kMaxTokensPerUser = 100;

struct Token {
  int64_t id = 0, owner_id = 0;
  std::string owner, name;
  std::string hint;  // how it begins, to tell one from another
  Role role = Role::Viewer;
  std::string scope;
  Timestamp created = kNoTime, expires = kNoTime, last_used = kNoTime;  // kNoTime: never
};

struct NewToken {
  int64_t owner_id = 0;
  std::string name;
  Role role = Role::Viewer;
  std::string scope;            // joined to the owner's
  Timestamp expires = kNoTime;  // kNoTime: never
};

class Tokens final {
 public:
  explicit Tokens(Database& database) : database_(database) {}

  struct Made {
    Token token;
    std::string secret;
  };
  // InvalidArgument when its role may do what the owner's may not.
  Result<Made> make(const NewToken& token);
  // Whose token it is; NotFound: nobody's, expired, or of somebody disabled. Notes the time, at
  // most once a minute.
  Result<Identity> find(std::string_view secret);
  // The same by its id; asking is no use of it.
  Result<Identity> get(int64_t id);
  Result<Listed<Token>> list(std::optional<int64_t> owner_id, const Page& page = {});
  // NotFound when there is none; `owner`: only if it is this user's.
  Result<void> revoke(int64_t id, std::optional<int64_t> owner);

 private:
  Database& database_;
};

}  // namespace siploom::admin
