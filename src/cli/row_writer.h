// RowWriter: rows of any columns as a table, JSON lines or CSV, in constant memory.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"
#include "store/duckdb/database.h"
#include "view/table.h"

namespace siploom::cli {

struct RowColumn {
  std::string name;
  bool is_number = false;
};
struct RowCell {
  enum class Kind : uint8_t { Null, Text, Json };  // Json: a number, truth or list as JSON has it
  Kind kind = Kind::Null;
  std::string text;
};

class RowWriter final {
 public:
  RowWriter(const OutputOptions& options, Output& out, std::vector<RowColumn> columns);
  // As many cells as there are columns. False once nobody reads any more.
  bool add(const std::vector<RowCell>& cells);
  // Says what is held back; also the heading when nothing came.
  void finish();
  size_t row_count() const { return count_; }

 private:
  void begin_table();
  void add_json(const std::vector<RowCell>& cells);

  const OutputOptions& options_;
  Output& out_;
  std::vector<RowColumn> columns_;
  view::Table table_;  // until its widths are known
  bool laid_out_ = false;
  size_t count_ = 0;
};

// The first `count` columns of an answer of the store, and the row at hand.
std::vector<RowColumn> columns_of(const store::Rows& rows, size_t count);
std::vector<RowCell> cells_of(const store::Rows& rows, size_t count);

}  // namespace siploom::cli
