// SourceSql: the rows of one table that a question can be about, as SQL: those sealed segments
// whose times, kinds and side files allow it, and the rows in memory.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/duckdb/scan.h"
#include "store/row.h"
#include "store/segment_index.h"
#include "store/store.h"

namespace siploom::store {

// Side files that were opened, by path; shared by all searches. Any thread.
class IndexCache final {
 public:
  // Null: it cannot be read (then nothing is ruled out).
  std::shared_ptr<const SegmentIndex> get(const std::string& path);
  // Forgets those of segments that are gone.
  void keep_only(const Manifest& manifest, const std::string& folder);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const SegmentIndex>> files_;
};

struct SourceNeeds {
  Table table = Table::Records;
  Timestamp from = kNoTime, to = kNoTime;
  std::vector<AnyKey> keys;         // of each one at least
  std::vector<std::string> kinds;   // of records; empty: all
  std::vector<uint64_t> sequences;  // of records; empty: all. Ascending.
  uint64_t sequence_from = 0;       // of records
  std::vector<uint64_t> without;    // segments that are not read (counted elsewhere)
  bool sealed = true, memory = true;
  bool masked = false;  // `payload` of records is masked; `raw_payload` has what came
};

class SourceSql final {
 public:
  SourceSql(RowSets& sets, IndexCache& indexes, const View& view, const SourceNeeds& needs,
            std::shared_ptr<const RowSet> live = nullptr);
  // A table expression in brackets.
  const std::string& text() const { return text_; }
  // The condition that the rows' time be within the range; "true" when it is open.
  const std::string& time_condition() const { return time_condition_; }
  size_t segment_count() const { return segments_; }

 private:
  std::string text_, time_condition_;
  size_t segments_ = 0;
  std::vector<std::unique_ptr<RowSetHandle>> handles_;
};

// Segments that can hold such rows.
std::vector<const Segment*> choose_segments(IndexCache& indexes, const View& view,
                                            const SourceNeeds& needs);
std::string_view time_column(Table table);

}  // namespace siploom::store
