// What merging costs: Parquet segments of records (as seal_bench writes them) become one, with the
// processor time, the memory, the size before and after, and how long a Call-ID is looked for in
// the many and in the one. merge_bench OUTPUT LEVEL GROUP INPUT...
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "store/duckdb/merger.h"

using namespace siploom;

namespace {

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
double wall_seconds() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

[[noreturn]] void die(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  std::exit(2);
}

// The most of our own memory while this lives, looked at every few ms; files in the page cache that
// are mapped do not count.
class PeakMemory final {
 public:
  PeakMemory() : thread_([this] { watch(); }) {}
  ~PeakMemory() {
    stop_ = true;
    thread_.join();
  }
  static long now_mib() {
    std::ifstream in("/proc/self/status");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("RssAnon:")) return std::atol(line.c_str() + 8) / 1024;
    }
    return 0;
  }
  long mib() const { return most_; }

 private:
  void watch() {
    while (!stop_) {
      most_ = std::max(most_.load(), now_mib());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  std::atomic<bool> stop_{false};
  std::atomic<long> most_{0};
  std::thread thread_;
};

// Median of looking for some Call-IDs, all segments asked (no side file).
double search_ms(store::Connection& connection, const std::vector<std::string>& files,
                 const std::vector<std::string>& ids) {
  std::vector<double> times;
  std::string list;
  for (const std::string& file : files) {
    list += (list.empty() ? "" : ", ") + store::sql_text(file);
  }
  for (const std::string& id : ids) {
    const double before = wall_seconds();
    auto rows =
        connection.query(fmt::format("SELECT time, method, status, payload FROM read_parquet([{}]) "
                                     "WHERE call_id = {} ORDER BY time",
                                     list, store::sql_text(id)));
    if (!rows) die(rows.error().message);
    times.push_back((wall_seconds() - before) * 1e3);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void compare_searches(const std::vector<std::string>& inputs, const std::string& output) {
  auto database = store::Database::open({});
  if (!database) die(database.error().message);
  auto connection = (*database)->connect();
  if (!connection) die(connection.error().message);
  auto rows = connection->query(fmt::format(
      "SELECT call_id FROM read_parquet({}) USING SAMPLE 40 ROWS", store::sql_text(output)));
  if (!rows) die(rows.error().message);
  std::vector<std::string> ids;
  while (*rows->next()) ids.emplace_back(rows->text(0));
  for (const bool cache : {false, true}) {
    if (cache && !connection->run("SET parquet_metadata_cache = true")) die("no cache");
    search_ms(*connection, inputs, {ids[0]});
    search_ms(*connection, {output}, {ids[0]});
    fmt::print(
        "a Call-ID, metadata {}: {:.1f} ms in {} segments, {:.1f} ms in one of them, "
        "{:.1f} ms in the merged one\n",
        cache ? "cached" : "read", search_ms(*connection, inputs, ids), inputs.size(),
        search_ms(*connection, {inputs[0]}, ids), search_ms(*connection, {output}, ids));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) die("merge_bench OUTPUT LEVEL GROUP INPUT...");
  store::SealOptions seal;
  seal.zstd_level = std::atoi(argv[2]);
  seal.row_group_rows = static_cast<uint32_t>(std::atoi(argv[3]));
  store::MergeJob job;
  std::vector<std::string> inputs(argv + 4, argv + argc);
  uint64_t before_bytes = 0;
  for (const std::string& path : inputs) {
    job.inputs.push_back({path, store::kSchemaVersion});
    before_bytes += std::filesystem::file_size(path);
  }
  const std::string output = argv[1];
  job.next_path = [&]() -> Result<std::string> { return output; };
  store::DatabaseOptions database;
  database.memory_bytes = uint64_t{256} << 20;
  auto merger = store::Merger::open(database, seal);
  if (!merger) die(merger.error().message);
  const double cpu = cpu_seconds(), wall = wall_seconds();
  const long memory = PeakMemory::now_mib();
  auto peak = std::make_unique<PeakMemory>();
  const auto segments = (*merger)->merge(job);
  if (!segments) die(segments.error().message);
  const double cpu_used = cpu_seconds() - cpu, wall_used = wall_seconds() - wall;
  double rows = 0, bytes = 0;
  for (const store::Segment& segment : *segments) {
    rows += static_cast<double>(segment.rows);
    bytes += static_cast<double>(segment.bytes);
  }
  fmt::print("{} inputs, {:.0f} rows to {} segments: {:.0f} rows/s, {:.2f} us of CPU a row\n",
             inputs.size(), rows, segments->size(), rows / wall_used, cpu_used / rows * 1e6);
  fmt::print("{:.1f} octets a row before, {:.1f} after; peak memory {} MiB ({} before)\n",
             static_cast<double>(before_bytes) / rows, bytes / rows, peak->mib(), memory);
  compare_searches(inputs, output);
}
