// siploom query and siploom sql: what a store holds, printed as `calls` and `grep` print captures.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "cli/call_writer.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/message_output.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "exporter/json.h"
#include "pipeline/payload_reader.h"
#include "pipeline/stored.h"
#include "view/message_text.h"

namespace siploom::cli {

namespace {

store::QueryControl control_of(const StoreCommandOptions& options) {
  store::QueryControl control;
  control.cancelled = &stop_flag();
  if (options.time_limit > 0) {
    control.deadline =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(options.time_limit);
  }
  return control;
}

// A store opened for reading, whoever may be writing it.
struct Opened {
  store::View view;
  std::unique_ptr<store::Search> search;
};

Result<Opened> open_store(const StoreCommandOptions& options) {
  if (options.store.empty()) {
    return fail(ErrorCode::InvalidArgument, "say which store: --store DIR or --server URL");
  }
  Opened opened{SL_TRY(store::Store::read(options.store)), nullptr};
  store::SearchOptions searching;
  searching.folder = options.store;
  searching.memory_bytes = options.memory_bytes;
  searching.make_reader = pipeline::make_payload_reader;
  opened.search = SL_TRY(store::Search::open(searching));
  return opened;
}

// Errors are about the filter as it was typed.
Result<store::Question> question_of(const Options& options) {
  store::Question question;
  question.table = options.store.table == "calls" ? store::Table::Calls : store::Table::Records;
  question.filter = fmt::format("{}", fmt::join(options.store.words, " "));
  question.from = options.input.from;
  question.to = options.input.to;
  question.control = control_of(options.store);
  if (options.store.table == "messages") {
    SL_TRY_VOID(query::Filter::compile(question.filter, registry::Scope::Message));
    question.filter = question.filter.empty()
                          ? std::string("record.kind == sip")
                          : fmt::format("record.kind == sip and ({})", question.filter);
  }
  return question;
}

store::Selection selection_of(const Options& options, const std::vector<std::string>& columns) {
  store::Selection selection;
  selection.columns = columns;
  selection.limit = options.store.limit == 0 ? 1'000'000 : options.store.limit;
  std::string sort = options.calls.sort;
  if (!sort.empty()) {
    selection.descending = sort.front() == '-';
    if (selection.descending) sort.erase(0, 1);
    selection.sort = sort;
  }
  return selection;
}

Result<size_t> count_rows(const Opened& opened, const Options& options, Output& out) {
  const store::Question question = SL_TRY(question_of(options));
  const auto groups = SL_TRY(opened.search->group(opened.view, question, store::Grouping{}));
  const double count = groups.rows.empty() ? 0 : groups.rows[0].values[0].value_or(0);
  out.write(fmt::format("{:.0f}\n", count));
  return static_cast<size_t>(count);
}

using Calls = std::vector<std::unique_ptr<pipeline::StoredCall>>;
using Records = std::vector<pipeline::StoredRecord>;

Result<Calls> calls_of(const Opened& opened, const Options& options) {
  const store::Question question = SL_TRY(question_of(options));
  auto answer = SL_TRY(opened.search->select(opened.view, question,
                                             selection_of(options, pipeline::call_columns())));
  Calls calls;
  while (SL_TRY(answer->next())) calls.push_back(pipeline::read_call(answer->rows()));
  return calls;
}

Result<size_t> print_calls(Calls calls, const Options& options, Output& out) {
  // The newest were asked for; they are read from the oldest on, as everywhere.
  if (options.calls.sort.empty()) std::reverse(calls.begin(), calls.end());
  std::vector<CallRow> rows;
  for (const auto& call : calls) rows.push_back({&call->call, rows.size() + 1});
  CallWriter writer = SL_TRY(CallWriter::make(options, out));
  writer.add_all(rows, 1);
  writer.finish();
  return rows.size();
}

void print_record(const pipeline::StoredRecord& record, const Options& options, Output& out) {
  if (options.output.json) {
    JsonWriter json(out.buffer());
    pipeline::write_record(json, record);
    out.write("\n");
    return;
  }
  const std::string_view what = record.summary.empty() ? record.event : record.summary;
  out.write(fmt::format("{}  {:<12} {:<12} {}  {}\n", format_rfc3339(record.time, 3), record.node,
                        model::record_kind_name(record.kind),
                        record.primary_id.empty() ? "-" : view::safe(record.primary_id),
                        view::safe(what)));
}

Result<Records> records_of(const Opened& opened, const Options& options) {
  const store::Question question = SL_TRY(question_of(options));
  auto answer = SL_TRY(opened.search->select(opened.view, question,
                                             selection_of(options, pipeline::record_columns())));
  Records records;
  while (SL_TRY(answer->next())) records.push_back(pipeline::read_record(answer->rows()));
  return records;
}

Result<size_t> print_records(Records records, const Options& options, Output& out) {
  if (options.calls.sort.empty()) std::reverse(records.begin(), records.end());
  // Agents stamp what their workers do side by side: no response stands before its request.
  if (options.store.table == "messages" && options.calls.sort.empty()) {
    pipeline::order_causally(records);
  }
  MessagePrinter printer(options, out);
  const auto view = std::make_unique<sip::MessageView>();
  for (const pipeline::StoredRecord& record : records) {
    if (options.store.table == "messages") {
      view->parse(as_bytes(record.payload), record.datagram);
      model::Record row = pipeline::as_record(record);
      row.frame = record.sequence;
      printer.print(row, *view, true);
    } else {
      print_record(record, options, out);
    }
  }
  return records.size();
}

// The same of a server.
Remote::Parameters parameters_of(const Options& options) {
  std::string sort = options.calls.sort;
  const bool ascending = !sort.empty() && sort.front() != '-';
  if (!sort.empty() && !ascending) sort.erase(0, 1);
  const auto time = [](Timestamp t) { return is_known(t) ? format_rfc3339(t, 9) : std::string(); };
  return {{"filter", fmt::format("{}", fmt::join(options.store.words, " "))},
          {"from", time(options.input.from)},
          {"to", time(options.input.to)},
          {"sort", sort},
          {"order", ascending ? "asc" : ""},
          {"timeout", fmt::format("{}s", options.store.time_limit / kSecond)}};
}

Result<size_t> query_server(const Options& options, Output& out) {
  Remote remote(options.store);
  if (options.grep.count) {
    const Remote::Parameters all = parameters_of(options);
    Remote::Parameters asked;
    for (const auto& each : all) {
      if (each.first != "sort" && each.first != "order") asked.push_back(each);
    }
    const uint64_t count = SL_TRY(remote.count(options.store.table, std::move(asked)));
    out.write(fmt::format("{}\n", count));
    return size_t{count};
  }
  if (options.store.table == "calls") {
    return print_calls(SL_TRY(remote.calls(parameters_of(options), options.store.limit)), options,
                       out);
  }
  return print_records(
      SL_TRY(remote.records(options.store.table, parameters_of(options), options.store.limit)),
      options, out);
}

Result<size_t> run_query(const Options& options, Output& out) {
  if (!options.store.server.empty()) return query_server(options, out);
  const Opened opened = SL_TRY(open_store(options.store));
  if (options.grep.count) return count_rows(opened, options, out);
  if (options.store.table == "calls") {
    return print_calls(SL_TRY(calls_of(opened, options)), options, out);
  }
  return print_records(SL_TRY(records_of(opened, options)), options, out);
}

void write_json_row(const store::Rows& rows, Output& out) {
  JsonWriter json(out.buffer());
  json.begin_object();
  for (size_t i = 0; i < rows.column_count(); ++i) {
    json.key(rows.column_name(i));
    const std::string_view type = rows.column_type(i);
    if (rows.is_null(i)) {
      json.null();
    } else if (type == "integer" || type == "real" || type == "boolean" || type == "list") {
      json.raw(rows.display(i));
    } else {
      json.value(std::string_view(rows.display(i)));
    }
  }
  json.end_object();
  out.write("\n");
}

Result<size_t> run_sql(const Options& options, Output& out) {
  const Opened opened = SL_TRY(open_store(options.store));
  auto answer =
      SL_TRY(opened.search->sql(opened.view, fmt::format("{}", fmt::join(options.store.words, " ")),
                                control_of(options.store)));
  const store::Rows& rows = answer->rows();
  std::vector<view::Column> columns;
  std::vector<std::string> names;
  for (size_t i = 0; i < rows.column_count(); ++i) {
    view::Column& column = columns.emplace_back();
    column.title = view::safe(rows.column_name(i));
    const std::string_view type = rows.column_type(i);
    if (type == "integer" || type == "real") column.align = view::Align::Right;
    column.max_width = 200;
    names.emplace_back(rows.column_name(i));
  }
  view::Table table(columns);
  size_t count = 0;
  if (options.output.csv) exporter::append_csv_row(out.buffer(), names);
  while (SL_TRY(answer->next())) {
    ++count;
    if (options.output.json) {
      write_json_row(rows, out);
      continue;
    }
    std::vector<std::string> texts;
    for (size_t i = 0; i < rows.column_count(); ++i) texts.push_back(rows.display(i));
    if (options.output.csv) {
      exporter::append_csv_row(out.buffer(), texts);
      continue;
    }
    std::vector<view::Cell> cells;
    for (const std::string& text : texts) cells.push_back({view::safe(text), view::Role::Plain});
    table.add(cells);
  }
  const bool as_table = !options.output.json && !options.output.csv;
  if (as_table && count != 0) out.write(table.text(out.width(), out.color()));
  out.flush();
  return count;
}

int finish(const Result<size_t>& count) {
  if (!count) return fail_with(count.error());
  return *count == 0 ? 1 : 0;
}

}  // namespace

int query_command(Options& options) {
  Output out(options.output);
  const auto count = run_query(options, out);
  out.flush();
  return finish(count);
}

int sql_command(const Options& options) {
  Output out(options.output);
  return finish(run_sql(options, out));
}

}  // namespace siploom::cli
