#include "store/rebuild.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/hash.h"
#include "base/hash_set.h"
#include "base/text.h"
#include "store/bloom.h"
#include "store/duckdb/row_facts.h"
#include "store/files.h"
#include "store/ledger_sum.h"
#include "store/log.h"
#include "store/store.h"
#include "store/utf8.h"

namespace siploom::store {

namespace fs = std::filesystem;

namespace {

// "segments/2026-01-01/00/held-calls-0000000008.parquet"
bool parse_name(const fs::path& path, Segment& segment) {
  if (path.extension() != ".parquet") return false;
  const std::string stem = path.stem().string();
  const size_t dash = stem.rfind('-');
  if (dash == std::string::npos || !parse_shelf(stem.substr(0, dash), segment.shelf)) return false;
  const auto number = parse_number<uint64_t>(std::string_view(stem).substr(dash + 1));
  segment.number = number.value_or(0);
  return number.has_value();
}

// What tells a row from all others, whether it stands in a file or in a log.
uint64_t row_key(std::string_view id, int64_t time, uint64_t number) {
  return mix(bloom_key(KeyKind::Id, id), mix(static_cast<uint64_t>(time), number));
}

class RowKeys final {
 public:
  explicit RowKeys(Table table) : table_(table), places_(row_places(table)) {
    const auto all = columns(table);
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].name == "version" || all[i].name == "count") number_ = i;
      if (all[i].name == "ssrc") ssrc_ = i;
      if (all[i].name == "reason") reason_ = i;
    }
  }
  uint64_t of(const RowChunk& chunk, size_t row) const {
    const int64_t time = time_at(chunk, places_.time, row);
    switch (table_) {
      case Table::Records:
        return chunk.number<uint64_t>(places_.sequence, row);
      case Table::Calls:
        return row_key(chunk.text(places_.id, row), time, chunk.number<uint64_t>(number_, row));
      case Table::Streams:
        return row_key(chunk.text(places_.id, row), time, chunk.number<uint32_t>(ssrc_, row));
      case Table::Ledger:
        break;
    }
    return row_key(chunk.text(reason_, row), time, chunk.number<uint64_t>(number_, row));
  }

 private:
  Table table_;
  const RowPlaces& places_;
  size_t number_ = 0, ssrc_ = 0, reason_ = 0;
};

uint64_t key_of(const EntryHead& entry) {
  switch (entry.table) {
    case Table::Records:
      return reinterpret_cast<const RecordHead&>(entry).sequence;
    case Table::Calls: {
      const auto& call = reinterpret_cast<const CallHead&>(entry);
      return row_key(to_column_text(call.text(CallText::CallId)), call.time(CallTime::Start).ns,
                     call.version);
    }
    case Table::Streams: {
      const auto& stream = reinterpret_cast<const StreamHead&>(entry);
      return row_key(to_column_text(stream.text(StreamText::CallId)), stream.first_ns, stream.ssrc);
    }
    case Table::Ledger:
      break;
  }
  const auto& ledger = reinterpret_cast<const LedgerHead&>(entry);
  return row_key(to_column_text(ledger.text(LedgerText::Reason)), ledger.minute_ns, ledger.count);
}

Result<bool> all_in(const std::string& folder, const Segment& segment, Merger& merger,
                    const HashSet& keys) {
  const Table table = table_of(segment.shelf);
  const RowKeys row_keys(table);
  MergeJob job;
  job.table = table;
  job.inputs = {{folder + "/" + segment.path, segment.schema}};
  bool all = true;
  SL_TRY_VOID(merger.read(job, [&](const RowChunk& chunk, size_t row) {
    all = all && keys.contains(row_keys.of(chunk, row));
  }));
  return all;
}

Result<HashSet> segment_keys(const std::string& folder, const Segment& segment, Merger& merger) {
  const Table table = table_of(segment.shelf);
  const RowKeys row_keys(table);
  MergeJob job;
  job.table = table;
  job.inputs = {{folder + "/" + segment.path, segment.schema}};
  HashSet keys;
  SL_TRY_VOID(merger.read(
      job, [&](const RowChunk& chunk, size_t row) { keys.insert(row_keys.of(chunk, row)); }));
  return keys;
}

bool overlap(const Segment& a, const Segment& b) {
  if (a.shelf != b.shelf) return false;
  if (table_of(a.shelf) == Table::Records) {
    return a.sequence_first <= b.sequence_last && b.sequence_first <= a.sequence_last;
  }
  return a.received_first <= b.received_last && b.received_first <= a.received_last;
}

