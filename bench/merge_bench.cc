// What merging costs: Parquet segments of records (as seal_bench writes them) become one, with the
// processor time, the memory, the size before and after, and how long a Call-ID is looked for in
// the many and in the one. merge_bench OUTPUT LEVEL INPUT...
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

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

long peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

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
  if (argc < 4) die("merge_bench OUTPUT LEVEL INPUT...");
  store::SealOptions seal;
  seal.zstd_level = std::atoi(argv[2]);
  store::MergeJob job;
  std::vector<std::string> inputs(argv + 3, argv + argc);
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
  const long memory = peak_mib();
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
             static_cast<double>(before_bytes) / rows, bytes / rows, peak_mib(), memory);
  compare_searches(inputs, output);
}
