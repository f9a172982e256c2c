#include "admin/saved_searches.h"

#include <fmt/format.h>

#include "admin/text_rules.h"
#include "base/text.h"
#include "query/filter.h"

namespace siploom::admin {

namespace {

constexpr size_t kMaxKindLetters = 32;

#define SEARCH_COLUMNS                                                                   \
  "SELECT s.id, s.owner_id, u.name, s.name, s.kind, s.filter, s.time_range, s.columns, " \
  "s.sort, s.shared, s.note, s.changed FROM saved_searches s JOIN users u ON u.id = s.owner_id "

SavedSearch to_search(const Row& row) {
  return {row.number(0), row.number(1), row.text(2), row.text(3), row.text(4),  row.text(5),
          row.text(6),   row.text(7),   row.text(8), row.flag(9), row.text(10), row.time(11)};
}

Result<void> check_filter(const SavedSearch& search) {
  SL_TRY_VOID(check_text("filter", search.filter, kMaxFilterOctets, Lines::Many));
  const bool calls = search.kind == "calls";
  if (!calls && search.kind != "messages") return {};
  const auto scope = calls ? registry::Scope::Call : registry::Scope::Message;
  if (auto filter = query::Filter::compile(search.filter, scope); !filter)
    return tl::unexpected<Error>(std::move(filter.error()));
  return {};
}

Result<void> check_search(const SavedSearch& search) {
  SL_TRY_VOID(check_name("name", search.name));
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == '_'; };
  const std::string_view kind = search.kind;
  if (kind.empty() || kind.size() > kMaxKindLetters ||
      find_where(kind, [&](char c) { return !is_letter(c); }) != kind.size())
    return fail(ErrorCode::InvalidArgument, "kind: a word such as calls or messages");
  SL_TRY_VOID(check_filter(search));
  SL_TRY_VOID(check_text("time range", search.time_range, kMaxLineOctets));
  SL_TRY_VOID(check_text("columns", search.columns, 4 * kMaxLineOctets));
  SL_TRY_VOID(check_text("sort", search.sort, kMaxLineOctets));
  return check_text("note", search.note, kMaxNoteOctets, Lines::Many);
}

Result<void> check_search_name_free(Connection& db, int64_t owner, const SavedSearch& search) {
  if (SL_TRY(db.number("SELECT count(*) FROM saved_searches WHERE owner_id = ? AND name = ? AND "
                       "id <> ?",
                       {owner, search.name, search.id})) == 0)
    return {};
  return fail(ErrorCode::InvalidArgument,
              fmt::format("there is a saved search {} already", search.name));
}

Result<SavedSearch> read(Connection& db, int64_t id) {
  auto search = SL_TRY(db.find(SEARCH_COLUMNS "WHERE s.id = ?", {id}, to_search));
  if (!search) return fail(ErrorCode::NotFound, fmt::format("no saved search has the id {}", id));
  return std::move(*search);
}

}  // namespace

Result<SavedSearch> SavedSearches::add(const SavedSearch& search) {
  SL_TRY_VOID(check_search(search));
  return database_.write([&](Connection& db) -> Result<SavedSearch> {
    const int64_t owner = search.owner_id;
    if (SL_TRY(db.number("SELECT count(*) FROM users WHERE id = ?", {owner})) == 0)
      return fail(ErrorCode::NotFound, fmt::format("no user has the id {}", owner));
    if (SL_TRY(db.number("SELECT count(*) FROM saved_searches WHERE owner_id = ?", {owner})) >=
        kMaxSavedSearchesPerUser) {
      return fail(ErrorCode::LimitExceeded, fmt::format("at most {} searches of one user are kept",
                                                        kMaxSavedSearchesPerUser));
    }
    SavedSearch fresh = search;
    fresh.id = 0;
    SL_TRY_VOID(check_search_name_free(db, owner, fresh));
    SL_TRY_VOID(
        db.run("INSERT INTO saved_searches (owner_id, name, kind, filter, time_range, "
               "columns, sort, shared, note, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
               "?)",
               {owner, search.name, search.kind, search.filter, search.time_range, search.columns,
                search.sort, search.shared, search.note, database_.now()}));
    return read(db, db.last_id());
  });
}

Result<SavedSearch> SavedSearches::change(const SavedSearch& search, std::optional<int64_t> owner) {
  SL_TRY_VOID(check_search(search));
  return database_.write([&](Connection& db) -> Result<SavedSearch> {
    const SavedSearch before = SL_TRY(read(db, search.id));
    if (owner && before.owner_id != *owner)
      return fail(ErrorCode::NotFound, fmt::format("no saved search has the id {}", search.id));
    SL_TRY_VOID(check_search_name_free(db, before.owner_id, search));
    SL_TRY_VOID(
        db.run("UPDATE saved_searches SET name = ?, kind = ?, filter = ?, time_range = ?, "
               "columns = ?, sort = ?, shared = ?, note = ?, changed = ? WHERE id = ?",
               {search.name, search.kind, search.filter, search.time_range, search.columns,
                search.sort, search.shared, search.note, database_.now(), search.id}));
    return read(db, search.id);
  });
}

Result<void> SavedSearches::remove(int64_t id, std::optional<int64_t> owner) {
  return database_.write([&](Connection& db) -> Result<void> {
    if (SL_TRY(db.run("DELETE FROM saved_searches WHERE id = ?1 AND (?2 IS NULL OR owner_id = ?2)",
                      {id, owner})) == 0)
      return fail(ErrorCode::NotFound, fmt::format("no saved search has the id {}", id));
    return {};
  });
}

Result<SavedSearch> SavedSearches::get(int64_t id, int64_t reader) {
  return database_.read([&](Connection& db) -> Result<SavedSearch> {
    SavedSearch search = SL_TRY(read(db, id));
    if (!search.shared && search.owner_id != reader)
      return fail(ErrorCode::NotFound, fmt::format("no saved search has the id {}", id));
    return search;
  });
}

Result<Listed<SavedSearch>> SavedSearches::list(int64_t reader, std::string_view kind,
                                                const Page& page) {
  return database_.read([&](Connection& db) -> Result<Listed<SavedSearch>> {
    auto rows = SL_TRY(db.all(SEARCH_COLUMNS "WHERE s.id > ?1 AND (s.owner_id = ?2 OR s.shared) "
                                             "AND (?3 = '' OR s.kind = ?3) ORDER BY s.id LIMIT ?4",
                              {page.cursor.value_or(0), reader, kind, page.rows() + 1}, to_search));
    return cut_page(std::move(rows), page, [](const SavedSearch& s) { return s.id; });
  });
}

}  // namespace siploom::admin
