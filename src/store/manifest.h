// Manifest: the list of sealed segments, the one file that says what the store holds. Immutable;
// a new one replaces it by rename. Text, a line a segment, closed by a checksum.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/entry.h"

namespace siploom::store {

// What is kept together in one file, and kept equally long.
// Held, HeldCalls and HeldStreams have what a legal hold keeps beyond its time.
enum class Shelf : uint8_t {
  Sip,
  Media,
  Logs,
  Events,
  Calls,
  Streams,
  Ledger,
  Held,
  HeldCalls,
  HeldStreams,
  kCount
};
std::string_view shelf_name(Shelf shelf);
bool parse_shelf(std::string_view name, Shelf& out);
Shelf shelf_of(const EntryHead& entry);
Table table_of(Shelf shelf);
bool is_held(Shelf shelf);
// Where held rows of a shelf go; the ledger has none.
Shelf held_shelf(Shelf shelf);

struct Segment {
  uint64_t number = 0;
  Shelf shelf = Shelf::Sip;
  std::string path;  // of the Parquet file, below the store's folder; its side file: + ".idx"
  uint64_t rows = 0, bytes = 0, index_bytes = 0;
  Timestamp first, last;                    // times of rows, by their own clocks
  Timestamp received_first, received_last;  // by ours: what retention goes by
  uint64_t sequence_first = 0, sequence_last = 0;
  uint64_t hash = 0;  // XXH3 of the Parquet file
  uint32_t schema = 0;
  uint32_t level = 0;  // how often it was merged

  bool operator==(const Segment&) const = default;
};

// Makes room for `from` to `to` in a span of time; kNoTime is no time on either side.
inline void widen(Timestamp& first, Timestamp& last, Timestamp from, Timestamp to) {
  if (is_known(from) && (!is_known(first) || from < first)) first = from;
  if (is_known(to) && (!is_known(last) || to > last)) last = to;
}
inline void widen(Timestamp& first, Timestamp& last, Timestamp time) {
  widen(first, last, time, time);
}

// A segment that could not be read and was set aside.
struct Damage {
  std::string path;  // where it lies now
  std::string why;
  uint64_t rows = 0;
  Timestamp first, last;
  bool operator==(const Damage&) const = default;
};

struct Manifest {
  uint64_t next_segment = 1;
  uint64_t sealed_log = 0;        // logs up to this number are in segments
  uint64_t next_sequence = 1;     // of the rows in segments
  std::vector<Segment> segments;  // by number
  std::vector<Damage> damaged;

  bool operator==(const Manifest&) const = default;
  std::string text() const;
  static Result<Manifest> parse(std::string_view text);
};

}  // namespace siploom::store
