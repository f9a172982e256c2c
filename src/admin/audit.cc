#include "admin/audit.h"

#include <fmt/format.h>

#include <utility>

#include "admin/text_rules.h"

namespace siploom::admin {

namespace {

constexpr size_t kMaxBatch = 1'000;       // rows of one transaction
constexpr int64_t kVerifiedAtOnce = 500;  // rows, between which others get the database

#define AUDIT_COLUMNS                                                                         \
  "SELECT seq, time, user_id, user_name, token_id, address, action, object, detail, result, " \
  "hash FROM audit "

AuditRow to_row(const Row& row) {
  AuditRow out;
  read_audit_row(row, out);
  return out;
}

Result<AuditEnd> read_end(Connection& db, std::string_view sql) {
  auto end = SL_TRY(db.find(sql, {}, [](const Row& row) {
    return AuditEnd{row.number(0), row.text(1)};
  }));
  if (!end) return fail(ErrorCode::Malformed, db.path() + ": the audit log has lost its ends");
  return std::move(*end);
}
constexpr std::string_view kHead = "SELECT head_seq, head_hash FROM audit_ends";
constexpr std::string_view kAnchor = "SELECT anchor_seq, anchor_hash FROM audit_ends";

// Kept is what can be kept: the log takes every event, whatever is in it.
void tame(AuditEvent& event) {
  event.user = tamed(event.user, kMaxAuditTextOctets);
  event.address = tamed(event.address, kMaxAuditTextOctets);
  event.object = tamed(event.object, kMaxAuditTextOctets);
  event.result = tamed(event.result, kMaxAuditTextOctets);
  if (event.detail.size() > kMaxAuditDetailOctets ||
      !check_text("detail", event.detail, kMaxAuditDetailOctets, Lines::Many))
    event.detail = fmt::format(R"({{"left_out_octets":{}}})", event.detail.size());
}

Result<void> append(Connection& db, std::span<const AuditEvent> events) {
  AuditEnd head = SL_TRY(read_end(db, kHead));
  for (const AuditEvent& event : events) {
    AuditRow row{head.seq + 1, event, std::string(audit_action_name(event.action)), {}};
    const Sha256 hash = chain_hash(head.hash, row);
    head = {row.seq, std::string(as_text(hash))};
    SL_TRY_VOID(
        db.run("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               {row.seq, event.time.ns, event.user_id, event.user, event.token_id, event.address,
                row.action, event.object, event.detail, event.result, ByteSpan(hash)}));
  }
  SL_TRY_VOID(
      db.run("UPDATE audit_ends SET head_seq = ?, head_hash = ?", {head.seq, as_bytes(head.hash)}));
  return {};
}

// % and _ in what is looked for stand for themselves.
std::string like_pattern(std::string_view text) {
  std::string out = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

// Checks the rows against what should follow `at`; moves `at` on.
bool follow(std::span<const AuditRow> rows, AuditEnd& at, AuditVerdict& verdict) {
  for (const AuditRow& row : rows) {
    const Sha256 hash = chain_hash(at.hash, row);
    if (row.seq != at.seq + 1) {
      verdict.broken_at = at.seq + 1;
      verdict.what = fmt::format("the row {} is missing", at.seq + 1);
      return false;
    }
    if (row.hash != as_text(hash)) {
      verdict.broken_at = row.seq;
      verdict.what = fmt::format("the row {} has been changed", row.seq);
      return false;
    }
    at = {row.seq, row.hash};
    ++verdict.checked;
  }
  return true;
}

struct Stretch {
  std::vector<AuditRow> rows;
  AuditEnd anchor, head;
};

Result<Stretch> read_stretch(Connection& db, int64_t after) {
  Stretch out;
  out.anchor = SL_TRY(read_end(db, kAnchor));
  out.rows = SL_TRY(
      db.all(AUDIT_COLUMNS "WHERE seq > ? ORDER BY seq LIMIT ?", {after, kVerifiedAtOnce}, to_row));
  out.head = SL_TRY(read_end(db, kHead));
  return out;
}

}  // namespace

Result<void> Audit::add(AuditEvent event) {
  if (!is_known(event.time)) event.time = database_.now();
  tame(event);
  bool at_once = is_security_event(event.action);
  {
    const std::lock_guard lock(mutex_);
    ++counters_.added;
    at_once = at_once || queue_.size() + 1 >= kMaxAuditQueued;
    if (queue_.size() < kMaxAuditQueued) {
      queue_.push_back(std::move(event));
    } else {
      ++counters_.lost;
      ++lost_untold_;
    }
  }
  return at_once ? flush_audit() : Result<void>{};
}

Result<void> Audit::flush_audit() {
  const std::lock_guard one(flush_mutex_);
  return flush_locked();
}

Result<void> Audit::flush_locked() {
  while (true) {
    std::vector<AuditEvent> batch;
    uint64_t lost = 0;
    {
      const std::lock_guard lock(mutex_);
      const size_t count = std::min(queue_.size(), kMaxBatch);
      batch.assign(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
      lost = lost_untold_;
    }
    if (batch.empty() && lost == 0) return {};
    const size_t taken = batch.size();
    if (lost != 0) {
      AuditEvent gap;
      gap.action = AuditAction::AuditLost;
      gap.time = database_.now();
      gap.detail = fmt::format(R"({{"events":{}}})", lost);
      batch.push_back(std::move(gap));
    }
    auto done = database_.write([&](Connection& db) { return append(db, batch); });
    const std::lock_guard lock(mutex_);
    if (!done) {
      ++counters_.failed_writes;
      done.error().message = "the audit log cannot be written: " + done.error().message;
      return done;
    }
    // Only flush_locked() takes from the queue, so these are still its first ones.
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken));
    lost_untold_ -= lost;
    counters_.written += batch.size();
  }
}

