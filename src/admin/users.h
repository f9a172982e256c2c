// Users: who may log in, as what, and what they see. Thread-safe, as the Database is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/database.h"
#include "admin/page.h"
#include "admin/password.h"
#include "admin/permission.h"

namespace siploom::admin {

constexpr size_t kMaxPreferencesOctets = 16'384;
constexpr int64_t kMaxUsers = 100'000;

struct User {
  int64_t id = 0;  // never used again for somebody else
  std::string name, display_name;
  Role role = Role::Viewer;
  std::string scope;
  bool enabled = true;
  Timestamp created = kNoTime, last_login = kNoTime, password_changed = kNoTime;
  std::string preferences = "{}";  // a JSON object
  std::string source = "local";    // local; later ldap, oidc
  std::string external_id;         // the name there
};

struct NewUser {
  std::string name, display_name;
  Role role = Role::Viewer;
  std::string scope, password;
};

// What stands in it is changed.
struct UserChange {
  std::optional<std::string> name, display_name, scope, preferences;
  std::optional<Role> role;
  std::optional<bool> enabled;
};

class Users final {
 public:
  explicit Users(Database& database, const PasswordCost& cost = {})
      : database_(database), cost_(cost) {}

  Result<User> add(const NewUser& user);
  Result<User> get(int64_t id);                     // NotFound
  Result<User> get_by_name(std::string_view name);  // any case; NotFound
  Result<Listed<User>> list(const Page& page = {});
  Result<int64_t> count();
  // InvalidArgument when nobody would be left who may manage users: the last enabled admin stays
  // one. Whoever is disabled loses all sessions.
  Result<User> change(int64_t id, const UserChange& change);
  // Sessions, tokens and saved searches go, too.
  Result<void> remove(int64_t id);
  // Ends all sessions of the user.
  Result<void> set_password(int64_t id, std::string_view password);

  // For logging in (admin/login.h): the hash is empty when there is no password here.
  struct Credentials {
    int64_t id = 0;
    bool enabled = false;
    std::string hash;
  };
  Result<std::optional<Credentials>> credentials(std::string_view name);
  // Notes the time; renews the hash when it was made at another cost.
  Result<void> logged_in(const Credentials& who, std::string_view password);

  // A part of the traffic for everybody of a role.
  Result<std::string> role_scope(Role role);
  Result<void> set_role_scope(Role role, std::string_view scope);

  const PasswordCost& cost() const { return cost_; }

 private:
  Database& database_;
  PasswordCost cost_;
};

// Inside a transaction: adds a user whose name and texts are checked here.
Result<int64_t> insert_user(Connection& db, const NewUser& user, std::string_view hash,
                            Timestamp now);

}  // namespace siploom::admin
