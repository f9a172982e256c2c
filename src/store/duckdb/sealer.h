// Sealer: writes rows as one Parquet file with its side file, sorted so that what belongs together
// stands together, synced.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/duckdb/database.h"
#include "store/duckdb/scan.h"
#include "store/manifest.h"

namespace siploom::store {

struct SealOptions {
  int zstd_level = 1;  // of sorted SIP, 3 is no smaller and a sixth slower
  uint32_t row_group_rows = 16'384;
};

// One thread at a time.
class Sealer final {
 public:
  static Result<std::unique_ptr<Sealer>> open(const DatabaseOptions& database,
                                              const SealOptions& options);
  // Writes `rows` (of one table) to `path` and `path`.idx and fills what the manifest wants to know
  // of them but for number, shelf and path. Nothing is left behind on an error.
  Result<Segment> seal(std::vector<const EntryHead*> rows, const std::string& path);

 private:
  explicit Sealer(const SealOptions& options) : options_(options) {}
  SealOptions options_;
  RowSets sets_;
  std::unique_ptr<Database> database_;
};

}  // namespace siploom::store
