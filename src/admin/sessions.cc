#include "admin/sessions.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/scope.h"
#include "admin/secret.h"
#include "admin/text_rules.h"

namespace siploom::admin {

namespace {

struct FoundSession {
  Identity identity;
  Timestamp last_seen, expires;
};

tl::unexpected<Error> no_session() {
  return fail(ErrorCode::NotFound, "this session is over: log in again");
}

FoundSession to_found_session(const Row& row) {
  FoundSession out;
  Identity& who = out.identity;
  who.session_id = row.number(0);
  who.user_id = row.number(1);
  who.user_name = row.text(2);
  who.role = find_role(row.text(3)).value_or(Role::Viewer);
  who.permissions = permissions_of(who.role);
  who.scope = join_scopes({row.text(4), row.text(5)});
  who.proof = Proof::Session;
  who.csrf = row.text(6);
  out.last_seen = row.time(7);
  out.expires = row.time(8);
  return out;
}

#define SESSION_COLUMNS                                                                  \
  "SELECT s.id, u.id, u.name, u.role, r.scope, u.scope, s.csrf, s.last_seen, s.expires " \
  "FROM sessions s JOIN users u ON u.id = s.user_id JOIN roles r ON r.name = u.role "

bool has_ended(const FoundSession& found, const SessionLimits& limit, Timestamp now) {
  return now >= found.expires || now >= found.last_seen + limit.idle;
}

}  // namespace

SessionLimits Sessions::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

void Sessions::set_limits(const SessionLimits& limits) {
  const std::lock_guard lock(mutex_);
  limits_ = limits;
}

Result<NewSession> Sessions::make(int64_t user_id, const IpAddress& from,
                                  std::string_view user_agent) {
  const Timestamp now = database_.now();
  NewSession out{0, make_secret(), make_secret(), now + limits().absolute};
  const Sha256 hash = sha256(out.cookie);
  auto id = database_.write([&](Connection& db) -> Result<int64_t> {
    if (SL_TRY(db.number("SELECT count(*) FROM users WHERE id = ? AND enabled", {user_id})) == 0)
      return fail(ErrorCode::NotFound, fmt::format("no enabled user has the id {}", user_id));
    SL_TRY_VOID(
        db.run("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE "
               "user_id = ? ORDER BY last_seen DESC, id DESC LIMIT -1 OFFSET ?)",
               {user_id, kMaxSessionsPerUser - 1}));
    // The CSRF token is kept as it is: without the cookie it opens nothing.
    SL_TRY_VOID(
        db.run("INSERT INTO sessions (cookie_hash, csrf, user_id, created, last_seen, "
               "expires, address, user_agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
               {ByteSpan(hash), out.csrf, user_id, now, now, out.expires, format_ip(from),
                tamed(user_agent, kMaxUserAgentOctets)}));
    return db.last_id();
  });
  out.id = SL_TRY(std::move(id));
  return out;
}

Result<Identity> Sessions::find(std::string_view cookie) {
  const Sha256 hash = sha256(cookie);
  const Timestamp now = database_.now();
  const SessionLimits limit = limits();
  auto found = SL_TRY(database_.read([&](Connection& db) {
    return db.find(SESSION_COLUMNS "WHERE s.cookie_hash = ? AND u.enabled", {ByteSpan(hash)},
                   to_found_session);
  }));
  if (!found || has_ended(*found, limit, now)) return no_session();
  // A write a request would be one flush of the disk a request.
  if (now - found->last_seen >= std::min(kMinute, limit.idle / 8)) {
    SL_TRY_VOID(database_.write([&](Connection& db) {
      return db.run("UPDATE sessions SET last_seen = ? WHERE id = ?",
                    {now, found->identity.session_id});
    }));
  }
  return std::move(found->identity);
}

Result<Identity> Sessions::get(int64_t id) {
  auto found = SL_TRY(database_.read([&](Connection& db) {
    return db.find(SESSION_COLUMNS "WHERE s.id = ? AND u.enabled", {id}, to_found_session);
  }));
  if (!found || has_ended(*found, limits(), database_.now())) return no_session();
  return std::move(found->identity);
}

Result<Listed<Session>> Sessions::list(std::optional<int64_t> user_id, const Page& page) {
  const Timestamp now = database_.now();
  const Timestamp seen_after{now.ns - limits().idle};
  return database_.read([&](Connection& db) -> Result<Listed<Session>> {
    auto rows = SL_TRY(db.all(
        "SELECT s.id, s.user_id, u.name, s.address, s.user_agent, s.created, s.last_seen, "
        "s.expires FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id > ?1 AND "
        "(?2 IS NULL OR s.user_id = ?2) AND s.expires > ?3 AND s.last_seen > ?4 "
        "ORDER BY s.id LIMIT ?5",
        {page.cursor.value_or(0), user_id, now, seen_after, page.rows() + 1}, [](const Row& row) {
          return Session{row.number(0), row.number(1), row.text(2), row.text(3),
                         row.text(4),   row.time(5),   row.time(6), row.time(7)};
        }));
    return cut_page(std::move(rows), page, [](const Session& s) { return s.id; });
  });
}

Result<void> Sessions::revoke(int64_t id, std::optional<int64_t> owner) {
  return database_.write([&](Connection& db) -> Result<void> {
    if (SL_TRY(db.run("DELETE FROM sessions WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2)",
                      {id, owner})) == 0)
      return fail(ErrorCode::NotFound, fmt::format("no session has the id {}", id));
    return {};
  });
}

Result<void> Sessions::log_out(std::string_view cookie) {
  const Sha256 hash = sha256(cookie);
  return database_.write([&](Connection& db) -> Result<void> {
    SL_TRY_VOID(db.run("DELETE FROM sessions WHERE cookie_hash = ?", {ByteSpan(hash)}));
    return {};
  });
}

Result<int64_t> Sessions::revoke_all(int64_t user_id) {
  return database_.write(
      [&](Connection& db) { return db.run("DELETE FROM sessions WHERE user_id = ?", {user_id}); });
}

Result<int64_t> Sessions::purge() {
  const Timestamp now = database_.now();
  const Timestamp seen_before{now.ns - limits().idle};
  return database_.write([&](Connection& db) {
    return db.run("DELETE FROM sessions WHERE expires <= ? OR last_seen <= ?", {now, seen_before});
  });
}

}  // namespace siploom::admin
