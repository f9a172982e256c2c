// Sessions of browsers: a random cookie, of which only the hash is kept, and a CSRF token beside
// it.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "admin/database.h"
#include "admin/page.h"
#include "admin/permission.h"
#include "base/net.h"

namespace siploom::admin {

struct SessionLimits {
  Nanoseconds absolute = 12 * kHour;  // from the login on
  Nanoseconds idle = 2 * kHour;       // from the last request on
};
constexpr int64_t kMaxSessionsPerUser = 32;  // the ones unused for longest make room
constexpr size_t kMaxUserAgentOctets = 256;

struct NewSession {
  int64_t id = 0;
  std::string cookie;  // to be given to the browser once, HttpOnly
  std::string csrf;
  Timestamp expires = kNoTime;
};

struct Session {
  int64_t id = 0, user_id = 0;
  std::string user_name, address, user_agent;
  Timestamp created = kNoTime, last_seen = kNoTime, expires = kNoTime;
};

class Sessions final {
 public:
  explicit Sessions(Database& database, const SessionLimits& limits = {})
      : database_(database), limits_(limits) {}

  Result<NewSession> make(int64_t user_id, const IpAddress& from, std::string_view user_agent);
  // Whose cookie it is; NotFound: nobody's, expired, or of somebody disabled. Notes the time, at
  // most once a minute.
  Result<Identity> find(std::string_view cookie);
  // The same by its id; asking is no use of it.
  Result<Identity> get(int64_t id);
  Result<Listed<Session>> list(std::optional<int64_t> user_id, const Page& page = {});
  // NotFound when there is none; `owner`: only if it is this user's.
  Result<void> revoke(int64_t id, std::optional<int64_t> owner);
  Result<void> log_out(std::string_view cookie);
  Result<int64_t> revoke_all(int64_t user_id);
  // Takes out what has expired; how many. To be called now and then.
  Result<int64_t> purge();

  void set_limits(const SessionLimits& limits);

 private:
  SessionLimits limits() const;

  Database& database_;
  mutable std::mutex mutex_;
  SessionLimits limits_;
};

}  // namespace siploom::admin
