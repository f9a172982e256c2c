// Stat: what a store holds, in numbers; and rows given out as a plain file.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "base/time.h"
#include "store/manifest.h"
#include "store/store.h"

namespace siploom::store {

struct ShelfStat {
  uint64_t segments = 0, rows = 0;
  uint64_t bytes = 0, index_bytes = 0;
  Timestamp first = kNoTime, last = kNoTime;                    // by the rows' own clocks
  Timestamp received_first = kNoTime, received_last = kNoTime;  // by ours; the first: kept since
  double bytes_per_row() const {
    return rows == 0 ? 0 : static_cast<double>(bytes + index_bytes) / static_cast<double>(rows);
  }
};

struct StoreStat {
  std::array<ShelfStat, static_cast<size_t>(Shelf::kCount)> shelves{};
  ShelfStat sum;
  std::vector<Damage> damaged;
  std::array<uint64_t, 4> memory_rows{};  // by table (its number less one), not sealed yet
  uint64_t memory_bytes = 0;
  uint64_t logs = 0, log_bytes = 0;
  uint64_t disk_bytes = 0, disk_free_bytes = 0;  // of the disk it lies on; 0: could not be asked
};
StoreStat stat(const View& view);

enum class ExportFormat : uint8_t { Parquet, Csv };
struct ExportOptions {
  Table table = Table::Records;
  Timestamp from = kNoTime, to = kNoTime;  // by the rows' own time: from <= time < to
  ExportFormat format = ExportFormat::Parquet;
  int zstd_level = 3;
  uint64_t memory_bytes = uint64_t{256} << 20;
  const std::atomic<bool>* stop = nullptr;
};
// Writes rows, sealed or not, to one file for other programs, in no order; gives how many. A file
// that is there already is an error, and nothing is left on one. In CSV octets of payloads that are
// no printable ASCII stand as \xNN.
Result<uint64_t> export_rows(const View& view, const ExportOptions& options,
                             const std::string& path);
// The same rows as they are found, the table's columns as text, until `take` gives false; path,
// format and level do not count.
Result<uint64_t> visit_rows(const View& view, const ExportOptions& options,
                            FunctionRef<bool(const Rows&)> take);

}  // namespace siploom::store
