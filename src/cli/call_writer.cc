#include "cli/call_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "exporter/json.h"
#include "pipeline/call_subject.h"
#include "pipeline/in_blocks.h"

namespace siploom::cli {

namespace {

constexpr size_t kBlockRows = 1024;  // formatted by one thread at a time
// What a row usually needs, for columns that must be set before the rows are known.
constexpr std::string_view kUsual = "[2001:db8:aaaa:bbbb::1]:65535 and some more of it";

std::string value_text(const query::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return view::safe(*text);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:.15g}", *number);
  if (const auto* duration = std::get_if<query::Duration>(&value))
    return view::short_duration(duration->ns);
  if (const auto* time = std::get_if<Timestamp>(&value)) return format_rfc3339(*time, 3);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "yes" : "";
  if (const auto* endpoint = std::get_if<Endpoint>(&value)) {
    return endpoint->port == 0 ? format_ip(endpoint->address) : format_endpoint(*endpoint);
  }
  return "";
}

view::Cell field_cell(const model::Call& call, const registry::FieldInfo& field) {
  std::string out;
  const auto take = [&](const query::Value& value) {
    if (!out.empty()) out += ' ';
    out += value_text(value);
    return true;
  };
  pipeline::CallSubject(call).values(field.id, take);
  return {out, view::Role::Plain};
}

}  // namespace

Result<const registry::FieldInfo*> call_field(std::string_view name) {
  const registry::FieldInfo* field = registry::find_field(name);
  if (field != nullptr && field->scope != registry::Scope::Message) return field;
  const auto near = registry::nearest_fields(name);
  return fail(ErrorCode::InvalidArgument,
              fmt::format("calls have no field '{}'{}", name,
                          near.empty() ? "; `siploom fields` lists them"
                                       : fmt::format("; did you mean {}?", near.front())));
}

Result<std::vector<CallWriter::Shown>> CallWriter::columns_of(
    const std::vector<std::string>& wanted) {
  std::vector<Shown> out;
  const auto& known = view::call_columns();
  if (wanted.empty()) {
    for (const view::CallColumn& column : known) {
      out.push_back({column.column, column.name, nullptr});
    }
    return out;
  }
  for (const std::string& name : wanted) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const auto& c) { return iequals(c.name, name); });
    if (found != known.end()) {
      out.push_back({found->column, found->name, nullptr});
      continue;
    }
    const registry::FieldInfo* field = SL_TRY(call_field(name));
    const bool number =
        field->type == registry::Type::Number || field->type == registry::Type::Duration;
    out.push_back(
        {{std::string(field->name), number ? view::Align::Right : view::Align::Left, 3, 6, 48},
         "",
         field});
  }
  return out;
}

Result<CallWriter> CallWriter::make(const Options& options, Output& out) {
  CallWriter writer(options, out);
  writer.shown_ = SL_TRY(columns_of(options.calls.columns));
  return writer;
}

std::vector<view::Column> CallWriter::columns() const {
  std::vector<view::Column> out;
  out.reserve(shown_.size());
  for (const Shown& shown : shown_) out.push_back(shown.column);
  return out;
}

std::vector<view::Cell> CallWriter::cells(const CallRow& row) const {
  std::vector<view::Cell> out;
  out.reserve(shown_.size());
  for (const Shown& shown : shown_) {
    out.push_back(shown.field != nullptr ? field_cell(*row.call, *shown.field)
                                         : view::call_cell(shown.view_name, *row.call, row.number));
  }
  return out;
}

void CallWriter::write_line(const CallRow& row) {
  view::Table table(columns());
  std::vector<view::Cell> usual;
  for (const Shown& shown : shown_) {
    const view::Column& column = shown.column;
    const size_t room = std::min({column.max_width, kUsual.size(), size_t{24}});
    usual.push_back({std::string(kUsual.substr(0, room)), view::Role::Plain});
  }
  table.add(usual);
  table.lay_out(out_->width());
  if (count_ == 1) out_->write(table.heading(out_->color()));
  out_->write(table.line(cells(row), out_->color()));
}

