// Scan: rows in memory as a DuckDB table function: `SELECT ... FROM sl_rows(HANDLE)`, read in place
// by as many threads as DuckDB likes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/duckdb/database.h"
#include "store/table.h"

namespace siploom::store {

// Rows of one table; what they lie in is kept by `owners`.
struct RowSet {
  Table table = Table::Records;
  std::vector<const EntryHead*> rows;
  std::vector<std::shared_ptr<const void>> owners;
};

// The row sets that SQL can name at the moment. Any thread. Outlives the database it is registered
// with.
class RowSets final {
 public:
  uint64_t add(std::shared_ptr<const RowSet> rows);
  void remove(uint64_t handle);
  std::shared_ptr<const RowSet> find(uint64_t handle) const;

 private:
  mutable std::mutex mutex_;
  uint64_t next_ = 1;
  std::unordered_map<uint64_t, std::shared_ptr<const RowSet>> sets_;
};

// A handle as long as this lives.
class RowSetHandle final {
 public:
  RowSetHandle(RowSets& sets, std::shared_ptr<const RowSet> rows)
      : sets_(&sets), handle_(sets.add(std::move(rows))) {}
  RowSetHandle(const RowSetHandle&) = delete;
  RowSetHandle& operator=(const RowSetHandle&) = delete;
  ~RowSetHandle() { sets_->remove(handle_); }
  uint64_t value() const { return handle_; }

 private:
  RowSets* sets_;
  uint64_t handle_;
};

Result<void> register_scan(Connection& connection, RowSets& sets);

}  // namespace siploom::store
