#include "cli/row_writer.h"

#include <cmath>

#include "base/json_writer.h"
#include "exporter/json.h"
#include "view/style.h"

namespace siploom::cli {

namespace {

// So many rows say how wide the columns of a table are.
constexpr size_t kMeasuredRows = 1000;
constexpr size_t kWidest = 200;

std::vector<view::Column> table_columns(const std::vector<RowColumn>& columns) {
  std::vector<view::Column> out;
  for (const RowColumn& each : columns) {
    view::Column& column = out.emplace_back();
    column.title = view::safe(each.name);
    if (each.is_number) column.align = view::Align::Right;
    column.max_width = kWidest;
  }
  return out;
}

bool is_bare(std::string_view type) {
  return type == "integer" || type == "real" || type == "boolean" || type == "list";
}

}  // namespace

RowWriter::RowWriter(const OutputOptions& options, Output& out, std::vector<RowColumn> columns)
    : options_(options), out_(out), columns_(std::move(columns)), table_(table_columns(columns_)) {
  if (!options_.csv) return;
  std::vector<std::string> names;
  for (const RowColumn& column : columns_) names.push_back(column.name);
  exporter::append_csv_row(out_.buffer(), names);
}

void RowWriter::begin_table() {
  table_.lay_out(out_.width());
  out_.write(table_.heading(out_.color()));
  out_.write(table_.lines(0, table_.row_count(), out_.color()));
  laid_out_ = true;
}

void RowWriter::add_json(const std::vector<RowCell>& cells) {
  JsonWriter json(out_.buffer());
  json.begin_object();
  for (size_t i = 0; i < cells.size(); ++i) {
    json.key(std::string_view(columns_[i].name));
    if (cells[i].kind == RowCell::Kind::Null) {
      json.null();
    } else if (cells[i].kind == RowCell::Kind::Json) {
      json.raw(cells[i].text);
    } else {
      json.value(std::string_view(cells[i].text));
    }
  }
  json.end_object();
  out_.write("\n");
}

bool RowWriter::add(const std::vector<RowCell>& cells) {
  ++count_;
  if (options_.json) {
    add_json(cells);
  } else if (options_.csv) {
    // For a program as it is; a terminal gets nothing that it would obey.
    std::vector<std::string> texts;
    for (const RowCell& cell : cells) {
      texts.push_back(out_.is_terminal() ? view::safe(cell.text) : cell.text);
    }
    exporter::append_csv_row(out_.buffer(), texts);
    out_.write({});
  } else {
    std::vector<view::Cell> shown;
    for (const RowCell& cell : cells) shown.push_back({view::safe(cell.text), view::Role::Plain});
    if (laid_out_) {
      out_.write(table_.line(shown, out_.color()));
    } else {
      table_.add(shown);
      if (table_.row_count() >= kMeasuredRows) begin_table();
    }
  }
  return !out_.is_broken();
}

void RowWriter::finish() {
  if (!options_.json && !options_.csv && !laid_out_) begin_table();
  out_.flush();
}

std::vector<RowColumn> columns_of(const store::Rows& rows, size_t count) {
  std::vector<RowColumn> out;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view type = rows.column_type(i);
    out.push_back({std::string(rows.column_name(i)), type == "integer" || type == "real"});
  }
  return out;
}

std::vector<RowCell> cells_of(const store::Rows& rows, size_t count) {
  std::vector<RowCell> out(count);
  for (size_t i = 0; i < count; ++i) {
    if (rows.is_null(i)) continue;
    const std::string_view type = rows.column_type(i);
    const bool is_none = type == "real" && !std::isfinite(rows.real(i));  // JSON has no NaN
    out[i].kind = is_bare(type) && !is_none ? RowCell::Kind::Json : RowCell::Kind::Text;
    out[i].text = rows.display(i);
  }
  return out;
}

}  // namespace siploom::cli
