// Merger: sorted Parquet files of one table become one, sorted, with its side file: a k-way merge
// of streams, whose rows are handed to COPY column by column without being taken apart. Memory is
// that of one row group an input, whatever their sizes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/duckdb/database.h"
#include "store/duckdb/sealer.h"
#include "store/manifest.h"

namespace siploom::store {

struct RowChunk;

struct MergeInput {
  std::string path;
  uint32_t schema = 0;  // of its columns; what older ones lack becomes NULL
};

struct MergeJob {
  Table table = Table::Records;
  std::vector<MergeInput> inputs;
  // Which rows are taken; null: all.
  std::function<bool(const RowChunk& chunk, size_t row)> keep;
  // Asked for a path whenever an output begins; its folder is there.
  std::function<Result<std::string>()> next_path;
  const std::atomic<bool>* stop = nullptr;
  uint64_t max_rows = 2'000'000;  // of an output; then the next one begins
};

struct MergeCounters {
  uint64_t rows_in = 0, rows_out = 0;
};

// One thread at a time.
class Merger final {
 public:
  static Result<std::unique_ptr<Merger>> open(const DatabaseOptions& database,
                                              const SealOptions& options);
  ~Merger();

  // Writes outputs (none, when no row is taken) and gives what the manifest wants to know of them
  // but for number, shelf, path and level. Nothing is left behind on an error or a stop
  // (LimitExceeded).
  Result<std::vector<Segment>> merge(const MergeJob& job);
  // Calls take(chunk, row) with each row that keep() lets pass; nothing is written.
  Result<void> read(const MergeJob& job,
                    const std::function<void(const RowChunk& chunk, size_t row)>& take);
  // The segment's facts (as merge() gives them) and its side file, made from the rows.
  struct Described {
    Segment segment;
    std::string side_file;
  };
  Result<Described> describe(Table table, const MergeInput& input);
  const MergeCounters& counters() const { return counters_; }

  // Ids, numbers and addresses that one output is found by: beyond it the next one begins.
  static constexpr size_t kMaxKeys = 3'000'000;

 private:
  class Run;
  struct Function;
  explicit Merger(const SealOptions& options) : options_(options) {}
  Result<Segment> write(Run& run, const std::string& path);

  SealOptions options_;
  MergeCounters counters_;
  Run* run_ = nullptr;  // what sl_merge() reads
  std::unique_ptr<Database> database_;
};

}  // namespace siploom::store
