// Connection: SQL on the one SQLite connection of a Database, whose lock the caller holds. Texts
// are bound, never pasted; prepared statements are kept.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "base/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace siploom::admin {

// One value for a ?; views must live until the call returns. kNoTime and an absent optional are
// NULL.
struct Bind {
  enum class Kind : uint8_t { Null, Number, Text, Blob };
  Bind(std::nullptr_t) {}                                    // NOLINT: converting is its use
  Bind(int64_t n) : kind(Kind::Number), number(n) {}         // NOLINT
  Bind(int n) : kind(Kind::Number), number(n) {}             // NOLINT
  Bind(bool b) : kind(Kind::Number), number(b ? 1 : 0) {}    // NOLINT
  Bind(std::string_view t) : kind(Kind::Text), text(t) {}    // NOLINT
  Bind(const std::string& t) : kind(Kind::Text), text(t) {}  // NOLINT
  Bind(const char* t) : kind(Kind::Text), text(t) {}         // NOLINT
  Bind(ByteSpan b) : kind(Kind::Blob), text(as_text(b)) {}   // NOLINT
  Bind(Timestamp t) : Bind(t.ns) {                           // NOLINT
    if (!is_known(t)) kind = Kind::Null;
  }
  template <class T>
  Bind(const std::optional<T>& v) {  // NOLINT
    if (v) *this = Bind(*v);
  }

  Kind kind = Kind::Null;
  int64_t number = 0;
  std::string_view text;
};
using Binds = std::initializer_list<Bind>;

// The row that a statement stands on.
class Row final {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const;
  int64_t number(int column) const;
  bool flag(int column) const { return number(column) != 0; }
  Timestamp time(int column) const { return is_null(column) ? kNoTime : Timestamp{number(column)}; }
  std::optional<int64_t> maybe_number(int column) const;
  std::string text(int column) const;  // of a blob: its octets

 private:
  sqlite3_stmt* statement_;
};

class Connection final {
 public:
  Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs one statement that gives no rows; how many rows it changed.
  Result<int64_t> run(std::string_view sql, Binds binds = {});
  // Runs several statements without values, such as a migration.
  Result<void> script(std::string_view sql);
  // Calls `take` with each row until it returns false.
  Result<void> each(std::string_view sql, Binds binds, FunctionRef<bool(const Row&)> take);
  template <class Make>
  auto all(std::string_view sql, Binds binds, Make make)
      -> Result<std::vector<decltype(make(std::declval<const Row&>()))>> {
    std::vector<decltype(make(std::declval<const Row&>()))> out;
    SL_TRY_VOID(each(sql, binds, [&](const Row& row) {
      out.push_back(make(row));
      return true;
    }));
    return out;
  }
  // The first row, if there is one.
  template <class Make>
  auto find(std::string_view sql, Binds binds, Make make)
      -> Result<std::optional<decltype(make(std::declval<const Row&>()))>> {
    std::optional<decltype(make(std::declval<const Row&>()))> out;
    SL_TRY_VOID(each(sql, binds, [&](const Row& row) {
      out.emplace(make(row));
      return false;
    }));
    return out;
  }
  // The first column of the first row; 0 when there is none.
  Result<int64_t> number(std::string_view sql, Binds binds = {});
  int64_t last_id() const;

  sqlite3* handle() const { return handle_; }
  const std::string& path() const { return path_; }
  // What SQLite says of a failure, with what to do about it.
  Error error(int code) const;

 private:
  static constexpr size_t kMaxCached = 256;  // statements; ours are fewer

  Result<sqlite3_stmt*> prepare(std::string_view sql, Binds binds);
  void give_back(std::string_view sql, sqlite3_stmt* statement);

  sqlite3* handle_;
  std::string path_;
  std::unordered_map<std::string, sqlite3_stmt*> idle_;
};

}  // namespace siploom::admin
