// Rows of the store as JSON and CSV, under the names of docs/json.md, the registry and the store.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/asked.h"
#include "base/json_writer.h"
#include "pipeline/stored.h"

namespace siploom::api {

// The columns of a list and how each is written.
class RowFormat final {
 public:
  // `columns` empty: whole calls, or what a list of the others shows. Errors name the column.
  static Result<RowFormat> make(const Asked& asked, store::Table table,
                                std::vector<std::string> columns);

  // To be selected.
  const std::vector<std::string>& columns() const { return columns_; }
  // One JSON object.
  void write(JsonWriter& json, const store::Rows& rows) const;
  std::string csv_heading() const;
  void append_csv(std::string& out, const store::Rows& rows) const;

 private:
  enum class Kind : uint8_t { Plain, Seconds, Number, Payload, Body };
  std::string masked(const store::Rows& rows, size_t column) const;
  void write_value(JsonWriter& json, const store::Rows& rows, size_t column) const;
  std::string cell(const store::Rows& rows, size_t column) const;

  bool whole_calls_ = false;
  bool masks_ = false;
  std::vector<std::string> columns_;
  std::vector<Kind> kinds_;
};

// The object of `siploom calls --json`, with what only kept calls have: open, nodes,
// correlation_ids, expires_s, forks.
void write_stored_call(JsonWriter& json, const pipeline::StoredCall& call);

// Text under `name`, or what is no UTF-8 under `name`_base64.
void write_octets(JsonWriter& json, std::string_view name, std::string_view octets);

}  // namespace siploom::api
