#include "admin/users.h"

#include <fmt/format.h>

#include "admin/scope.h"
#include "admin/text_rules.h"

namespace siploom::admin {

namespace {

#define USER_COLUMNS                                                           \
  "SELECT id, name, display_name, role, scope, enabled, created, last_login, " \
  "password_changed, preferences, source, coalesce(external_id, '') FROM users "

User to_user(const Row& row) {
  User user;
  user.id = row.number(0);
  user.name = row.text(1);
  user.display_name = row.text(2);
  // A role that this version does not know may do the least.
  user.role = find_role(row.text(3)).value_or(Role::Viewer);
  user.scope = row.text(4);
  user.enabled = row.flag(5);
  user.created = row.time(6);
  user.last_login = row.time(7);
  user.password_changed = row.time(8);
  user.preferences = row.text(9);
  user.source = row.text(10);
  user.external_id = row.text(11);
  return user;
}

Result<User> get_user(Connection& db, int64_t id) {
  auto user = SL_TRY(db.find(USER_COLUMNS "WHERE id = ?", {id}, to_user));
  if (!user) return fail(ErrorCode::NotFound, fmt::format("no user has the id {}", id));
  return std::move(*user);
}

Result<void> check_user_name_free(Connection& db, std::string_view name, int64_t but_of) {
  if (SL_TRY(db.number("SELECT count(*) FROM users WHERE name_key = ? AND id <> ?",
                       {name_key(name), but_of})) != 0)
    return fail(ErrorCode::InvalidArgument, fmt::format("there is a user {} already", name));
  return {};
}

Result<void> check_preferences(Connection& db, const std::string& json) {
  SL_TRY_VOID(check_text("preferences", json, kMaxPreferencesOctets, Lines::Many));
  if (SL_TRY(db.number("SELECT json_valid(?1) AND json_type(?1) = 'object'", {json})) != 1)
    return fail(ErrorCode::InvalidArgument, "preferences: no JSON object");
  return {};
}

Result<void> need_another_admin(Connection& db, int64_t but) {
  if (SL_TRY(db.number("SELECT count(*) FROM users WHERE role = 'admin' AND enabled AND id <> ?",
                       {but})) != 0)
    return {};
  return fail(ErrorCode::InvalidArgument,
              "this is the last admin who can log in: make another one first");
}

bool rules(const User& user) { return user.role == Role::Admin && user.enabled; }

Result<void> end_sessions(Connection& db, int64_t user) {
  SL_TRY_VOID(db.run("DELETE FROM sessions WHERE user_id = ?", {user}));
  return {};
}

Result<void> check_texts(const std::optional<std::string>& name,
                         const std::optional<std::string>& display_name,
                         const std::optional<std::string>& scope) {
  if (name) SL_TRY_VOID(check_name("user name", *name));
  if (display_name && !display_name->empty())
    SL_TRY_VOID(check_name("display name", *display_name));
  if (scope) SL_TRY_VOID(check_scope("scope", *scope));
  return {};
}

Result<User> change_user(Connection& db, int64_t id, const UserChange& change) {
  User user = SL_TRY(get_user(db, id));
  const bool ruled = rules(user);
  if (change.name) {
    SL_TRY_VOID(check_user_name_free(db, *change.name, id));
    user.name = *change.name;
  }
  if (change.preferences) {
    SL_TRY_VOID(check_preferences(db, *change.preferences));
    user.preferences = *change.preferences;
  }
  user.display_name = change.display_name.value_or(user.display_name);
  user.scope = change.scope.value_or(user.scope);
  user.role = change.role.value_or(user.role);
  user.enabled = change.enabled.value_or(user.enabled);
  if (ruled && !rules(user)) SL_TRY_VOID(need_another_admin(db, id));
  SL_TRY_VOID(
      db.run("UPDATE users SET name = ?, name_key = ?, display_name = ?, role = ?, "
             "scope = ?, enabled = ?, preferences = ? WHERE id = ?",
             {user.name, name_key(user.name), user.display_name, role_name(user.role), user.scope,
              user.enabled, user.preferences, id}));
  if (!user.enabled) SL_TRY_VOID(end_sessions(db, id));
  return user;
}

}  // namespace

Result<int64_t> insert_user(Connection& db, const NewUser& user, std::string_view hash,
                            Timestamp now) {
  SL_TRY_VOID(check_texts(user.name, user.display_name, user.scope));
  SL_TRY_VOID(check_user_name_free(db, user.name, 0));
  if (SL_TRY(db.number("SELECT count(*) FROM users")) >= kMaxUsers)
    return fail(ErrorCode::LimitExceeded, fmt::format("there are {} users already", kMaxUsers));
  SL_TRY_VOID(
      db.run("INSERT INTO users (name, name_key, display_name, role, scope, created, "
             "password_hash, password_changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
             {user.name, name_key(user.name), user.display_name, role_name(user.role), user.scope,
              now, hash, now}));
  return db.last_id();
}

Result<User> Users::add(const NewUser& user) {
  SL_TRY_VOID(check_texts(user.name, user.display_name, user.scope));
  SL_TRY_VOID(check_password(user.name, user.password));
  // Hashing takes a while: not under the lock.
  const std::string hash = SL_TRY(hash_password(user.password, cost_));
  return database_.write([&](Connection& db) -> Result<User> {
    const int64_t id = SL_TRY(insert_user(db, user, hash, database_.now()));
    return get_user(db, id);
  });
}

Result<User> Users::get(int64_t id) {
  return database_.read([&](Connection& db) { return get_user(db, id); });
}

Result<User> Users::get_by_name(std::string_view name) {
  return database_.read([&](Connection& db) -> Result<User> {
    auto user = SL_TRY(db.find(USER_COLUMNS "WHERE name_key = ?", {name_key(name)}, to_user));
    if (!user)
      return fail(ErrorCode::NotFound, fmt::format("there is no user {}", tamed(name, 256)));
    return std::move(*user);
  });
}

Result<Listed<User>> Users::list(const Page& page) {
  return database_.read([&](Connection& db) -> Result<Listed<User>> {
    auto rows = SL_TRY(db.all(USER_COLUMNS "WHERE id > ? ORDER BY id LIMIT ?",
                              {page.cursor.value_or(0), page.rows() + 1}, to_user));
    return cut_page(std::move(rows), page, [](const User& user) { return user.id; });
  });
}

Result<int64_t> Users::count() {
  return database_.read([](Connection& db) { return db.number("SELECT count(*) FROM users"); });
}

Result<User> Users::change(int64_t id, const UserChange& change) {
  SL_TRY_VOID(check_texts(change.name, change.display_name, change.scope));
  return database_.write([&](Connection& db) { return change_user(db, id, change); });
}

Result<void> Users::remove(int64_t id) {
  return database_.write([&](Connection& db) -> Result<void> {
    const User user = SL_TRY(get_user(db, id));
    if (rules(user)) SL_TRY_VOID(need_another_admin(db, id));
    SL_TRY_VOID(db.run("DELETE FROM users WHERE id = ?", {id}));
    return {};
  });
}

Result<void> Users::set_password(int64_t id, std::string_view password) {
  const User user = SL_TRY(get(id));
  if (user.source != "local") {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} logs in with a password of {}", user.name, user.source));
  }
  SL_TRY_VOID(check_password(user.name, password));
  const std::string hash = SL_TRY(hash_password(password, cost_));
  return database_.write([&](Connection& db) -> Result<void> {
    if (SL_TRY(db.run("UPDATE users SET password_hash = ?, password_changed = ? WHERE id = ?",
                      {hash, database_.now(), id})) == 0)
      return fail(ErrorCode::NotFound, fmt::format("no user has the id {}", id));
    return end_sessions(db, id);
  });
}

