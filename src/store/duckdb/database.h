// DuckDB behind its C API: a database in memory, connections, results. Errors come as Result with
// DuckDB's words.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

struct _duckdb_database;
struct _duckdb_connection;

namespace siploom::store {

class Watchdog;

struct DatabaseOptions {
  uint64_t memory_bytes = 256u << 20;
  unsigned threads = 1;
  std::string temp_folder;  // empty: nothing is spilled to disk
  uint64_t temp_bytes = 0;
  std::string readable_folder;  // files elsewhere cannot be reached by SQL; empty: any can
};

// When a query has to give up.
struct QueryControl {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  const std::atomic<bool>* cancelled = nullptr;
  bool is_over() const {
    return (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) ||
           std::chrono::steady_clock::now() >= deadline;
  }
};

// Rows of a result, in order. One thread.
class Rows final {
 public:
  Rows(Rows&& other) noexcept;
  Rows& operator=(Rows&& other) noexcept;
  ~Rows();

  // False at the end. An error may come late.
  Result<bool> next();
  size_t column_count() const;
  std::string_view column_name(size_t column) const;
  std::string_view column_type(size_t column) const;  // SQL's name of it, lower case
  // False: a type (dates, structs, lists of numbers ...) that has to be cast to VARCHAR to be read.
  bool is_readable(size_t column) const;
  // Of the row at hand. Text and blobs stand until next().
  bool is_null(size_t column) const;
  std::string_view text(size_t column) const;  // VARCHAR and BLOB
  int64_t integer(size_t column) const;        // any integer, time (in ns) or bool
  double real(size_t column) const;            // any number
  // Whatever it is, as JSON would have it: numbers bare, texts as they are, lists as [..].
  std::string display(size_t column) const;
  size_t list_size(size_t column) const;
  std::string_view list_text(size_t column, size_t item) const;

 private:
  friend class Connection;
  struct State;
  explicit Rows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One thread at a time.
class Connection final {
 public:
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  Result<void> run(const std::string& sql);
  // The whole result. LimitExceeded when `control` ends it.
  Result<Rows> query(const std::string& sql, const QueryControl& control = {});
  // Rows as they are found; the connection is busy until the end.
  Result<Rows> stream(const std::string& sql, const QueryControl& control = {});
  _duckdb_connection* handle() const { return handle_; }

 private:
  friend class Database;
  Connection(_duckdb_connection* handle, Watchdog& watchdog)
      : handle_(handle), watchdog_(&watchdog) {}
  _duckdb_connection* handle_ = nullptr;
  Watchdog* watchdog_;
};

// Any thread.
class Database final {
 public:
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<Connection> connect();
  // Nothing can be set, attached or loaded from here on.
  Result<void> lock();

 private:
  Database();
  _duckdb_database* handle_ = nullptr;
  std::unique_ptr<Watchdog> watchdog_;
};

// 'text' as an SQL literal.
std::string sql_text(std::string_view text);
std::string sql_time(Timestamp t);
std::string_view duckdb_version();
// DuckDB's words as an Error: LimitExceeded for a full disk or memory, Io, else InvalidArgument.
tl::unexpected<Error> fail_duckdb(const char* text);

}  // namespace siploom::store