// Segments whose rows a later one has, too: what a merging had replaced.
Result<void> leave_out_replaced(const std::string& folder, Merger& merger, Rebuilt& rebuilt) {
  std::vector<Segment>& all = rebuilt.manifest.segments;
  std::sort(all.begin(), all.end(),
            [](const Segment& a, const Segment& b) { return a.number > b.number; });
  for (size_t i = 0; i < all.size(); ++i) {
    std::optional<HashSet> keys;
    for (size_t k = i + 1; k < all.size();) {
      bool inside = overlap(all[i], all[k]) && all[k].rows <= all[i].rows;
      if (inside) {
        if (!keys) keys = SL_TRY(segment_keys(folder, all[i], merger));
        inside = SL_TRY(all_in(folder, all[k], merger, *keys));
      }
      if (!inside) {
        ++k;
        continue;
      }
      rebuilt.left_out.push_back(all[k].path);
      all.erase(all.begin() + static_cast<ptrdiff_t>(k));
    }
  }
  std::reverse(all.begin(), all.end());
  return {};
}

// Segments whose rows a log has, too: of a sealing that had not ended, or whose log was not removed
// yet. The log has all of them.
Result<void> leave_out_unsealed(const std::string& folder, Merger& merger, Rebuilt& rebuilt) {
  std::array<HashSet, 4> keys;
  bool any = false;
  for (const uint64_t number : logs_in(folder)) {
    std::string parts;  // of the ledger, whose sums are sealed
    const auto insert = [&](ByteSpan bytes) {
      const auto& head = *reinterpret_cast<const EntryHead*>(bytes.data());
      keys[static_cast<size_t>(head.table) - 1].insert(key_of(head));
      any = true;
    };
    const auto take = [&](ByteSpan entries) {
      // Heads of logs, frames and entries are multiples of 8: entries can be read where they stand.
      for_each_entry(entries, [&](ByteSpan bytes) {
        const auto& head = *reinterpret_cast<const EntryHead*>(bytes.data());
        if (head.table == Table::Ledger) {
          parts += as_text(bytes);
        } else {
          insert(bytes);
        }
      });
    };
    if (auto read = read_log(log_path(folder, number), take); !read) continue;
    std::vector<const EntryHead*> rows;
    for_each_entry(as_bytes(parts), [&](ByteSpan bytes) {
      rows.push_back(reinterpret_cast<const EntryHead*>(bytes.data()));
    });
    const std::string sums = sum_ledger(rows);
    for_each_entry(as_bytes(sums), insert);
  }
  if (!any) return {};
  std::vector<Segment> kept;
  for (Segment& segment : rebuilt.manifest.segments) {
    const HashSet& of_table = keys[static_cast<size_t>(table_of(segment.shelf)) - 1];
    const bool inside = !is_held(segment.shelf) && segment.rows <= of_table.size() &&
                        SL_TRY(all_in(folder, segment, merger, of_table));
    if (inside) {
      rebuilt.left_out.push_back(segment.path);
    } else {
      kept.push_back(std::move(segment));
    }
  }
  rebuilt.manifest.segments = std::move(kept);
  return {};
}

}  // namespace

Result<Rebuilt> rebuild_manifest(const std::string& folder, Merger& merger) {
  Rebuilt rebuilt;
  Manifest& manifest = rebuilt.manifest;
  std::error_code code;
  std::vector<fs::path> files;
  for (const auto& file : fs::recursive_directory_iterator(folder + "/segments", code)) {
    if (file.is_regular_file(code)) files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    Segment named;
    if (!parse_name(file, named)) continue;
    named.path = fs::relative(file, folder, code).string();
    manifest.next_segment = std::max(manifest.next_segment, named.number + 1);
    auto described = merger.describe(table_of(named.shelf), {file.string(), kSchemaVersion});
    named.schema = kSchemaVersion;
    if (!described) {  // of an older schema?
      described = merger.describe(table_of(named.shelf), {file.string(), 0});
      named.schema = 0;
    }
    if (!described) {
      manifest.damaged.push_back({named.path, described.error().message, 0, kNoTime, kNoTime});
      continue;
    }
    Segment segment = described->segment;
    segment.number = named.number;
    segment.shelf = named.shelf;
    segment.path = named.path;
    segment.schema = named.schema;
    segment.bytes = fs::file_size(file, code);
    segment.hash = SL_TRY(hash_file(file.string()));
    SL_TRY_VOID(write_atomically(file.string() + ".idx", described->side_file));
    segment.index_bytes = described->side_file.size();
    manifest.next_sequence = std::max(manifest.next_sequence, segment.sequence_last + 1);
    manifest.segments.push_back(std::move(segment));
  }
  SL_TRY_VOID(leave_out_replaced(folder, merger, rebuilt));
  SL_TRY_VOID(leave_out_unsealed(folder, merger, rebuilt));
  return rebuilt;
}

}  // namespace siploom::store
