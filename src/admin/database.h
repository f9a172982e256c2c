// Database: the SQLite file in which a server remembers users, settings and the like (meta.db).
// Thread-safe: one connection under one lock. Every commit is on the disk when it returns.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "admin/clock.h"
#include "admin/connection.h"
#include "base/result.h"

namespace siploom::admin {

// The migrations of this version: [i] brings schema i to schema i + 1 (admin/schema.cc).
std::span<const std::string_view> schema_migrations();

class Database final {
 public:
  // Opens or makes the file and brings its schema up to date. Malformed: damaged, or some other
  // file; Unsupported: a newer siploom wrote it.
  static Result<std::unique_ptr<Database>> open(
      const std::string& path, Clock clock,
      std::span<const std::string_view> migrations = schema_migrations());

  // Runs `work(Connection&)`, which returns a Result, under the lock. No read or write of the same
  // database inside.
  template <class Work>
  auto read(Work&& work) -> std::invoke_result_t<Work, Connection&> {
    const std::lock_guard lock(mutex_);
    return work(*connection_);
  }
  // The same in a transaction, which is taken back when `work` fails.
  template <class Work>
  auto write(Work&& work) -> std::invoke_result_t<Work, Connection&> {
    const std::lock_guard lock(mutex_);
    SL_TRY_VOID(begin());
    auto result = work(*connection_);
    if (!result) {
      roll_back();
      return result;
    }
    SL_TRY_VOID(commit());
    return result;
  }

  // Copies the database to a new file while it is in use (SQLite's online backup). `path` must not
  // exist; it appears when it is whole.
  Result<void> backup_to(const std::string& path);

  Timestamp now() const { return clock_(); }
  const Clock& clock() const { return clock_; }
  const std::string& path() const { return connection_->path(); }

 private:
  Database(std::unique_ptr<Connection> connection, Clock clock)
      : connection_(std::move(connection)), clock_(std::move(clock)) {}

  Result<void> begin();
  Result<void> commit();
  void roll_back();
  Result<void> copy_pages(sqlite3* to);

  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
  Clock clock_;
};

}  // namespace siploom::admin
