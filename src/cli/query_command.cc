// siploom query: what a store holds, printed as `calls` and `grep` print captures.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/call_writer.h"
#include "cli/commands.h"
#include "cli/message_output.h"
#include "cli/output.h"
#include "cli/row_finder.h"
#include "view/message_text.h"
#include "weave/causal_order.h"

namespace siploom::cli {

namespace {

// So many rows are written together.
constexpr size_t kHeldRows = 4096;

// The newest were asked for; they are read from the oldest on, as everywhere.
class CallPrinter final {
 public:
  CallPrinter(const Options& options, CallWriter writer, Output& out, bool in_order)
      : options_(options), writer_(std::move(writer)), out_(out), in_order_(in_order) {}

  bool take(std::unique_ptr<pipeline::StoredCall> call) {
    held_.push_back(std::move(call));
    if (in_order_ && held_.size() >= kHeldRows) {
      as_they_come_ = !options_.output.json && !options_.output.csv;
      write();
    }
    return !out_.is_broken();
  }
  size_t finish() {
    if (!in_order_) std::reverse(held_.begin(), held_.end());
    write();
    writer_.finish();
    return count_;
  }

 private:
  void write() {
    std::vector<CallRow> rows;
    for (const auto& call : held_) rows.push_back({&call->call, ++count_});
    if (as_they_come_) {
      for (const CallRow& row : rows) writer_.add(row);
    } else {
      writer_.add_all(rows, 1);
    }
    held_.clear();
  }

  const Options& options_;
  CallWriter writer_;
  Output& out_;
  bool in_order_;
  bool as_they_come_ = false;  // a table of too many rows to measure them all
  std::vector<std::unique_ptr<pipeline::StoredCall>> held_;
  size_t count_ = 0;
};

class RecordPrinter final {
 public:
  RecordPrinter(const Options& options, Output& out, bool in_order)
      : options_(options),
        out_(out),
        in_order_(in_order),
        by_time_(options.calls.sort.empty()),
        messages_(options.store.table == "messages"),
        printer_(options, out),
        view_(std::make_unique<sip::MessageView>()) {}

  bool take(pipeline::StoredRecord record) {
    held_.push_back(std::move(record));
    if (in_order_ && held_.size() >= kHeldRows) write(false);
    return !out_.is_broken();
  }
  size_t finish() {
    if (!in_order_) std::reverse(held_.begin(), held_.end());
    write(true);
    return count_;
  }

 private:
  void write(bool all) {
    size_t ready = held_.size();
    // Agents stamp what their workers do side by side: no response stands before its request. What
    // is still to come may belong before the last ones.
    if (messages_ && by_time_) {
      const Timestamp last = held_.empty() ? kNoTime : held_.back().time;
      pipeline::order_causally(held_);
      if (!all && held_.size() < 4 * kHeldRows) {
        while (ready > 0 && last - held_[ready - 1].time <= 2 * weave::kCausalWindow) --ready;
      }
    }
    for (size_t i = 0; i < ready; ++i) print(held_[i]);
    count_ += ready;
    held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(ready));
  }
  void print(const pipeline::StoredRecord& record) {
    if (messages_) {
      view_->parse(as_bytes(record.payload), record.datagram);
      model::Record row = pipeline::as_record(record);
      row.frame = record.sequence;
      printer_.print(row, *view_, true);
    } else if (options_.output.json) {
      JsonWriter json(out_.buffer());
      pipeline::write_record(json, record);
      out_.write("\n");
    } else {
      const std::string_view what = record.summary.empty() ? record.event : record.summary;
      out_.write(fmt::format("{}  {:<12} {:<12} {}  {}\n", format_rfc3339(record.time, 3),
                             view::safe(record.node), model::record_kind_name(record.kind),
                             record.primary_id.empty() ? "-" : view::safe(record.primary_id),
                             view::safe(what)));
    }
  }

  const Options& options_;
  Output& out_;
  bool in_order_, by_time_, messages_;
  MessagePrinter printer_;
  std::unique_ptr<sip::MessageView> view_;
  std::vector<pipeline::StoredRecord> held_;
  size_t count_ = 0;
};

struct Printed {
  size_t rows = 0;
  Result<void> done;  // an error after some rows: they are a part of the answer
};

Result<Printed> print_calls(RowFinder& finder, const Options& options, Output& out) {
  CallPrinter printer(options, SL_TRY(CallWriter::make(options, out)), out, finder.is_in_order());
  const auto done = finder.calls(
      [&](std::unique_ptr<pipeline::StoredCall> call) { return printer.take(std::move(call)); });
  return Printed{printer.finish(), done};
}

Printed print_records(RowFinder& finder, const Options& options, Output& out) {
  RecordPrinter printer(options, out, finder.is_in_order());
  const auto done = finder.records(
      [&](pipeline::StoredRecord record) { return printer.take(std::move(record)); });
  return {printer.finish(), done};
}

// Columns of messages and records: those that were asked for, or what CSV has without that.
std::vector<RowColumn> columns_wanted(const Options& options) {
  std::vector<RowColumn> out;
  for (const std::string& name : options.calls.columns) out.push_back({name});
  if (!out.empty()) return out;
  const bool messages = options.store.table == "messages";
  for (const char* name : {"time", "node", messages ? "transport" : "kind", "src", "dst", "method",
                           "status", messages ? "reason" : "summary", "call_id"}) {
    out.push_back({name});
  }
  return out;
}

Printed print_cells(RowFinder& finder, const Options& options, Output& out) {
  std::vector<RowColumn> columns = columns_wanted(options);
  std::vector<std::vector<RowCell>> held;
  std::unique_ptr<RowWriter> writer;
  const auto make_writer = [&] {
    if (writer == nullptr) writer = std::make_unique<RowWriter>(options.output, out, columns);
  };
  const bool in_order = finder.is_in_order();
  const auto done = finder.cells(columns, [&](const std::vector<RowCell>& cells) {
    if (!in_order) {
      held.push_back(cells);
      return true;
    }
    make_writer();
    return writer->add(cells);
  });
  if (!done && held.empty() && writer == nullptr) return {0, done};
  make_writer();
  for (auto cells = held.rbegin(); cells != held.rend(); ++cells) writer->add(*cells);
  writer->finish();
  return {writer->row_count(), done};
}

Result<size_t> run_query(const Options& options, Output& out) {
  const auto finder = SL_TRY(find_rows(options));
  if (options.grep.count) {
    const size_t count = SL_TRY(finder->count());
    out.write(fmt::format("{}\n", count));
    return count;
  }
  const bool calls = options.store.table == "calls";
  const bool cells = !calls && (options.output.csv || !options.calls.columns.empty());
  if (cells && (options.grep.raw || options.grep.one_line)) {
    return fail(ErrorCode::InvalidArgument,
                "--csv and --columns print fields, --raw and --one-line messages: give one");
  }
  const Printed printed = calls   ? SL_TRY(print_calls(*finder, options, out))
                          : cells ? print_cells(*finder, options, out)
                                  : print_records(*finder, options, out);
  if (printed.done) return printed.rows;
  Error error = printed.done.error();
  if (printed.rows != 0) error.message = "the answer is partial: " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace

int query_command(Options& options) {
  Output out(options.output);
  const auto count = run_query(options, out);
  out.flush();
  if (!count) return fail_with(count.error());
  return *count == 0 ? 1 : 0;
}

}  // namespace siploom::cli
