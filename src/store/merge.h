// Merge: small segments of one shelf become larger ones, in the background and a step at a time, so
// that searches open few files. Every row is written again about once per eightfold growth.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/duckdb/merger.h"
#include "store/store.h"

namespace siploom::store {

struct MergePolicy {
  size_t min_inputs = 8, max_inputs = 8;   // an input costs about 22 MiB while it is read
  uint64_t max_rows = 2'000'000;           // of a result
  uint64_t max_bytes = uint64_t{1} << 30;  // of the inputs together, as they lie on the disk
  Nanoseconds max_span =
      24 * 3600 * kSecond;  // received time in one segment: retention drops whole
  Nanoseconds day_settles_after = 2 * 3600 * kSecond;  // then what is left of a day is merged, too
};

// For whoever asks for it: days that go on, too, are merged to as few segments as the limits allow.
MergePolicy merge_all_now();

// Which segments to merge next, the smallest first; empty: none pays. By size: `min_inputs` of
// about one size, received within `max_span`; and of days that are over whatever is small beside
// another. Held shelves, schemas newer than ours and numbers in `without` are left alone.
std::vector<Segment> choose_merge(const Manifest& manifest, const MergePolicy& policy,
                                  Timestamp now, const std::set<uint64_t>& without = {});

struct MergeOptions {
  MergePolicy policy;
  SealOptions seal;
  uint64_t memory_bytes = uint64_t{256} << 20;  // beyond it a merge is tried with fewer inputs
  // Told each step ("chosen", "written", "published", "stopped"), for logs and tests.
  std::function<void(std::string_view step)> on_step;
};

struct MergeTotals {
  uint64_t merges = 0, rows = 0, segments_in = 0, segments_out = 0;
  uint64_t bytes_in = 0, bytes_out = 0;
  uint64_t failures = 0;
  std::string last_error;
  std::string last_merge;  // the last one, for people
};

// "8 files of sip (80 rows): NAME, NAME ..." for people.
std::string describe_merge(const std::vector<Segment>& inputs);
// What merge_once() would choose, one after the other, if nothing else came in.
std::vector<std::vector<Segment>> plan_merges(Manifest manifest, const MergePolicy& policy,
                                              Timestamp now);

// One thread at a time; give it a low priority.
class Compaction final {
 public:
  static Result<std::unique_ptr<Compaction>> open(Store& store, const MergeOptions& options);

  // One merge, if one pays; false: none, or `stop` was set (it is looked at many times a second;
  // nothing is left behind). An input that does not have its checksum is set aside (check.h) and
  // counts as work done.
  Result<bool> merge_once(const std::atomic<bool>& stop);
  const MergeTotals& totals() const { return totals_; }

 private:
  Compaction(Store& store, const MergeOptions& options) : store_(store), options_(options) {}
  Result<bool> merge(const std::vector<Segment>& inputs, const std::atomic<bool>& stop);
  Result<bool> publish(const std::vector<Segment>& inputs, std::vector<Segment> outputs);
  void tell(std::string_view step) const {
    if (options_.on_step) options_.on_step(step);
  }

  Store& store_;
  MergeOptions options_;
  std::unique_ptr<Merger> merger_;
  MergeTotals totals_;
  std::set<uint64_t> without_;  // could not be merged; until the next start
};

// Writes rows of `inputs` (segments of one table) to new segments on `shelf`, without publishing
// them. `job` says which rows; its inputs and next_path are set here. Nothing stays on an error.
Result<std::vector<Segment>> write_segments(Store& store, Merger& merger,
                                            const std::vector<Segment>& inputs, Shelf shelf,
                                            MergeJob job);
// Removes the files of segments that were not published.
void remove_segments(const Store& store, const std::vector<Segment>& segments);

}  // namespace siploom::store
