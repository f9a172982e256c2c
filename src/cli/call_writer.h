// CallWriter: rows of the call list as a table, JSON lines or CSV; all together, or each at once.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"
#include "model/call.h"
#include "registry/fields.h"
#include "view/call_view.h"

namespace siploom::cli {

// The registry's field of that name, if calls have it; else an error that names the nearest.
Result<const registry::FieldInfo*> call_field(std::string_view name);

struct CallRow {
  const model::Call* call = nullptr;
  size_t number = 0;  // as `siploom show` takes it
};

class CallWriter final {
 public:
  // Errors: a column that calls do not have.
  static Result<CallWriter> make(const Options& options, Output& out);

  // One row, at once, in columns of usual widths.
  void add(const CallRow& row);
  // All rows there are, in columns that fit them.
  void add_all(const std::vector<CallRow>& rows, unsigned threads);
  // Also says what is to be said when nothing came.
  void finish();
  size_t row_count() const { return count_; }

 private:
  // A column of the list: one that the view knows how to show, or any field of the registry.
  struct Shown {
    view::Column column;
    std::string view_name;
    const registry::FieldInfo* field = nullptr;
  };
  CallWriter(const Options& options, Output& out) : options_(options), out_(&out) {}
  static Result<std::vector<Shown>> columns_of(const std::vector<std::string>& wanted);
  std::vector<view::Column> columns() const;
  std::vector<view::Cell> cells(const CallRow& row) const;
  bool is_table() const { return !options_.output.json && !options_.output.csv; }
  std::string csv_heading() const;
  void append(std::string& out, const CallRow& row) const;  // JSON or CSV
  void suit_columns(const std::vector<CallRow>& rows);
  void write_table(const std::vector<CallRow>& rows, unsigned threads);
  void write_line(const CallRow& row);

  const Options& options_;
  Output* out_;
  size_t count_ = 0;
  std::vector<Shown> shown_;
};

}  // namespace siploom::cli
