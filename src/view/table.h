// Table: rows of cells laid out in columns that fit a width. Columns of little importance go first
// when it is narrow, then the wide ones are shortened.
#pragma once

#include <string>
#include <vector>

#include "view/style.h"

namespace siploom::view {

struct Column {
  std::string title;
  Align align = Align::Left;
  int priority = 1;      // of two, the one with the lower number stays
  size_t min_width = 4;  // when shortened
  size_t max_width = 64;
  // Shorter than this only when every column that can be missed (priority 3 and up) has gone.
  size_t good_width = 0;
};

struct Cell {
  std::string text;  // safe for a terminal
  Role role = Role::Plain;
};

class Table final {
 public:
  explicit Table(std::vector<Column> columns);
  void add(const std::vector<Cell>& row);
  // The rows of a table with the same columns.
  void append(const Table& more);
  size_t row_count() const { return kept_.size() / columns_.size(); }
  // Fixes the widths by the rows so far. `width` 0: as wide as it needs to be, nothing shortened.
  void lay_out(size_t width);
  // With the widths that lay_out() fixed. `line` is of a row that is not kept, for tables that are
  // printed as they grow.
  std::string heading(bool color) const;
  std::string lines(size_t begin, size_t end, bool color) const;
  std::string line(const std::vector<Cell>& row, bool color) const;
  // All of it.
  std::string text(size_t width, bool color);

 private:
  // A cell as it is kept: lists may have a million rows.
  struct Kept {
    uint64_t offset = 0;  // of its text in texts_
    uint32_t size = 0;
    uint32_t width = 0;  // columns on a terminal
    Role role = Role::Plain;
  };
  std::vector<size_t> widths(size_t width) const;  // 0: not shown
  bool drop_least(std::vector<size_t>& widths, int least_priority) const;
  void append_cell(std::string& out, std::string_view text, const Kept& cell, size_t column,
                   bool color) const;
  static void end_line(std::string& out, size_t begin);

  std::vector<Column> columns_;
  std::vector<size_t> natural_;  // the widest cell of each column, its title included
  std::vector<Kept> kept_;       // row after row
  std::string texts_;
  std::vector<size_t> laid_;
  bool shortens_ = true;
};

}  // namespace siploom::view
