// siploom store: what a store holds, whether it is sound, and its upkeep by hand.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "admin/settings.h"
#include "base/json_writer.h"
#include "cli/commands.h"
#include "cli/held.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/wall_clock.h"
#include "exporter/json.h"
#include "pipeline/payload_reader.h"
#include "store/check.h"
#include "store/merge.h"
#include "store/retention.h"
#include "store/search.h"
#include "store/stat.h"
#include "store/table.h"
#include "view/style.h"
#include "view/table.h"

namespace siploom::cli {

namespace {

constexpr int kMostFailures = 3;  // of merges, one after the other: a full disk

std::string size_text(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) value /= 1024, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string time_text(Timestamp t) { return is_known(t) ? format_rfc3339(t, 0) : std::string("-"); }

void time_field(JsonWriter& json, std::string_view name, Timestamp t) {
  json.key(name);
  if (is_known(t)) {
    json.value(std::string_view(format_rfc3339(t)));
  } else {
    json.null();
  }
}

void shelf_json(JsonWriter& json, std::string_view name, const store::ShelfStat& shelf) {
  json.begin_object();
  json.field("shelf", name);
  json.field("segments", shelf.segments);
  json.field("rows", shelf.rows);
  json.field("bytes", shelf.bytes + shelf.index_bytes);
  json.field("bytes_per_row", shelf.bytes_per_row());
  time_field(json, "first", shelf.first);
  time_field(json, "last", shelf.last);
  time_field(json, "kept_since", shelf.received_first);
  json.end_object();
}

int stat_json(const store::StoreStat& stat, const std::string& folder, Output& out) {
  JsonWriter json(out.buffer());
  json.begin_object();
  json.key("shelves");
  json.begin_array();
  for (size_t i = 0; i < stat.shelves.size(); ++i) {
    if (stat.shelves[i].segments != 0) {
      shelf_json(json, store::shelf_name(static_cast<store::Shelf>(i)), stat.shelves[i]);
    }
  }
  json.end_array();
  json.key("sum");
  shelf_json(json, "all", stat.sum);
  json.field("memory_rows", stat.memory_rows[0]);
  json.field("log_bytes", stat.log_bytes);
  json.field("damaged", uint64_t{stat.damaged.size()});
  json.field("disk_free_bytes", stat.disk_free_bytes);
  json.key("dropped");
  json.begin_array();
  for (const store::DropEvent& event : store::read_journal(folder)) {
    json.begin_object();
    time_field(json, "when", event.when);
    json.field("why", store::reason_name(event.reason));
    json.field("shelf", store::shelf_name(event.shelf));
    json.field("rows", event.rows);
    json.field("bytes", event.bytes);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out.write("\n");
  return 0;
}

int stat_command(const Options& options, Output& out) {
  const std::string& folder = options.store.store;
  const auto view = store::Store::read(folder);
  if (!view) return fail_with(view.error());
  const store::StoreStat stat = store::stat(*view);
  if (options.output.json) return stat_json(stat, folder, out);
  using view::Align;
  view::Table table({{"Kept", Align::Left},
                     {"Rows", Align::Right},
                     {"Size", Align::Right},
                     {"B/row", Align::Right},
                     {"Files", Align::Right},
                     {"Since", Align::Left},
                     {"First", Align::Left},
                     {"Last", Align::Left}});
  const auto add = [&](std::string_view name, const store::ShelfStat& shelf) {
    table.add({{std::string(name)},
               {std::to_string(shelf.rows)},
               {size_text(shelf.bytes + shelf.index_bytes)},
               {fmt::format("{:.1f}", shelf.bytes_per_row())},
               {std::to_string(shelf.segments)},
               {time_text(shelf.received_first)},
               {time_text(shelf.first)},
               {time_text(shelf.last)}});
  };
  for (size_t i = 0; i < stat.shelves.size(); ++i) {
    if (stat.shelves[i].segments != 0) {
      add(store::shelf_name(static_cast<store::Shelf>(i)), stat.shelves[i]);
    }
  }
  add("all", stat.sum);
  out.write(table.text(out.width(), out.color()));
  out.write(fmt::format("\nnot sealed yet: {} records, {} calls in {} logs ({})\n",
                        stat.memory_rows[0], stat.memory_rows[1], stat.logs,
                        size_text(stat.log_bytes)));
  out.write(fmt::format("disk: {} of {} free\n", size_text(stat.disk_free_bytes),
                        size_text(stat.disk_bytes)));
  for (const store::Damage& damage : stat.damaged) {
    out.write(fmt::format("set aside as damaged: {} ({} rows, {} to {}): {}\n", damage.path,
                          damage.rows, time_text(damage.first), time_text(damage.last),
                          view::safe(damage.why)));
  }
  auto events = store::read_journal(folder);
  constexpr size_t kShown = 10;
  if (events.size() > kShown) events.erase(events.begin(), events.end() - kShown);
  for (const store::DropEvent& event : events) {
    out.write(fmt::format("dropped {}: {} rows of {} ({}), received {} to {}, because of {}\n",
                          time_text(event.when), event.rows, store::shelf_name(event.shelf),
                          size_text(event.bytes), time_text(event.received_first),
                          time_text(event.received_last), store::reason_name(event.reason)));
  }
  return 0;
}

int check_command(const Options& options, Output& out) {
  store::CheckOptions checking;
  checking.repair = options.store.repair;
  checking.stop = &stop_flag();
  const auto report = store::check(options.store.store, checking);
  if (!report) return fail_with(report.error());
  size_t bad = 0;
  if (!report->manifest_why.empty()) out.write("BAD   manifest: " + report->manifest_why + "\n");
  for (const store::SegmentCheck& each : report->segments) {
    if (each.rows == store::Verdict::Good && each.side == store::Verdict::Good) continue;
    ++bad;
    out.write(fmt::format("BAD   {}: rows {}, side file {}{}{}\n", each.segment.path,
                          store::verdict_name(each.rows), store::verdict_name(each.side),
                          each.why.empty() ? "" : ": ", view::safe(each.why)));
  }
  for (const store::LogCheck& log : report->logs) {
    const bool damaged = log.damaged_bytes != 0 || !log.why.empty();
    const char* verdict = damaged ? "BAD " : log.cut_bytes != 0 ? "warn" : "ok  ";
    out.write(fmt::format(
        "{}  {}: {} rows{}{}{}\n", verdict, log.path, log.rows,
        log.cut_bytes == 0 ? "" : fmt::format(", {} octets of a torn end", log.cut_bytes),
        log.damage.empty() ? "" : ", " + log.damage, log.why.empty() ? "" : ", " + log.why));
  }
  for (const std::string& orphan : report->orphans) {
    out.write(fmt::format("warn  {} is named by nothing\n", view::safe(orphan)));
  }
  for (const store::Damage& damage : report->set_aside) {
    out.write(fmt::format("warn  {} was set aside: {}\n", damage.path, view::safe(damage.why)));
  }
  for (const std::string& done : report->repaired) out.write("done  " + done + "\n");
  out.write(fmt::format("{}: {} segments, {} of them bad\n",
                        report->is_good() ? "good" : "NOT GOOD", report->segments.size(), bad));
  if (!report->is_good() && !options.store.repair) {
    out.write(
        "`siploom store check --repair` sets damaged files aside and makes the rest whole "
        "(stop siploom serve first)\n");
  }
  return report->is_good() || options.store.repair ? 0 : 1;
}

Result<std::unique_ptr<store::Store>> open_for_writing(const Options& options) {
  store::StoreOptions opening;
  opening.folder = options.store.store;
  opening.clock = wall_clock;
  return store::Store::open(opening);
}

int plan_command(const Options& options, Output& out) {
  const auto view = store::Store::read(options.store.store);
  if (!view) return fail_with(view.error());
  const auto plan = store::plan_merges(*view->manifest, store::merge_all_now(), wall_clock());
  for (const auto& inputs : plan) {
    out.write("would merge " + store::describe_merge(inputs) + "\n");
  }
  out.write(fmt::format("{} files would be merged in {} steps; {} logs would be sealed before\n",
                        std::accumulate(plan.begin(), plan.end(), size_t{0},
                                        [](size_t n, const auto& each) { return n + each.size(); }),
                        plan.size(), view->parts.size()));
  return 0;
}

int compact_command(const Options& options, Output& out) {
  if (options.store.dry_run) return plan_command(options, out);
  auto store = open_for_writing(options);
  if (!store) return fail_with(store.error());
  size_t logs = 0;
  while (true) {
    const auto sealed = (*store)->seal();
    if (!sealed) return fail_with(sealed.error());
    if (!*sealed) break;
    ++logs;
  }
  store::MergeOptions merging;
  merging.policy = store::merge_all_now();
  auto compaction = store::Compaction::open(**store, merging);
  if (!compaction) return fail_with(compaction.error());
  const store::MergeTotals& totals = (*compaction)->totals();
  uint64_t merged = 0, failed = 0;
  for (int in_a_row = 0; !stop_flag();) {
    const auto done = (*compaction)->merge_once(stop_flag());
    if (totals.failures > failed) complain("left as it is: " + totals.last_error);
    failed = totals.failures;
    if (totals.merges > merged) out.write("merged " + totals.last_merge + "\n");
    merged = totals.merges;
    in_a_row = done ? 0 : in_a_row + 1;
    if (in_a_row == kMostFailures) return fail_with(done.error());
    if (done && !*done) break;
  }
  out.write(fmt::format("{} logs sealed; {} files became {}: {} rows, {} became {}\n", logs,
                        totals.segments_in, totals.segments_out, totals.rows,
                        size_text(totals.bytes_in), size_text(totals.bytes_out)));
  if (totals.merges == 0) {
    out.write(fmt::format("nothing is worth merging: {} files are as few as the limits allow\n",
                          (*store)->view().manifest->segments.size()));
  }
  return totals.failures == 0 ? 0 : 1;
}

// Sets what retention has to know of holds. Held rows are kept when in doubt.
Result<void> heed_holds(const Options& options, const store::View& view, Output& out,
                        store::RetentionOptions& keeping) {
  const StoreCommandOptions& asked = options.store;
  const auto holds = SL_TRY(holds_of_store(asked.store, asked.meta));
  uint64_t held_rows = 0;
  for (const store::Segment& segment : view.manifest->segments) {
    if (store::is_held(segment.shelf)) held_rows += segment.rows;
  }
  if (holds) {
    if (asked.release_holds && !holds->empty()) {
      return fail(ErrorCode::InvalidArgument,
                  "--release-holds is for a store without a meta.db: release holds in the server");
    }
    keeping.holds = [holds] { return Result<std::vector<store::Hold>>(*holds); };
    if (!holds->empty()) {
      out.write(fmt::format("legal holds in force: {}; what they name stays\n", holds->size()));
    }
  } else if (asked.release_holds) {
    keeping.holds = [] { return Result<std::vector<store::Hold>>(std::vector<store::Hold>{}); };
  } else if (held_rows != 0) {
    complain(
        fmt::format("{} rows are under legal hold and there is no meta.db beside the store to "
                    "say by which: they stay (--meta FILE names it, --release-holds lets them "
                    "go)",
                    held_rows));
  }
  return {};
}

Result<store::RetentionResult> prune(const Options& options, Output& out) {
  const StoreCommandOptions& asked = options.store;
  const auto store = SL_TRY(open_for_writing(options));
  store::RetentionOptions keeping;
  for (store::ShelfLimit& shelf : keeping.policy.shelves) shelf.max_age = asked.older_than;
  keeping.policy.max_bytes = asked.larger_than;
  SL_TRY_VOID(heed_holds(options, store->view(), out, keeping));
  store::SearchOptions searching;
  searching.folder = asked.store;
  searching.make_reader = pipeline::make_payload_reader;
  const auto search = SL_TRY(store::Search::open(searching));
  keeping.search = search.get();
  const auto retention = SL_TRY(store::Retention::open(*store, keeping));
  return retention->run(asked.dry_run);
}

int prune_command(const Options& options, Output& out) {
  if (options.store.older_than == 0 && options.store.larger_than == 0) {
    return fail_with({ErrorCode::InvalidArgument,
                      "say what is to go: --older-than 30d, or --larger-than 100GiB"});
  }
  const auto result = prune(options, out);
  if (!result) return fail_with(result.error());
  for (const store::Drop& drop : result->dropped) {
    out.write(fmt::format(
        "{} {}: {} rows, {}, {}\n", options.store.dry_run ? "would drop" : "dropped",
        drop.segment.path, drop.segment.rows,
        size_text(drop.segment.bytes + drop.segment.index_bytes), store::reason_name(drop.reason)));
  }
  out.write(fmt::format("{} segments, {} rows, {}\n", result->dropped.size(), result->rows,
                        size_text(result->bytes)));
  if (result->held_rows != 0) {
    out.write(fmt::format("{} rows of them are held and were kept\n", result->held_rows));
  }
  out.flush();
  if (!result->note.empty()) complain(result->note);
  return result->kept_back.empty() ? 0 : 2;
}

int export_to_output(const store::View& view, const store::ExportOptions& exporting, Output& out) {
  std::vector<std::string> cells;
  for (const store::ColumnInfo& column : store::columns(exporting.table)) {
    cells.emplace_back(column.name);
  }
  exporter::append_csv_row(out.buffer(), cells);
  const auto rows = store::visit_rows(view, exporting, [&](const store::Rows& row) {
    for (size_t i = 0; i < cells.size(); ++i) cells[i] = row.text(i);
    exporter::append_csv_row(out.buffer(), cells);
    out.write({});
    return !out.is_broken();
  });
  out.flush();
  if (!rows) return fail_with(rows.error());
  return *rows == 0 ? 1 : 0;
}

int export_rows_command(const Options& options, Output& out) {
  const auto view = store::Store::read(options.store.store);
  if (!view) return fail_with(view.error());
  store::ExportOptions exporting;
  if (!store::parse_table(options.store.table, exporting.table)) {
    return fail_with(
        {ErrorCode::InvalidArgument, "--table is one of records, calls, streams and ledger"});
  }
  exporting.from = options.input.from;
  exporting.to = options.input.to;
  exporting.stop = &stop_flag();
  const std::string& path = options.store.output;
  if (path.empty()) {
    return fail_with({ErrorCode::InvalidArgument,
                      "say where to: -o FILE.parquet, -o FILE.csv, or -o - for standard output"});
  }
  if (path == "-") return export_to_output(*view, exporting, out);
  if (path.ends_with(".csv")) exporting.format = store::ExportFormat::Csv;
  const auto rows = store::export_rows(*view, exporting, path);
  if (!rows) return fail_with(rows.error());
  out.write(fmt::format("{} rows\n", *rows));
  return *rows == 0 ? 1 : 0;
}

}  // namespace

int store_command(const Options& options) {
  if (options.store.store.empty()) {
    return fail_with({ErrorCode::InvalidArgument, "say which store: --store DIR"});
  }
  Output out(options.output);
  const std::string& action = options.store.action;
  if (action == "stat") return stat_command(options, out);
  if (action == "check") return check_command(options, out);
  if (action == "compact") return compact_command(options, out);
  if (action == "prune") return prune_command(options, out);
  return export_rows_command(options, out);
}

}  // namespace siploom::cli
