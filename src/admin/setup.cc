#include "admin/setup.h"

#include "admin/secret.h"
#include "admin/text_rules.h"

namespace siploom::admin {

namespace {

Result<bool> is_open(Connection& db) {
  // Ids of users are counted up for good: whoever was removed has been there.
  return SL_TRY(db.number("SELECT (SELECT closed FROM setup) = 0 AND NOT EXISTS (SELECT 1 FROM "
                          "users) AND NOT EXISTS (SELECT 1 FROM sqlite_sequence "
                          "WHERE name = 'users')")) == 1;
}

tl::unexpected<Error> closed() {
  return fail(ErrorCode::InvalidArgument, "setup is done: log in, or ask an admin for an account");
}

Result<void> check_token(Connection& db, std::string_view token, Timestamp now) {
  const Sha256 hash = sha256(token);
  struct Kept {
    std::string hash;
    Timestamp expires;
  };
  const auto kept = SL_TRY(
      db.find("SELECT coalesce(token_hash, x''), expires FROM setup", {}, [](const Row& row) {
        return Kept{row.text(0), row.time(1)};
      }));
  if (!kept || !equal_secrets(kept->hash, as_text(hash)))
    return fail(ErrorCode::InvalidArgument, "this is not the setup token of the last start");
  if (now >= kept->expires) {
    return fail(ErrorCode::InvalidArgument,
                "the setup token has expired: start siploom again for another one");
  }
  return {};
}

}  // namespace

Result<bool> Setup::is_needed() {
  return database_.read([](Connection& db) { return is_open(db); });
}

Result<std::string> Setup::make_setup_token() {
  std::string token = make_secret();
  const Sha256 hash = sha256(token);
  auto kept = database_.write([&](Connection& db) -> Result<void> {
    if (!SL_TRY(is_open(db))) return closed();
    SL_TRY_VOID(db.run("UPDATE setup SET token_hash = ?, expires = ?",
                       {ByteSpan(hash), database_.now() + kSetupTokenLife}));
    return {};
  });
  SL_TRY_VOID(std::move(kept));
  return token;
}

Result<User> Setup::redeem_setup(std::string_view token, const std::string& name,
                                 const std::string& password) {
  const NewUser admin{name, "", Role::Admin, "", password};
  // The cheap questions first: nobody without the token makes this server hash.
  auto asked = database_.read([&](Connection& db) -> Result<void> {
    if (!SL_TRY(is_open(db))) return closed();
    return check_token(db, token, database_.now());
  });
  SL_TRY_VOID(std::move(asked));
  SL_TRY_VOID(check_name("user name", name));
  SL_TRY_VOID(check_password(name, password));
  const std::string hash = SL_TRY(hash_password(password, users_.cost()));
  auto id = database_.write([&](Connection& db) -> Result<int64_t> {
    if (!SL_TRY(is_open(db))) return closed();
    SL_TRY_VOID(check_token(db, token, database_.now()));
    SL_TRY_VOID(db.run("UPDATE setup SET token_hash = NULL, expires = NULL, closed = 1"));
    return insert_user(db, admin, hash, database_.now());
  });
  return users_.get(SL_TRY(std::move(id)));
}

}  // namespace siploom::admin
