#include "admin/notes.h"

#include <fmt/format.h>

#include "admin/text_rules.h"

namespace siploom::admin {

namespace {

Note to_note(const Row& row) {
  return {row.number(0),       row.text(1), row.time(2), row.text(3),
          row.maybe_number(4), row.text(5), row.time(6)};
}

Result<void> check_note(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::InvalidArgument, "note: it is empty");
  return check_text("note", text, kMaxNoteOctets, Lines::Many);
}

tl::unexpected<Error> no_note(int64_t id) {
  return fail(ErrorCode::NotFound, fmt::format("no note has the id {}", id));
}

}  // namespace

Result<Note> Notes::add(std::string_view call_id, Timestamp start, std::string_view text,
                        const Identity& author) {
  if (call_id.empty()) return fail(ErrorCode::InvalidArgument, "Call-ID: it is empty");
  SL_TRY_VOID(check_text("Call-ID", call_id, kMaxCallIdOctets));
  SL_TRY_VOID(check_note(text));
  return database_.write([&](Connection& db) -> Result<Note> {
    if (SL_TRY(db.number("SELECT count(*) FROM notes WHERE call_id = ?", {call_id})) >=
        kMaxNotesPerCall) {
      return fail(ErrorCode::LimitExceeded,
                  fmt::format("at most {} notes on one call are kept", kMaxNotesPerCall));
    }
    Note note{0,
              std::string(call_id),
              start,
              std::string(text),
              author.user_id,
              author.user_name,
              database_.now()};
    SL_TRY_VOID(
        db.run("INSERT INTO notes (call_id, start, text, author_id, author, time) "
               "VALUES (?, ?, ?, (SELECT id FROM users WHERE id = ?), ?, ?)",
               {call_id, start, text, author.user_id, note.author, note.time}));
    note.id = db.last_id();
    return note;
  });
}

Result<void> Notes::change(int64_t id, std::string_view text, std::optional<int64_t> author) {
  SL_TRY_VOID(check_note(text));
  return database_.write([&](Connection& db) -> Result<void> {
    if (SL_TRY(db.run("UPDATE notes SET text = ?1, time = ?2 WHERE id = ?3 AND "
                      "(?4 IS NULL OR author_id = ?4)",
                      {text, database_.now(), id, author})) == 0)
      return no_note(id);
    return {};
  });
}

Result<void> Notes::remove(int64_t id, std::optional<int64_t> author) {
  return database_.write([&](Connection& db) -> Result<void> {
    if (SL_TRY(db.run("DELETE FROM notes WHERE id = ?1 AND (?2 IS NULL OR author_id = ?2)",
                      {id, author})) == 0)
      return no_note(id);
    return {};
  });
}

Result<Listed<Note>> Notes::list(std::string_view call_id, const Page& page) {
  return database_.read([&](Connection& db) -> Result<Listed<Note>> {
    auto rows =
        SL_TRY(db.all("SELECT id, call_id, start, text, author_id, author, time FROM notes "
                      "WHERE id > ?1 AND (?2 = '' OR call_id = ?2) ORDER BY id LIMIT ?3",
                      {page.cursor.value_or(0), call_id, page.rows() + 1}, to_note));
    return cut_page(std::move(rows), page, [](const Note& note) { return note.id; });
  });
}

}  // namespace siploom::admin
