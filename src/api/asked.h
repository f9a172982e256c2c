// Asked: one request as handlers see it: who asks, and what with. Its readers of parameters give
// errors that name the parameter and what it should have been.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/audit.h"
#include "admin/page.h"
#include "admin/permission.h"
#include "api/core.h"
#include "http/message.h"
#include "store/search.h"

namespace siploom::api {

constexpr size_t kDefaultRows = 100, kMaxRows = 10'000;
constexpr Nanoseconds kDefaultPatience = 30 * kSecond, kMaxPatience = 300 * kSecond;

struct TimeRange {
  Timestamp from = kNoTime, to = kNoTime;  // kNoTime: open
};

// What the gate found out; in Request::context.
struct Caller {
  std::shared_ptr<Core> core;  // outlives the slot
  admin::Identity who;
  bool known = false;
  IpAddress from;
  bool secure = false;         // came over TLS, as far as we or a trusted proxy can tell
  std::shared_ptr<void> slot;  // of searches at once, as long as the request lives
};

struct Asked {
  std::shared_ptr<Core> core;
  http::Request& request;
  std::shared_ptr<Caller> caller;  // streams keep it: it holds the slot of a search
  mutable std::optional<store::View> kept = {};

  const admin::Identity& who() const { return caller->who; }
  bool may(admin::Permission permission) const { return caller->who.may(permission); }
  // Whose things a request is about: one's own, or anybody's (nothing) with this permission.
  std::optional<int64_t> owner_unless(admin::Permission anybody) const {
    if (may(anybody)) return std::nullopt;
    return who().user_id;
  }
  Stores& stores() const { return core->context.stores; }
  pipeline::Collector& collector() const { return core->context.collector; }
  store::Search& search() const { return core->context.collector.search(); }
  Timestamp now() const { return core->context.clock(); }

  // Of the query. Empty: not given.
  std::string_view param(std::string_view name) const { return request.query.get(name); }
  bool has(std::string_view name) const { return request.query.find(name).has_value(); }
  Result<int64_t> number(std::string_view name, int64_t otherwise, int64_t least,
                         int64_t most) const;
  Result<bool> flag(std::string_view name, bool otherwise) const;
  // RFC 3339 and what base/time.h takes; "now"; "-15m": so long ago. kNoTime: not given.
  Result<Timestamp> time(std::string_view name) const;
  Result<Nanoseconds> duration(std::string_view name, Nanoseconds otherwise, Nanoseconds least,
                               Nanoseconds most) const;
  // At commas.
  std::vector<std::string> list(std::string_view name) const;
  // One of `choices`, separated by blanks; the first one when it is not given.
  Result<std::string> choice(std::string_view name, std::string_view choices) const;
  Result<TimeRange> range() const;                       // from, to
  Result<admin::Page> page() const;                      // limit, cursor, of admin lists
  Result<int64_t> path_id(std::string_view name) const;  // an id in the path
  Result<store::QueryControl> control() const;           // by timeout
  // What is asked of a table: filter, from, to, timeout; with the scope of who asks, and calls that
  // are going on.
  Result<store::Question> question(store::Table table) const;
  // Takes the view, and adds the calls that are going on where the question is about calls.
  void add_live_calls(store::Question& question) const;
  // What is kept; once question() was called, as it was then: with the calls that are going on
  // beside it each call is there once.
  store::View view() const { return kept ? *kept : collector().store().view(); }

  // Writes to the audit log; `detail` is a JSON object.
  void audit(admin::AuditAction action, std::string object, std::string detail = "{}",
             std::string result = "ok") const;
};

// Time texts as Asked::time() takes them.
std::optional<Timestamp> parse_when(std::string_view text, Timestamp now);
// Words of a list of them.
std::vector<std::string_view> words_of(std::string_view text, char separator = ' ');

}  // namespace siploom::api
