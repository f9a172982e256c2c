#include "admin/holds.h"

#include <fmt/format.h>

#include "admin/text_rules.h"
#include "base/text.h"
#include "query/filter.h"

namespace siploom::admin {

namespace {

Hold to_hold(const Row& row) {
  Hold hold;
  hold.id = row.number(0);
  hold.filter = row.text(1);
  hold.since = row.time(2);
  hold.until = row.time(3);
  hold.reason = row.text(4);
  hold.set_by = row.text(5);
  hold.set_at = row.time(6);
  hold.removed_by = row.text(7);
  hold.removed_at = row.time(8);
  return hold;
}

Result<void> check_hold(const Hold& hold) {
  if (trim(hold.reason).empty())
    return fail(ErrorCode::InvalidArgument, "reason: a hold needs one");
  SL_TRY_VOID(check_text("reason", hold.reason, kMaxNoteOctets, Lines::Many));
  if (hold.call_ids.empty() && trim(hold.filter).empty())
    return fail(ErrorCode::InvalidArgument, "a hold names calls or has a filter");
  if (hold.call_ids.size() > kMaxCallsOfHold) {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("at most {} calls in one hold", kMaxCallsOfHold));
  }
  for (const std::string& call_id : hold.call_ids) {
    if (call_id.empty()) return fail(ErrorCode::InvalidArgument, "Call-ID: it is empty");
    SL_TRY_VOID(check_text("Call-ID", call_id, kMaxCallIdOctets));
  }
  SL_TRY_VOID(check_text("filter", hold.filter, kMaxFilterOctets, Lines::Many));
  if (auto filter = query::Filter::compile(hold.filter, registry::Scope::Call); !filter)
    return tl::unexpected<Error>(std::move(filter.error()));
  if (is_known(hold.since) && is_known(hold.until) && hold.until <= hold.since)
    return fail(ErrorCode::InvalidArgument, "a hold ends after it begins");
  return {};
}

Result<void> read_calls(Connection& db, Hold& hold) {
  hold.call_ids = SL_TRY(db.all("SELECT call_id FROM hold_calls WHERE hold_id = ?", {hold.id},
                                [](const Row& row) { return row.text(0); }));
  return {};
}

}  // namespace

Result<Hold> Holds::set(const Hold& hold, const Identity& by) {
  SL_TRY_VOID(check_hold(hold));
  return database_.write([&](Connection& db) -> Result<Hold> {
    if (SL_TRY(db.number("SELECT count(*) FROM holds WHERE removed_at IS NULL")) >=
        kMaxActiveHolds) {
      return fail(ErrorCode::LimitExceeded,
                  fmt::format("at most {} holds are active at once", kMaxActiveHolds));
    }
    Hold out = hold;
    out.set_by = by.user_name;
    out.set_at = database_.now();
    out.removed_by.clear();
    out.removed_at = kNoTime;
    SL_TRY_VOID(
        db.run("INSERT INTO holds (filter, since, until, reason, set_by, set_at) "
               "VALUES (?, ?, ?, ?, ?, ?)",
               {hold.filter, hold.since, hold.until, hold.reason, out.set_by, out.set_at}));
    out.id = db.last_id();
    for (const std::string& call_id : hold.call_ids) {
      SL_TRY_VOID(db.run("INSERT OR IGNORE INTO hold_calls VALUES (?, ?)", {out.id, call_id}));
    }
    SL_TRY_VOID(read_calls(db, out));
    return out;
  });
}

Result<void> Holds::remove(int64_t id, const Identity& by) {
  return database_.write([&](Connection& db) -> Result<void> {
    if (SL_TRY(db.run("UPDATE holds SET removed_by = ?, removed_at = ? WHERE id = ? AND "
                      "removed_at IS NULL",
                      {by.user_name, database_.now(), id})) == 0)
      return fail(ErrorCode::NotFound, fmt::format("no active hold has the id {}", id));
    return {};
  });
}

Result<Listed<Hold>> Holds::list(bool only_active, const Page& page) {
  return database_.read([&](Connection& db) -> Result<Listed<Hold>> {
    auto rows =
        SL_TRY(db.all("SELECT id, filter, since, until, reason, set_by, set_at, "
                      "coalesce(removed_by, ''), removed_at FROM holds WHERE id > ?1 AND "
                      "(NOT ?2 OR removed_at IS NULL) ORDER BY id LIMIT ?3",
                      {page.cursor.value_or(0), only_active, page.rows() + 1}, to_hold));
    auto listed = cut_page(std::move(rows), page, [](const Hold& hold) { return hold.id; });
    for (Hold& hold : listed.rows) SL_TRY_VOID(read_calls(db, hold));
    return listed;
  });
}

Result<bool> Holds::names_call(std::string_view call_id, Timestamp start) {
  return database_.read([&](Connection& db) -> Result<bool> {
    return SL_TRY(db.number(
               "SELECT EXISTS (SELECT 1 FROM hold_calls c JOIN holds h ON h.id = c.hold_id "
               "WHERE c.call_id = ?1 AND h.removed_at IS NULL AND "
               "(?2 IS NULL OR h.since IS NULL OR h.since <= ?2) AND "
               "(?2 IS NULL OR h.until IS NULL OR ?2 < h.until))",
               {call_id, start})) != 0;
  });
}

}  // namespace siploom::admin
