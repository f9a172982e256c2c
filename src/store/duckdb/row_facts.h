// RowFacts: what the manifest and the side file want to know of rows that stand in a Parquet file,
// gathered as they pass. The counterpart of SegmentIndexMaker::add, which takes entries.
#pragma once

#include <string>
#include <unordered_map>

#include "store/duckdb/chunk_stream.h"
#include "store/manifest.h"
#include "store/segment_index.h"

namespace siploom::store {

// Where a table's columns stand that something is found, sorted or counted by; kNone: it has none.
struct RowPlaces {
  static constexpr size_t kNone = SIZE_MAX;
  size_t id = kNone;           // call_id
  size_t correlation = kNone;  // hep_correlation_id
  size_t ids = kNone;          // a list of more ids
  size_t time = kNone, received = kNone, sequence = kNone;
  size_t kind = kNone, name = kNone, node = kNone, status = kNone, copy = kNone;
  std::array<size_t, 3> users = {kNone, kNone, kNone};
  std::array<size_t, 2> addresses = {kNone, kNone};
  bool sorted_by_id = false;  // then by time; else by time alone
};
const RowPlaces& row_places(Table table);

int64_t time_at(const RowChunk& chunk, size_t column, size_t row);

// Calls fn(id) with each id of a row.
template <class Fn>
void for_each_id(const RowChunk& chunk, const RowPlaces& places, size_t row, Fn&& fn) {
  const auto one = [&](size_t column) {
    if (column == RowPlaces::kNone) return;
    if (const std::string_view id = chunk.text(column, row); !id.empty()) fn(id);
  };
  one(places.id);
  one(places.correlation);
  if (places.ids == RowPlaces::kNone) return;
  for (size_t i = 0; i < chunk.list_size(places.ids, row); ++i) {
    if (const auto id = chunk.list_text(places.ids, row, i); !id.empty()) fn(id);
  }
}

class RowFacts final {
 public:
  RowFacts(Table table, bool counts_minutes);

  void add(const RowChunk& chunk, size_t row);
  // Minutes that were counted already, instead of counting rows.
  void add_minutes_of(const SegmentIndex& index);
  size_t key_count() const { return index_.key_count(); }
  // All but number, shelf, path, sizes, checksum and level.
  const Segment& segment() const { return segment_; }
  std::string side_file() const { return index_.finish(); }

 private:
  uint64_t address_key(std::string_view text);
  void count_minute(const RowChunk& chunk, size_t row, int64_t time);

  Table table_;
  const RowPlaces& places_;
  bool counts_minutes_;
  Segment segment_;
  SegmentIndexMaker index_;
  std::unordered_map<uint64_t, uint64_t> address_keys_;  // by hash of the text
};

}  // namespace siploom::store
