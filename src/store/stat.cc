#include "store/stat.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "store/files.h"
#include "store/source_sql.h"

namespace siploom::store {

namespace fs = std::filesystem;

namespace {

void add(ShelfStat& sum, const Segment& segment) {
  ++sum.segments;
  sum.rows += segment.rows;
  sum.bytes += segment.bytes;
  sum.index_bytes += segment.index_bytes;
  widen(sum.first, sum.last, segment.first, segment.last);
  widen(sum.received_first, sum.received_last, segment.received_first, segment.received_last);
}

}  // namespace

StoreStat stat(const View& view) {
  StoreStat out;
  for (const Segment& segment : view.manifest->segments) {
    add(out.shelves[static_cast<size_t>(segment.shelf)], segment);
    add(out.sum, segment);
  }
  out.damaged = view.manifest->damaged;
  for (const View::Part& part : view.parts) {
    out.memory_bytes += part.batch->bytes();
    for (size_t i = 0; i < part.counts.size(); ++i) out.memory_rows[i] += part.counts[i];
  }
  for (const uint64_t number : logs_in(view.folder)) {
    std::error_code code;
    const auto size = fs::file_size(log_path(view.folder, number), code);
    if (code) continue;
    ++out.logs;
    out.log_bytes += size;
  }
  if (const auto space = disk_space(view.folder)) {
    out.disk_bytes = space->total_bytes;
    out.disk_free_bytes = space->free_bytes;
  }
  return out;
}

Result<uint64_t> export_rows(const View& view, const ExportOptions& options,
                             const std::string& path) {
  std::error_code code;
  if (fs::exists(path, code)) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is there already", path));
  }
  RowSets sets;
  IndexCache indexes;
  DatabaseOptions opened;
  opened.memory_bytes = options.memory_bytes;
  const auto database = SL_TRY(Database::open(opened));
  auto connection = SL_TRY(database->connect());
  SL_TRY_VOID(register_scan(connection, sets));
  // Else whole row groups wait for their turn.
  SL_TRY_VOID(connection.run("SET preserve_insertion_order = false"));
  SourceNeeds needs;
  needs.table = options.table;
  needs.from = options.from;
  needs.to = options.to;
  const SourceSql source(sets, indexes, view, needs);
  const std::string format =
      options.format == ExportFormat::Csv
          ? std::string("FORMAT csv, HEADER true")
          : fmt::format("FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {}",
                        options.zstd_level);
  QueryControl control;
  control.cancelled = options.stop;
  // Beside it, and renamed at the end: nobody takes half a file for a whole one.
  const std::string beside = path + ".part";
  auto rows =
      connection.query(fmt::format("COPY (SELECT * FROM {} WHERE {}) TO {} ({})", source.text(),
                                   source.time_condition(), sql_text(beside), format),
                       control);
  const auto finish = [&]() -> Result<uint64_t> {
    if (!rows) return tl::unexpected<Error>(rows.error());
    const bool any = SL_TRY(rows->next());
    const auto count = any ? static_cast<uint64_t>(rows->integer(0)) : 0;
    SL_TRY_VOID(sync_file(beside));
    SL_TRY_VOID(rename_synced(beside, path));
    return count;
  };
  auto count = finish();
  if (!count) ::unlink(beside.c_str());
  return count;
}

Result<uint64_t> visit_rows(const View& view, const ExportOptions& options,
                            FunctionRef<bool(const Rows&)> take) {
  RowSets sets;
  IndexCache indexes;
  DatabaseOptions opened;
  opened.memory_bytes = options.memory_bytes;
  const auto database = SL_TRY(Database::open(opened));
  auto connection = SL_TRY(database->connect());
  SL_TRY_VOID(register_scan(connection, sets));
  SourceNeeds needs;
  needs.table = options.table;
  needs.from = options.from;
  needs.to = options.to;
  const SourceSql source(sets, indexes, view, needs);
  QueryControl control;
  control.cancelled = options.stop;
  std::string texts;
  for (const ColumnInfo& column : columns(options.table)) {
    texts += fmt::format("{}CAST(\"{}\" AS VARCHAR)", texts.empty() ? "" : ", ", column.name);
  }
  auto rows = SL_TRY(connection.stream(
      fmt::format("SELECT {} FROM {} WHERE {}", texts, source.text(), source.time_condition()),
      control));
  uint64_t count = 0;
  while (SL_TRY(rows.next())) {
    ++count;
    if (!take(rows)) break;
  }
  return count;
}

}  // namespace siploom::store
