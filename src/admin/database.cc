#include "admin/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace siploom::admin {

namespace {

constexpr int64_t kApplicationId = 0x51D4100D;  // in the file's header: a meta.db and no other
constexpr int kBusyMs = 5'000;
constexpr int kMaxValueBytes = 16 << 20;
constexpr int64_t kMaxPages = 4 << 20;  // of 4 KiB: 16 GiB
constexpr int kPagesAtOnce = 256;       // of a backup, between which others get the lock

// Passwords' hashes are nobody else's business, and SQLite would make the file readable by all.
Result<void> make_private_file(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
  if (fd < 0)
    return fail(ErrorCode::Io, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  ::close(fd);
  return {};
}

Result<std::unique_ptr<Connection>> connect(const std::string& path) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (handle == nullptr) return fail(ErrorCode::Io, "no memory for " + path);
  auto connection = std::make_unique<Connection>(handle, path);
  if (code != SQLITE_OK) return tl::unexpected<Error>(connection->error(code));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMs);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  // The file's own schema is not trusted to call functions or to be rewritten by hand.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return connection;
}

Result<void> check_kind(Connection& connection, int64_t newest) {
  const std::string& path = connection.path();
  const int64_t id = SL_TRY(connection.number("PRAGMA application_id"));
  const int64_t version = SL_TRY(connection.number("PRAGMA user_version"));
  const int64_t tables = SL_TRY(connection.number("SELECT count(*) FROM sqlite_schema"));
  if (id != kApplicationId && (id != 0 || version != 0 || tables != 0)) {
    return fail(ErrorCode::Malformed,
                fmt::format("{} is the database of some other program: name another file", path));
  }
  if (version > newest) {
    return fail(ErrorCode::Unsupported,
                fmt::format("{} was written by a newer siploom (schema {}, this one knows {}): use "
                            "that version, or put a backup from before the upgrade in its place",
                            path, version, newest));
  }
  const auto verdict = SL_TRY(
      connection.find("PRAGMA quick_check(1)", {}, [](const Row& row) { return row.text(0); }));
  if (verdict != "ok") {
    Error damaged = connection.error(SQLITE_CORRUPT);
    return tl::unexpected<Error>(std::move(damaged));
  }
  return {};
}

Result<void> migrate(Connection& connection, std::span<const std::string_view> migrations) {
  const auto newest = static_cast<int64_t>(migrations.size());
  // Somebody else may have done it while this process waited for the lock: the version counts that
  // is seen inside the transaction.
  while (SL_TRY(connection.number("PRAGMA user_version")) < newest) {
    SL_TRY_VOID(connection.script("BEGIN IMMEDIATE"));
    const int64_t at = SL_TRY(connection.number("PRAGMA user_version"));
    Result<void> done;
    if (at < newest) {
      done = connection.script(migrations[static_cast<size_t>(at)]);
      if (done) {
        done = connection.script(
            fmt::format("PRAGMA application_id={};PRAGMA user_version={}", kApplicationId, at + 1));
      }
    }
    if (done) done = connection.script("COMMIT");
    if (done) continue;
    const Error wrong = done.error();
    // What failed stands in `wrong`; a transaction that SQLite has ended itself needs no rollback.
    static_cast<void>(connection.script("ROLLBACK"));
    return fail(wrong.code, fmt::format("{} cannot be brought from schema {} to {}: {}",
                                        connection.path(), at, at + 1, wrong.message));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Clock clock,
                                                 std::span<const std::string_view> migrations) {
  SL_TRY_VOID(make_private_file(path, 0));
  auto connection = SL_TRY(connect(path));
  SL_TRY_VOID(check_kind(*connection, static_cast<int64_t>(migrations.size())));
  SL_TRY_VOID(
      connection->script("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                         "PRAGMA foreign_keys=OFF;"));
  SL_TRY_VOID(connection->script(fmt::format("PRAGMA max_page_count={}", kMaxPages)));
  // Off while tables are rebuilt, as SQLite's own recipe for it says (lang_altertable 7).
  SL_TRY_VOID(migrate(*connection, migrations));
  SL_TRY_VOID(connection->script("PRAGMA foreign_keys=ON"));
  return std::unique_ptr<Database>(new Database(std::move(connection), std::move(clock)));
}

Result<void> Database::begin() {
  SL_TRY_VOID(connection_->run("BEGIN IMMEDIATE"));
  return {};
}

Result<void> Database::commit() {
  if (auto done = connection_->run("COMMIT"); !done) {
    roll_back();
    return tl::unexpected<Error>(std::move(done.error()));
  }
  return {};
}

void Database::roll_back() {
  // SQLite itself rolls back after some errors; then there is nothing to do.
  if (sqlite3_get_autocommit(connection_->handle()) == 0)
    static_cast<void>(connection_->run("ROLLBACK"));
}

Result<void> Database::copy_pages(sqlite3* to) {
  sqlite3_backup* backup = nullptr;
  {
    const std::lock_guard lock(mutex_);
    backup = sqlite3_backup_init(to, "main", connection_->handle(), "main");
    if (backup == nullptr) return tl::unexpected<Error>(connection_->error(sqlite3_errcode(to)));
  }
  int code = SQLITE_OK;
  while (code == SQLITE_OK) {
    const std::lock_guard lock(mutex_);
    code = sqlite3_backup_step(backup, kPagesAtOnce);
  }
  const std::lock_guard lock(mutex_);
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) return tl::unexpected<Error>(connection_->error(code));
  return {};
}

Result<void> Database::backup_to(const std::string& path) {
  const std::string part = path + ".part";
  if (::access(path.c_str(), F_OK) == 0) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is there already: name another file for the backup", path));
  }
  SL_TRY_VOID(make_private_file(part, O_TRUNC));
  Result<void> done;
  {
    auto to = connect(part);
    if (to) done = copy_pages((*to)->handle());
    // One file without a journal beside it, so that it can be carried away.
    if (to && done) done = (*to)->script("PRAGMA journal_mode=DELETE");
    if (!to) done = tl::unexpected<Error>(to.error());
  }
  if (done && ::rename(part.c_str(), path.c_str()) != 0)
    done = fail(ErrorCode::Io, fmt::format("cannot make {}: {}", path, std::strerror(errno)));
  if (!done) ::unlink(part.c_str());
  return done;
}

}  // namespace siploom::admin
