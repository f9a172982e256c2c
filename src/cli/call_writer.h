// CallWriter: rows of the call list as a table, JSON lines or CSV; all at the end, or each at once.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/output.h"
#include "model/call.h"
#include "registry/fields.h"
#include "view/call_view.h"

namespace siploom::cli {

// The registry's field of that name, if calls have it; else an error that names the nearest.
Result<const registry::FieldInfo*> call_field(std::string_view name);

class CallWriter final {
 public:
  // `at_once`: each row is written as it comes, in columns of usual widths. Errors: a column that
  // calls do not have.
  static Result<CallWriter> make(const Options& options, Output& out, bool at_once);

  // `number` as `siploom show` takes it. Rows live until finish().
  void add(const model::Call& call, size_t number);
  void finish();
  size_t row_count() const { return count_; }

 private:
  // A column of the list: one that the view knows how to show, or any field of the registry.
  struct Shown {
    view::Column column;
    std::string view_name;
    const registry::FieldInfo* field = nullptr;
  };
  CallWriter(const Options& options, Output& out, bool at_once)
      : options_(options), out_(&out), at_once_(at_once) {}
  static Result<std::vector<Shown>> columns_of(const std::vector<std::string>& wanted);
  std::vector<view::Column> columns() const;
  std::vector<view::Cell> cells(const model::Call& call, size_t number) const;
  void write_table();
  void write_line(const model::Call& call, size_t number);

  const Options& options_;
  Output* out_;
  bool at_once_;
  size_t count_ = 0;
  std::vector<Shown> shown_;
  std::vector<std::pair<const model::Call*, size_t>> rows_;
};

}  // namespace siploom::cli
