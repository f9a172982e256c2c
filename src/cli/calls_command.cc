// siploom calls: the list.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "cli/chosen_calls.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "exporter/json.h"
#include "pipeline/call_subject.h"
#include "view/call_view.h"

namespace siploom::cli {

namespace {

using Rows = std::vector<const model::Call*>;

// First value of a field, as something to sort by: numbers before texts.
struct SortKey {
  double number = std::nan("");
  std::string text;
};

SortKey sort_key(const model::Call& call, const registry::FieldInfo& field) {
  SortKey key;
  const auto take = [&](const query::Value& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) key.text = *text;
    if (const auto* number = std::get_if<double>(&value)) key.number = *number;
    if (const auto* duration = std::get_if<query::Duration>(&value))
      key.number = static_cast<double>(duration->ns);
    if (const auto* time = std::get_if<Timestamp>(&value))
      key.number = static_cast<double>(time->ns);
    if (const auto* flag = std::get_if<bool>(&value)) key.number = *flag ? 1 : 0;
    if (const auto* endpoint = std::get_if<Endpoint>(&value)) {
      key.text.assign(endpoint->address.octets.begin(), endpoint->address.octets.end());
      key.text += fmt::format("{:05}", endpoint->port);
    }
    return false;
  };
  pipeline::CallSubject(call).values(field.id, take);
  return key;
}

// What is not known sorts last, whichever the direction.
int compare(const SortKey& a, const SortKey& b, bool descending) {
  const bool a_missing = std::isnan(a.number) && a.text.empty(),
             b_missing = std::isnan(b.number) && b.text.empty();
  if (a_missing || b_missing) return int{a_missing} - int{b_missing};
  const int order =
      std::isnan(a.number) ? a.text.compare(b.text) : (a.number > b.number) - (a.number < b.number);
  return descending ? -order : order;
}

Result<const registry::FieldInfo*> call_field(std::string_view name) {
  const registry::FieldInfo* field = registry::find_field(name);
  if (field != nullptr && field->scope != registry::Scope::Message) return field;
  const auto near = registry::nearest_fields(name);
  return fail(ErrorCode::InvalidArgument,
              fmt::format("calls have no field '{}'{}", name,
                          near.empty() ? "; `siploom fields` lists them"
                                       : fmt::format("; did you mean {}?", near.front())));
}

Result<void> sort_rows(Rows& rows, const std::string& sort) {
  if (sort.empty()) return {};
  const bool descending = sort.front() == '-';
  const std::string name = descending ? sort.substr(1) : sort;
  const registry::FieldInfo* field = SL_TRY(call_field(name));
  std::vector<std::pair<SortKey, const model::Call*>> keyed;
  for (const model::Call* call : rows) keyed.emplace_back(sort_key(*call, *field), call);
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    return compare(a.first, b.first, descending) < 0;
  });
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = keyed[i].second;
  return {};
}

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

// A column of the list: one that the view knows how to show, or any field of the registry.
struct Shown {
  view::Column column;
  std::string view_name;
  const registry::FieldInfo* field = nullptr;
};

Result<std::vector<Shown>> columns_of(const CallsOptions& options, bool one_kind) {
  std::vector<Shown> out;
  const auto& known = view::call_columns();
  if (options.columns.empty()) {
    for (const view::CallColumn& column : known) {
      if (column.name == "kind" && one_kind) continue;  // says the same in every row
      out.push_back({column.column, column.name, nullptr});
    }
    return out;
  }
  for (const std::string& name : options.columns) {
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

Result<void> write_table(Output& out, const CallsOptions& options, const Rows& rows,
                         const std::vector<std::pair<const model::Call*, size_t>>& numbers) {
  const bool one_kind = std::all_of(rows.begin(), rows.end(), [](const model::Call* c) {
    return c->kind == model::CallKind::Call;
  });
  const std::vector<Shown> shown = SL_TRY(columns_of(options, one_kind));
  std::vector<view::Column> columns;
  for (const Shown& s : shown) columns.push_back(s.column);
  view::Table table(columns);
  for (const model::Call* call : rows) {
    const auto at =
        std::lower_bound(numbers.begin(), numbers.end(), call,
                         [](const auto& entry, const model::Call* c) { return entry.first < c; });
    std::vector<view::Cell> cells;
    for (const Shown& s : shown) {
      cells.push_back(s.field != nullptr ? field_cell(*call, *s.field)
                                         : view::call_cell(s.view_name, *call, at->second));
    }
    table.add(std::move(cells));
  }
  if (!rows.empty() && out.is_terminal()) {
    out.write(view::paint(view::Role::Dim,
                          format_rfc3339(rows.front()->start, 0).substr(0, 10) + " UTC",
                          out.color()) +
              "\n");
  }
  out.write(table.text(out.width(), out.color()));
  return {};
}

}  // namespace

int calls_command(Options& options) {
  if (auto words = resolve_words(options.input, false); !words) return fail_with(words.error());
  auto filter = compile_filter(options.input.filter, registry::Scope::Call);
  if (!filter) return fail_with(filter.error());
  Output out(options.output);
  Input input(options.input, options.output);
  auto chosen = choose_calls(input, *filter ? &**filter : nullptr);
  input.report();
  if (!chosen) return fail_with(chosen.error());
  Rows rows = chosen->calls;
  std::vector<std::pair<const model::Call*, size_t>>
      numbers;  // as `siploom show` counts: over all calls
  {
    size_t number = 0;
    for (const model::Call* call : chosen->consumer->calls()) numbers.emplace_back(call, ++number);
    std::sort(numbers.begin(), numbers.end());
  }
  if (auto sorted = sort_rows(rows, options.calls.sort); !sorted) return fail_with(sorted.error());
  if (options.calls.limit != 0 && rows.size() > options.calls.limit)
    rows.resize(options.calls.limit);
  if (options.output.json) {
    for (const model::Call* call : rows) {
      JsonWriter json(out.buffer());
      exporter::write_call(json, *call);
      out.write("\n");
    }
  } else if (options.output.csv) {
    out.write(exporter::csv_header());
    for (const model::Call* call : rows) {
      exporter::append_csv(out.buffer(), *call);
      out.write("");
    }
  } else if (!rows.empty()) {
    if (auto written = write_table(out, options.calls, rows, numbers); !written)
      return fail_with(written.error());
  }
  out.flush();
  if (const uint64_t evicted = chosen->consumer->evicted(); evicted != 0) {
    complain(fmt::format("{} calls did not fit into --memory and are not listed", evicted));
  }
  return rows.empty() ? 1 : 0;
}

}  // namespace siploom::cli
