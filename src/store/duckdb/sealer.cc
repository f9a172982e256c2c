#include "store/duckdb/sealer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/hash.h"
#include "store/files.h"
#include "store/row.h"
#include "store/segment_index.h"

namespace siploom::store {

namespace {

std::string_view sort_text(const EntryHead& entry) {
  switch (entry.table) {
    case Table::Records:
      return reinterpret_cast<const RecordHead&>(entry).text(RecordText::CallId);
    case Table::Streams:
      return reinterpret_cast<const StreamHead&>(entry).text(StreamText::CallId);
    default:
      return {};
  }
}

// Records by (primary id, time): what one call said compresses best side by side, and a Call-ID is
// in one row group. The other tables by time.
struct SortKey {
  uint64_t prefix, next;  // the first octets of the text
  uint64_t hash;          // of all of it: rows of one call are told without looking at them again
  int64_t time;
  const EntryHead* entry;
};

SortKey sort_key(const EntryHead* entry) {
  const std::string_view text = sort_text(*entry);
  uint8_t head[16] = {};
  if (!text.empty()) std::memcpy(head, text.data(), std::min(sizeof head, text.size()));
  return {load_be64(head), load_be64(&head[8]), hash_text(text), time_of(*entry), entry};
}

void sort_rows(std::vector<const EntryHead*>& rows) {
  std::vector<SortKey> keys;
  keys.reserve(rows.size());
  for (const EntryHead* entry : rows) keys.push_back(sort_key(entry));
  std::sort(keys.begin(), keys.end(), [](const SortKey& a, const SortKey& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    if (a.next != b.next) return a.next < b.next;
    if (a.hash != b.hash) {
      const int order = sort_text(*a.entry).compare(sort_text(*b.entry));
      if (order != 0) return order < 0;
    }
    return a.time != b.time ? a.time < b.time : a.entry < b.entry;
  });
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = keys[i].entry;
}

Segment describe(const std::vector<const EntryHead*>& rows) {
  Segment segment;
  segment.first = segment.last = segment.received_first = segment.received_last = kNoTime;
  segment.rows = rows.size();
  segment.schema = kSchemaVersion;
  for (const EntryHead* entry : rows) {
    widen(segment.first, segment.last, {time_of(*entry)});
    widen(segment.received_first, segment.received_last, {received_of(*entry)});
    if (entry->table != Table::Records) continue;
    const uint64_t sequence = reinterpret_cast<const RecordHead*>(entry)->sequence;
    if (segment.sequence_first == 0 || sequence < segment.sequence_first) {
      segment.sequence_first = sequence;
    }
    segment.sequence_last = std::max(segment.sequence_last, sequence);
  }
  return segment;
}

// Rows lie all over the batch: the processor is told early what will be looked at.
void fetch_ahead(const std::vector<const EntryHead*>& rows, size_t at) {
  constexpr size_t kAhead = 8, kLine = 64, kLines = 8;  // of a head and the texts behind it
  if (at + kAhead >= rows.size()) return;
  const auto* next = reinterpret_cast<const char*>(rows[at + kAhead]);
  for (size_t i = 0; i < kLines; ++i) __builtin_prefetch(next + i * kLine);
}

}  // namespace

Result<std::unique_ptr<Sealer>> Sealer::open(const DatabaseOptions& database,
                                             const SealOptions& options) {
  auto sealer = std::unique_ptr<Sealer>(new Sealer(options));
  sealer->database_ = SL_TRY(Database::open(database));
  auto connection = SL_TRY(sealer->database_->connect());
  SL_TRY_VOID(register_scan(connection, sealer->sets_));
  return sealer;
}

Result<Segment> Sealer::seal(std::vector<const EntryHead*> rows, const std::string& path) {
  Segment segment = describe(rows);  // while they are in the order in which they lie in memory
  sort_rows(rows);
  SegmentIndexMaker index;
  for (size_t i = 0; i < rows.size(); ++i) {
    fetch_ahead(rows, i);
    index.add(*rows[i]);
  }
  auto set = std::make_shared<RowSet>();
  set->table = rows.front()->table;
  set->rows = std::move(rows);
  const RowSetHandle handle(sets_, std::move(set));
  auto connection = SL_TRY(database_->connect());
  const auto written = connection.run(
      fmt::format("COPY (SELECT * FROM sl_rows({}::UBIGINT)) TO {} (FORMAT parquet, COMPRESSION "
                  "zstd, COMPRESSION_LEVEL {}, ROW_GROUP_SIZE {}, WRITE_BLOOM_FILTER false)",
                  handle.value(), sql_text(path), options_.zstd_level, options_.row_group_rows));
  const auto finish = [&]() -> Result<void> {
    if (!written) return tl::unexpected<Error>(written.error());
    SL_TRY_VOID(sync_file(path));
    segment.hash = SL_TRY(hash_file(path));
    SL_TRY_VOID(write_atomically(path + ".idx", index.finish()));
    return {};
  };
  if (auto finished = finish(); !finished) {
    ::unlink(path.c_str());
    ::unlink((path + ".idx").c_str());
    return tl::unexpected<Error>(finished.error());
  }
  std::error_code code;
  segment.bytes = std::filesystem::file_size(path, code);
  segment.index_bytes = std::filesystem::file_size(path + ".idx", code);
  return segment;
}

}  // namespace siploom::store