Result<std::optional<Users::Credentials>> Users::credentials(std::string_view name) {
  return database_.read([&](Connection& db) {
    return db.find(
        "SELECT id, enabled, coalesce(password_hash, '') FROM users "
        "WHERE name_key = ? AND source = 'local'",
        {name_key(name)}, [](const Row& row) {
          return Credentials{row.number(0), row.flag(1), row.text(2)};
        });
  });
}

Result<void> Users::logged_in(const Credentials& who, std::string_view password) {
  std::string hash = who.hash;
  if (needs_rehash(who.hash, cost_)) hash = SL_TRY(hash_password(password, cost_));
  return database_.write([&](Connection& db) -> Result<void> {
    // Only over the hash that was compared with: the password may have been changed meanwhile.
    if (SL_TRY(db.run("UPDATE users SET last_login = ?, password_hash = ? "
                      "WHERE id = ? AND password_hash = ? AND enabled",
                      {database_.now(), hash, who.id, who.hash})) == 0)
      return fail(ErrorCode::NotFound, "the user has just been changed: log in again");
    return {};
  });
}

Result<std::string> Users::role_scope(Role role) {
  return database_.read([&](Connection& db) -> Result<std::string> {
    auto scope = SL_TRY(db.find("SELECT scope FROM roles WHERE name = ?", {role_name(role)},
                                [](const Row& row) { return row.text(0); }));
    return std::move(scope).value_or("");
  });
}

Result<void> Users::set_role_scope(Role role, std::string_view scope) {
  SL_TRY_VOID(check_scope("scope", scope));
  return database_.write([&](Connection& db) -> Result<void> {
    SL_TRY_VOID(db.run("UPDATE roles SET scope = ? WHERE name = ?", {scope, role_name(role)}));
    return {};
  });
}

}  // namespace siploom::admin
