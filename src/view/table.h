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
};

struct Cell {
  std::string text;  // safe for a terminal
  Role role = Role::Plain;
};

class Table final {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  size_t row_count() const { return rows_.size(); }
  // Fixes the widths by the rows so far and forgets these: for tables that are printed as they
  // grow.
  void lay_out(size_t width);
  std::string heading(bool color) const;
  std::string line(const std::vector<Cell>& row, bool color) const;
  // `width` 0: as wide as it needs to be, nothing shortened.
  std::string text(size_t width, bool color) const;

 private:
  std::vector<size_t> widths(size_t width) const;  // 0: not shown
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<size_t> laid_;
  bool shortens_ = true;
};

}  // namespace siploom::view
