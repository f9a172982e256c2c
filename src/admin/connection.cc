#include "admin/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace siploom::admin {

namespace {

std::string first_words(std::string_view sql) {
  constexpr size_t kShown = 60;
  return std::string(sql.substr(0, kShown));
}

bool bind(sqlite3_stmt* statement, int at, const Bind& value) {
  // An empty view may have no address, and SQLite takes a null pointer for NULL.
  const char* data = value.text.data() == nullptr ? "" : value.text.data();
  switch (value.kind) {
    case Bind::Kind::Null:
      return sqlite3_bind_null(statement, at) == SQLITE_OK;
    case Bind::Kind::Number:
      return sqlite3_bind_int64(statement, at, value.number) == SQLITE_OK;
    case Bind::Kind::Text:
      return sqlite3_bind_text64(statement, at, data, value.text.size(), nullptr, SQLITE_UTF8) ==
             SQLITE_OK;
    case Bind::Kind::Blob:
      return sqlite3_bind_blob64(statement, at, data, value.text.size(), nullptr) == SQLITE_OK;
  }
  return false;
}

}  // namespace

bool Row::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t Row::number(int column) const { return sqlite3_column_int64(statement_, column); }

std::optional<int64_t> Row::maybe_number(int column) const {
  if (is_null(column)) return std::nullopt;
  return number(column);
}

std::string Row::text(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string{} : std::string(data, static_cast<size_t>(size));
}

Connection::~Connection() {
  for (const auto& [sql, statement] : idle_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Error Connection::error(int code) const {
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {
          ErrorCode::Malformed,
          fmt::format("{} is damaged ({}): stop siploom and put a backup in its place, or move it "
                      "away to begin with no users and settings",
                      path_, sqlite3_errstr(code))};
    case SQLITE_FULL:
      return {ErrorCode::Io, fmt::format("{}: no space left: make room on the disk", path_)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::Io, fmt::format("{} is in use by another process: try again", path_)};
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return {ErrorCode::Io, fmt::format("{} cannot be written ({}): check the rights of it and of "
                                         "its folder",
                                         path_, sqlite3_errstr(code))};
    case SQLITE_TOOBIG:
      return {ErrorCode::LimitExceeded, fmt::format("{}: a value is too long", path_)};
    default:
      return {ErrorCode::Io, fmt::format("{}: {}", path_, sqlite3_errmsg(handle_))};
  }
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql, Binds binds) {
  sqlite3_stmt* statement = nullptr;
  // A statement in use is not in the map, so that the same one may run inside itself.
  if (const auto found = idle_.find(std::string(sql)); found != idle_.end()) {
    statement = found->second;
    idle_.erase(found);
  } else {
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      Error wrong = error(code);
      wrong.message += fmt::format(" (in \"{}\")", first_words(sql));
      return tl::unexpected<Error>(std::move(wrong));
    }
  }
  int at = 0;
  for (const Bind& value : binds) {
    if (bind(statement, ++at, value)) continue;
    Error wrong = error(sqlite3_errcode(handle_));
    give_back(sql, statement);
    return tl::unexpected<Error>(std::move(wrong));
  }
  return statement;
}

void Connection::give_back(std::string_view sql, sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (idle_.size() >= kMaxCached || !idle_.emplace(sql, statement).second)
    sqlite3_finalize(statement);
}

Result<void> Connection::each(std::string_view sql, Binds binds,
                              FunctionRef<bool(const Row&)> take) {
  sqlite3_stmt* statement = SL_TRY(prepare(sql, binds));
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (!take(Row(statement))) break;
  }
  const bool failed = code != SQLITE_ROW && code != SQLITE_DONE;
  Error wrong = failed ? error(code) : Error{};
  give_back(sql, statement);
  if (failed) return tl::unexpected<Error>(std::move(wrong));
  return {};
}

Result<int64_t> Connection::run(std::string_view sql, Binds binds) {
  SL_TRY_VOID(each(sql, binds, [](const Row&) { return true; }));
  return int64_t{sqlite3_changes64(handle_)};
}

Result<void> Connection::script(std::string_view sql) {
  const int code = sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected<Error>(error(code));
  return {};
}

Result<int64_t> Connection::number(std::string_view sql, Binds binds) {
  return SL_TRY(find(sql, binds, [](const Row& row) { return row.number(0); })).value_or(0);
}

int64_t Connection::last_id() const { return sqlite3_last_insert_rowid(handle_); }

}  // namespace siploom::admin
