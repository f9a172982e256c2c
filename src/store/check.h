// Check: whether a store's files are what its manifest says, and repair of what is not. Reading
// does not disturb a process that writes the store; repairing needs it stopped.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/manifest.h"

namespace siploom::store {

class Store;
class Merger;

enum class Verdict : uint8_t {
  Good,
  Missing,        // no such file
  WrongSize,      // cut off, or longer
  WrongChecksum,  // octets changed
  Unreadable,     // no Parquet that can be read, or other columns
  WrongRows,      // another number of rows
};
std::string_view verdict_name(Verdict verdict);  // "good", "missing", "wrong-size" ...

struct SegmentCheck {
  Segment segment;
  Verdict rows = Verdict::Good;  // of the Parquet file
  Verdict side = Verdict::Good;  // of its side file: only slows searches down
  std::string why;
};

struct LogCheck {
  std::string path;  // below the folder
  uint64_t rows = 0;
  uint64_t cut_bytes = 0;      // of a torn tail; of the log that is being written it may be nothing
  uint64_t damaged_bytes = 0;  // in its middle: rows behind them are read all the same
  std::string damage;          // where
  std::string why;             // it cannot be read at all
};

struct CheckReport {
  std::string manifest_why;  // empty: it is sound
  std::vector<SegmentCheck> segments;
  std::vector<LogCheck> logs;
  std::vector<std::string> orphans;   // files that nothing names, below the folder
  std::vector<Damage> set_aside;      // what the manifest says of damaged segments
  std::vector<std::string> repaired;  // what was done, a sentence each
  // Nothing but a torn log's tail or orphans, which any power cut leaves.
  bool is_good() const;
};

struct CheckOptions {
  bool checksums = true;  // reads every file
  bool rows = true;       // decodes every row
  bool repair = false;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(size_t done, size_t segments)> on_progress;
};

// With `repair`: damaged segments go to damaged/ and are named in the manifest, side files are made
// again from the rows, a lost manifest from the files, and what sealing or merging left is removed.
// The report is of the store before that.
Result<CheckReport> check(const std::string& folder, const CheckOptions& options);

// One segment; `merger` reads the rows (null: they are not read).
SegmentCheck check_segment(const std::string& folder, const Segment& segment, Merger* merger,
                           bool checksums);

// For a running server: sets segments that cannot be read aside (damaged/), so that searches go on
// without them. Those whose file has its checksum are left alone; gives how many were set aside.
Result<size_t> quarantine(Store& store, const std::vector<uint64_t>& numbers,
                          const std::string& why);
// Looks whether the segment with the lowest number above `after` has its checksum, and sets it
// aside when it has not (DuckDB reads most damaged pages without an error). Gives its number; 0:
// there is none, begin anew. For a thread with time to spare: about 1 GB/s from the page cache.
Result<uint64_t> verify_next(Store& store, uint64_t after);
// The segment whose file an error of a search names. Half of them name none: then
// quarantine() all that the search read, which finds the damaged one.
std::optional<uint64_t> segment_named_in(const Manifest& manifest, std::string_view error);

// Whether an error of a search tells of a damaged file rather than of what was asked.
bool tells_of_damage(const Manifest& manifest, std::string_view error);

}  // namespace siploom::store
