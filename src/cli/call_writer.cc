#include "cli/call_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "exporter/json.h"
#include "pipeline/call_subject.h"

namespace siploom::cli {

namespace {

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

Result<CallWriter> CallWriter::make(const Options& options, Output& out, bool at_once) {
  CallWriter writer(options, out, at_once);
  writer.shown_ = SL_TRY(columns_of(options.calls.columns));
  return writer;
}

std::vector<view::Column> CallWriter::columns() const {
  std::vector<view::Column> out;
  for (const Shown& shown : shown_) out.push_back(shown.column);
  return out;
}

std::vector<view::Cell> CallWriter::cells(const model::Call& call, size_t number) const {
  std::vector<view::Cell> out;
  for (const Shown& shown : shown_) {
    out.push_back(shown.field != nullptr ? field_cell(call, *shown.field)
                                         : view::call_cell(shown.view_name, call, number));
  }
  return out;
}

void CallWriter::write_line(const model::Call& call, size_t number) {
  view::Table table(columns());
  std::vector<view::Cell> usual;
  for (const Shown& shown : shown_) {
    const view::Column& column = shown.column;
    const size_t room = std::min({column.max_width, kUsual.size(), size_t{24}});
    usual.push_back({std::string(kUsual.substr(0, room)), view::Role::Plain});
  }
  table.add(std::move(usual));
  table.lay_out(out_->width());
  if (count_ == 1) out_->write(table.heading(out_->color()));
  out_->write(table.line(cells(call, number), out_->color()));
}

void CallWriter::write_table() {
  if (rows_.empty()) return;
  const auto same = [&](auto&& what) {
    return std::all_of(rows_.begin(), rows_.end(), [&](const auto& row) {
      return what(*row.first) == what(*rows_.front().first);
    });
  };
  const auto day = [](const model::Call& call) {
    return format_rfc3339(call.start, 0).substr(0, 10);
  };
  const bool one_day = same(day);
  if (options_.calls.columns.empty()) {
    const bool only_calls = same([](const model::Call& call) { return call.kind; }) &&
                            rows_.front().first->kind == model::CallKind::Call;
    // Says the same in every row.
    if (only_calls) std::erase_if(shown_, [](const Shown& s) { return s.view_name == "kind"; });
    for (Shown& shown : shown_) {
      if (one_day || shown.view_name != "start") continue;
      shown.view_name = "date";
      shown.column.max_width = shown.column.min_width = 23;
    }
  }
  view::Table table(columns());
  for (const auto& [call, number] : rows_) table.add(cells(*call, number));
  if (out_->is_terminal() && one_day) {
    out_->write(view::paint(view::Role::Dim, day(*rows_.front().first) + " UTC", out_->color()));
    out_->write("\n");
  }
  out_->write(table.text(out_->width(), out_->color()));
}

void CallWriter::add(const model::Call& call, size_t number) {
  ++count_;
  if (options_.output.json) {
    JsonWriter json(out_->buffer());
    exporter::write_call(json, call);
    out_->write("\n");
  } else if (options_.output.csv) {
    if (count_ == 1) out_->write(exporter::csv_header());
    exporter::append_csv(out_->buffer(), call);
    out_->write("");
  } else if (at_once_) {
    write_line(call, number);
  } else {
    rows_.emplace_back(&call, number);
  }
  if (at_once_) out_->flush();
}

void CallWriter::finish() {
  write_table();
  if (options_.output.csv && count_ == 0) out_->write(exporter::csv_header());
  out_->flush();
}

}  // namespace siploom::cli
