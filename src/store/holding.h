// Holding: which rows a legal hold keeps, and the segments they are moved to when those that they
// are in go.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/duckdb/merger.h"
#include "store/store.h"

namespace siploom::store {

class Search;

// Calls that nothing may take away: these, and those that the filter (of calls) matches; when they
// began within a range, which may be open.
struct Hold {
  std::vector<std::string> call_ids;
  std::string filter;
  Timestamp from = kNoTime, to = kNoTime;
};

// Beyond it nothing is dropped, rather than something that is held.
constexpr size_t kMaxHeldCalls = 500'000;

// The ids that are held: rows that have one of them (their own, or one that ties them to it) within
// a day of the hold's range.
class HeldIds final {
 public:
  // Calls that filters match are asked of `search`; null: a filter is an error.
  static Result<HeldIds> find(const std::vector<Hold>& holds, Search* search, const View& view);

  bool empty() const { return ranges_.empty(); }
  bool holds(Table table, const RowChunk& chunk, size_t row) const;
  // Whether the segment can have such rows, by its side file; true when that cannot be read.
  bool may_be_in(const std::string& folder, const Segment& segment) const;

 private:
  struct Range {
    Timestamp from = kNoTime, to = kNoTime;
  };
  Result<void> add(std::string_view call_id, const Range& range);
  std::unordered_map<uint64_t, Range> ranges_;  // by bloom_key
};

// Tells apart lists of holds: changes when one is added, changed or released.
uint64_t fingerprint(const std::vector<Hold>& holds);

}  // namespace siploom::store