Result<Listed<AuditRow>> Audit::list(const AuditFilter& filter, const Page& page) {
  SL_TRY_VOID(check_text("text", filter.text, kMaxLineOctets));
  const auto maybe = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string>(text);
  };
  const auto user = maybe(filter.user), action = maybe(filter.action);
  const auto pattern =
      filter.text.empty() ? std::nullopt : std::optional(like_pattern(filter.text));
  return database_.read([&](Connection& db) -> Result<Listed<AuditRow>> {
    auto rows = SL_TRY(db.all(
        AUDIT_COLUMNS
        "WHERE seq < ?1 AND (?2 IS NULL OR user_name = ?2 COLLATE NOCASE) AND (?3 IS NULL OR "
        "action = ?3) AND (?4 IS NULL OR time >= ?4) AND (?5 IS NULL OR time < ?5) AND "
        "(?6 IS NULL OR object LIKE ?6 ESCAPE '\\' OR detail LIKE ?6 ESCAPE '\\' OR result LIKE "
        "?6 ESCAPE '\\') ORDER BY seq DESC LIMIT ?7",
        {page.cursor.value_or(INT64_MAX), user, action, filter.since, filter.until, pattern,
         page.rows() + 1},
        to_row));
    return cut_page(std::move(rows), page, [](const AuditRow& row) { return row.seq; });
  });
}

Result<AuditVerdict> Audit::verify_audit() {
  AuditVerdict verdict;
  AuditEnd at = SL_TRY(database_.read([](Connection& db) { return read_end(db, kAnchor); }));
  while (true) {
    const Stretch stretch =
        SL_TRY(database_.read([&](Connection& db) { return read_stretch(db, at.seq); }));
    verdict.head = stretch.head;
    if (stretch.anchor.seq > at.seq) {  // cut meanwhile: what is left begins there
      at = stretch.anchor;
      continue;
    }
    if (!follow(stretch.rows, at, verdict)) return verdict;
    if (!stretch.rows.empty()) continue;
    verdict.intact = at.seq == stretch.head.seq && at.hash == stretch.head.hash;
    if (!verdict.intact) {
      verdict.broken_at = at.seq + 1;
      verdict.what =
          fmt::format("the log ends at row {}, it should at {}", at.seq, stretch.head.seq);
    }
    return verdict;
  }
}

Result<int64_t> Audit::remove_older_than(Timestamp time) {
  return database_.write([&](Connection& db) -> Result<int64_t> {
    // A clock that was turned back may have left an older row behind a newer one; that one waits.
    const int64_t last =
        SL_TRY(db.number("SELECT coalesce((SELECT min(seq) - 1 FROM audit WHERE time >= ?), "
                         "(SELECT max(seq) FROM audit), 0)",
                         {time}));
    if (SL_TRY(db.number("SELECT count(*) FROM audit WHERE seq = ?", {last})) == 0)
      return int64_t{0};
    SL_TRY_VOID(
        db.run("UPDATE audit_ends SET anchor_seq = ?1, "
               "anchor_hash = (SELECT hash FROM audit WHERE seq = ?1)",
               {last}));
    const int64_t cut = SL_TRY(db.run("DELETE FROM audit WHERE seq <= ?", {last}));
    AuditEvent event;
    event.action = AuditAction::AuditCut;
    event.time = database_.now();
    event.detail = fmt::format(R"({{"rows":{},"older_than":"{}"}})", cut, format_rfc3339(time));
    SL_TRY_VOID(append(db, {&event, 1}));
    return cut;
  });
}

AuditCounters Audit::counters() const {
  const std::lock_guard lock(mutex_);
  AuditCounters out = counters_;
  out.queued = queue_.size();
  return out;
}

}  // namespace siploom::admin
