// Stores: all that a server remembers beside its traffic, opened together (meta.db).
#pragma once

#include <memory>
#include <string>

#include "admin/aliases.h"
#include "admin/audit.h"
#include "admin/holds.h"
#include "admin/login.h"
#include "admin/notes.h"
#include "admin/saved_searches.h"
#include "admin/sessions.h"
#include "admin/settings_store.h"
#include "admin/setup.h"
#include "admin/tokens.h"

namespace siploom::api {

// Thread-safe, as each of its parts is. It stays where it was made: its parts hold references.
class Stores final {
 public:
  struct Options {
    std::string path;  // of meta.db
    admin::Clock clock;
    admin::Settings given;  // what command line, environment and file say
    admin::PasswordCost password_cost;
  };
  static Result<std::unique_ptr<Stores>> open(Options options);
  Stores(const Stores&) = delete;
  Stores& operator=(const Stores&) = delete;

  // Takes over what settings say of sessions and logins; after one has been changed, too.
  void apply_settings();
  // What settings said that this version does not take.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  explicit Stores(std::unique_ptr<admin::Database> opened, Options options);
  std::unique_ptr<admin::Database> database_;
  std::vector<std::string> warnings_;

 public:
  admin::Database& database;
  admin::Users users;
  admin::Sessions sessions;
  admin::Tokens tokens;
  admin::LoginThrottle throttle;
  admin::Login login;
  admin::Setup setup;
  admin::Audit audit;
  admin::Aliases aliases;
  admin::SavedSearches saved_searches;
  admin::Notes notes;
  admin::Holds holds;
  admin::SettingsStore settings;
};

}  // namespace siploom::api
