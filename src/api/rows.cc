#include "api/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/mask.h"
#include "api/reply.h"
#include "base/text.h"
#include "exporter/json.h"
#include "store/table.h"

namespace siploom::api {

using store::Rows;
using store::Table;

namespace {

const std::vector<std::string>& usual_columns(Table table) {
  static const std::vector<std::string> records = {
      "sequence", "time",      "received",  "kind",      "node",          "src",
      "dst",      "transport", "call_id",   "method",    "status",        "reason",
      "cseq",     "from_user", "from_host", "to_user",   "to_host",       "user_agent",
      "summary",  "size",      "copy",      "malformed", "retransmission"};
  static const std::vector<std::string> streams = {
      "first",   "last",     "call_id", "node",         "src_ip", "src_port",
      "dst_ip",  "dst_port", "ssrc",    "payload_type", "codec",  "announced",
      "packets", "expected", "bytes",   "duplicates",   "copies"};
  static const std::vector<std::string> ledger = {"minute", "source", "node", "fate",
                                                  "reason", "count",  "bytes"};
  switch (table) {
    case Table::Calls:
      return pipeline::call_columns();
    case Table::Streams:
      return streams;
    case Table::Ledger:
      return ledger;
    case Table::Records:
      break;
  }
  return records;
}

constexpr size_t kMaxColumns = 100;

void write_number(JsonWriter& json, const std::string& text) {
  if (const auto number = parse_number<double>(text)) {
    json.value(*number);
  } else {
    json.null();
  }
}

// The field that a column is of: those of calls leave out "call.".
registry::Type type_of(Table table, std::string_view column) {
  const registry::FieldInfo* field = registry::find_field(column);
  if (field == nullptr && table == Table::Calls) {
    field = registry::find_field(fmt::format("call.{}", column));
  }
  return field == nullptr ? registry::Type::Text : field->type;
}

}  // namespace

Result<RowFormat> RowFormat::make(const Asked& asked, Table table,
                                  std::vector<std::string> columns) {
  RowFormat out;
  out.masks_ = masks(asked);
  out.whole_calls_ = columns.empty() && table == Table::Calls;
  out.columns_ = columns.empty() ? usual_columns(table) : std::move(columns);
  if (out.columns_.size() > kMaxColumns) {
    return fail(ErrorCode::InvalidArgument, fmt::format("more than {} columns", kMaxColumns));
  }
  for (const std::string& column : out.columns_) {
    Kind kind = Kind::Plain;
    const registry::Type type = type_of(table, column);
    // Durations stand in the store in ns; numbers that are read off a message come as text.
    if (type == registry::Type::Duration) kind = Kind::Seconds;
    if (type == registry::Type::Number) kind = Kind::Number;
    if (table == Table::Records && column == "payload") {
      kind = Kind::Payload;
      if (!asked.may(admin::Permission::PayloadRead)) {
        return fail(ErrorCode::InvalidArgument,
                    "the column payload takes the permission payload.read");
      }
    }
    if (table == Table::Records && (column == "body" || column == "sdp")) kind = Kind::Body;
    out.kinds_.push_back(kind);
  }
  return out;
}

std::string RowFormat::masked(const Rows& rows, size_t column) const {
  std::string text(rows.text(column));
  if (!masks_) return text;
  if (kinds_[column] == Kind::Payload) {
    mask_secrets(text);
  } else {
    mask_body(text);
  }
  return text;
}

void RowFormat::write_value(JsonWriter& json, const Rows& rows, size_t column) const {
  const std::string_view type = rows.column_type(column);
  if (rows.is_null(column)) {
    json.null();
  } else if (kinds_[column] == Kind::Seconds) {
    json.seconds(rows.integer(column));
  } else if (kinds_[column] == Kind::Number && type != "integer") {
    write_number(json, rows.display(column));
  } else if (kinds_[column] == Kind::Body) {
    json.value(masked(rows, column));
  } else if (type == "boolean") {
    json.value(rows.integer(column) != 0);
  } else if (type == "integer" || type == "list") {
    json.raw(rows.display(column));
  } else if (type == "real") {
    json.value(rows.real(column));
  } else {
    json.value(rows.display(column));
  }
}

void RowFormat::write(JsonWriter& json, const Rows& rows) const {
  if (whole_calls_) return write_stored_call(json, *pipeline::read_call(rows));
  json.begin_object();
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (kinds_[i] == Kind::Payload) {
      write_octets(json, columns_[i], masked(rows, i));
      continue;
    }
    json.key(std::string_view(columns_[i]));
    write_value(json, rows, i);
  }
  json.end_object();
}

std::string RowFormat::csv_heading() const {
  if (whole_calls_) return exporter::csv_header();
  std::string out;
  exporter::append_csv_row(out, columns_);
  return out;
}

std::string RowFormat::cell(const Rows& rows, size_t column) const {
  if (rows.is_null(column)) return {};
  if (kinds_[column] == Kind::Seconds) return format_seconds(rows.integer(column), 6);
  if (kinds_[column] == Kind::Payload || kinds_[column] == Kind::Body) {
    const std::string text = masked(rows, column);
    return is_utf8(text) ? text : base64(text);
  }
  if (rows.column_type(column) != "list") return rows.display(column);
  std::string out;
  for (size_t i = 0; i < rows.list_size(column); ++i) {
    if (i != 0) out += ' ';
    out += rows.list_text(column, i);
  }
  return out;
}

void RowFormat::append_csv(std::string& out, const Rows& rows) const {
  if (whole_calls_) return exporter::append_csv(out, pipeline::read_call(rows)->call);
  std::vector<std::string> cells;
  for (size_t i = 0; i < columns_.size(); ++i) cells.push_back(cell(rows, i));
  exporter::append_csv_row(out, cells);
}

void write_stored_call(JsonWriter& json, const pipeline::StoredCall& call) {
  std::string text;
  JsonWriter inner(text);
  exporter::write_call(inner, call.call);
  json.raw(extended(std::move(text), [&](JsonWriter& more) {
    more.field("open", call.open);
    list_field(more, "nodes", call.call.nodes);
    list_field(more, "correlation_ids", call.call.correlation_ids);
    more.key("expires_s");
    if (call.call.expires_s == 0) {
      more.null();
    } else {
      more.value(unsigned{call.call.expires_s});
    }
  }));
}

void write_octets(JsonWriter& json, std::string_view name, std::string_view octets) {
  if (is_utf8(octets)) {
    json.field(name, octets);
  } else {
    json.field(std::string(name) + "_base64", base64(octets));
  }
}

}  // namespace siploom::api