// What says the same in every row is left out; dates stand where there is more than one.
void CallWriter::suit_columns(const std::vector<CallRow>& rows) {
  const auto same = [&](auto&& what) {
    return std::all_of(rows.begin(), rows.end(), [&](const CallRow& row) {
      return what(*row.call) == what(*rows.front().call);
    });
  };
  const auto day = [](const model::Call& call) { return call.start.ns / kDay; };
  const bool one_day = same(day);
  if (options_.calls.columns.empty()) {
    const bool only_calls = same([](const model::Call& call) { return call.kind; }) &&
                            rows.front().call->kind == model::CallKind::Call;
    if (only_calls) std::erase_if(shown_, [](const Shown& s) { return s.view_name == "kind"; });
    for (Shown& shown : shown_) {
      // On a terminal the day stands above; a file or pipe has no such place.
      const bool day_is_told = one_day && (out_->is_terminal() || out_->width() != 0);
      if (day_is_told || shown.view_name != "start") continue;
      shown.view_name = "date";
      shown.column.max_width = shown.column.min_width = 23;
    }
  }
  if (!out_->is_terminal() || !one_day) return;
  const std::string date = format_rfc3339(rows.front().call->start, 0).substr(0, 10);
  out_->write(view::paint(view::Role::Dim, date + " UTC", out_->color()) + "\n");
}

void CallWriter::write_table(const std::vector<CallRow>& rows, unsigned threads) {
  if (rows.empty()) return;
  suit_columns(rows);
  view::Table table(columns());
  pipeline::in_blocks(
      threads, rows.size(), kBlockRows,
      [&](size_t begin, size_t end) {
        view::Table part(columns());
        for (size_t i = begin; i < end; ++i) part.add(cells(rows[i]));
        return part;
      },
      [&](const view::Table& part) { table.append(part); });
  table.lay_out(out_->width());
  out_->write(table.heading(out_->color()));
  pipeline::in_blocks(
      threads, rows.size(), kBlockRows,
      [&](size_t begin, size_t end) { return table.lines(begin, end, out_->color()); },
      [&](const std::string& lines) { out_->write(lines); });
}

std::string CallWriter::csv_heading() const {
  if (options_.calls.columns.empty()) return exporter::csv_header();
  std::vector<std::string> names;
  for (const Shown& shown : shown_) {
    names.push_back(shown.field != nullptr ? std::string(shown.field->name) : shown.view_name);
  }
  std::string out;
  exporter::append_csv_row(out, names);
  return out;
}

void CallWriter::append(std::string& out, const CallRow& row) const {
  if (options_.output.csv && !options_.calls.columns.empty()) {
    std::vector<std::string> texts;
    for (view::Cell& cell : cells(row)) texts.push_back(std::move(cell.text));
    exporter::append_csv_row(out, texts);
  } else if (options_.output.csv) {
    exporter::append_csv(out, *row.call);
  } else {
    JsonWriter json(out);
    exporter::write_call(json, *row.call);
    out += '\n';
  }
}

void CallWriter::add(const CallRow& row) {
  ++count_;
  if (is_table()) {
    write_line(row);
  } else {
    if (options_.output.csv && count_ == 1) out_->write(csv_heading());
    append(out_->buffer(), row);
  }
  out_->flush();
}

void CallWriter::add_all(const std::vector<CallRow>& rows, unsigned threads) {
  if (is_table()) {
    write_table(rows, threads);
  } else {
    if (options_.output.csv && count_ == 0 && !rows.empty()) out_->write(csv_heading());
    pipeline::in_blocks(
        threads, rows.size(), kBlockRows,
        [&](size_t begin, size_t end) {
          std::string out;
          for (size_t i = begin; i < end; ++i) append(out, rows[i]);
          return out;
        },
        [&](const std::string& lines) { out_->write(lines); });
  }
  count_ += rows.size();
}

void CallWriter::finish() {
  if (options_.output.csv && count_ == 0) out_->write(csv_heading());
  out_->flush();
}

}  // namespace siploom::cli
