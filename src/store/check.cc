#include "store/check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "store/duckdb/row_facts.h"
#include "store/files.h"
#include "store/log.h"
#include "store/rebuild.h"
#include "store/store.h"

namespace siploom::store {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 6> kVerdicts = {
    "good", "missing", "wrong-size", "wrong-checksum", "unreadable", "wrong-rows"};
constexpr uint64_t kMemoryBytes = uint64_t{256} << 20;
constexpr size_t kSampleEvery = 61;  // rows whose ids the side file is asked for

Result<std::unique_ptr<Merger>> open_merger() {
  DatabaseOptions database;
  database.memory_bytes = kMemoryBytes;
  return Merger::open(database, {});
}

Result<Manifest> read_manifest_file(const std::string& folder) {
  const MappedFile file = SL_TRY(MappedFile::open(manifest_path(folder)));
  return Manifest::parse(as_text(file.bytes()));
}

LogCheck check_log(const std::string& folder, uint64_t number) {
  LogCheck out;
  const std::string path = log_path(folder, number);
  out.path = fs::path(path).lexically_relative(folder).string();
  const auto read = read_log(path, [](ByteSpan) {});
  if (!read) {
    out.why = read.error().message;
    return out;
  }
  out.rows = read->entries;
  out.cut_bytes = read->bytes_cut;
  out.damaged_bytes = read->bytes_damaged;
  out.damage = read->damage;
  return out;
}

void check_side(const std::string& path, SegmentCheck& out) {
  std::error_code code;
  if (!fs::exists(path, code)) {
    out.side = Verdict::Missing;
    return;
  }
  if (fs::file_size(path, code) != out.segment.index_bytes) out.side = Verdict::WrongSize;
  if (!SegmentIndex::open(path)) out.side = Verdict::Unreadable;
}

// Counts the rows and asks the side file for some of their ids.
void check_rows(const std::string& path, Merger& merger, SegmentCheck& out) {
  const Table table = table_of(out.segment.shelf);
  std::optional<SegmentIndex> index;
  if (auto opened = SegmentIndex::open(path + ".idx")) index.emplace(std::move(*opened));
  MergeJob job;
  job.table = table;
  job.inputs = {{path, out.segment.schema}};
  uint64_t rows = 0;
  bool known = true;
  const RowPlaces& places = row_places(table);
  const auto done = merger.read(job, [&](const RowChunk& chunk, size_t row) {
    if (rows++ % kSampleEvery != 0 || !index) return;
    for_each_id(chunk, places, row, [&](std::string_view id) {
      known = known && index->may_have(bloom_key(KeyKind::Id, id));
    });
  });
  if (!done) {
    out.rows = Verdict::Unreadable;
    out.why = done.error().message;
  } else if (rows != out.segment.rows) {
    out.rows = Verdict::WrongRows;
    out.why = fmt::format("{} rows instead of {}", rows, out.segment.rows);
  } else if (!known && out.side == Verdict::Good) {
    out.side = Verdict::WrongRows;
  }
}

std::vector<std::string> orphans_in(const std::string& folder, const Manifest& manifest) {
  std::set<std::string> known;
  for (const Segment& segment : manifest.segments) {
    known.insert(segment.path);
    known.insert(segment.path + ".idx");
  }
  for (const Damage& damage : manifest.damaged) known.insert(damage.path);
  std::vector<std::string> out;
  std::error_code code;
  for (const char* part : {"/segments", "/damaged"}) {
    for (const auto& file : fs::recursive_directory_iterator(folder + part, code)) {
      if (!file.is_regular_file(code)) continue;
      std::string path = file.path().lexically_relative(folder).string();
      if (known.find(path) == known.end()) out.push_back(std::move(path));
    }
  }
  if (fs::exists(manifest_path(folder) + ".new", code)) out.push_back("manifest.new");
  std::sort(out.begin(), out.end());
  return out;
}

Damage damage_of(const Segment& segment, std::string path, std::string why) {
  return {std::move(path), std::move(why), segment.rows, segment.first, segment.last};
}

}  // namespace

std::string_view verdict_name(Verdict verdict) { return kVerdicts[static_cast<size_t>(verdict)]; }

bool CheckReport::is_good() const {
  const bool segments_good = std::all_of(segments.begin(), segments.end(), [](const auto& s) {
    return s.rows == Verdict::Good && s.side == Verdict::Good;
  });
  const bool logs_good = std::all_of(logs.begin(), logs.end(), [](const LogCheck& log) {
    return log.why.empty() && log.damaged_bytes == 0;
  });
  return manifest_why.empty() && segments_good && logs_good;
}

SegmentCheck check_segment(const std::string& folder, const Segment& segment, Merger* merger,
                           bool checksums) {
  SegmentCheck out;
  out.segment = segment;
  const std::string path = folder + "/" + segment.path;
  const auto bad = [&](Verdict verdict, std::string why) {
    out.rows = verdict;
    out.why = std::move(why);
    return out;
  };
  std::error_code code;
  check_side(path + ".idx", out);
  if (!fs::exists(path, code)) return bad(Verdict::Missing, "the file is not there");
  if (const auto size = fs::file_size(path, code); code || size != segment.bytes) {
    return bad(Verdict::WrongSize,
               fmt::format("{} octets instead of {}", code ? 0 : size, segment.bytes));
  }
  if (checksums) {
    const auto hash = hash_file(path);
    if (!hash) return bad(Verdict::Unreadable, hash.error().message);
    if (*hash != segment.hash) return bad(Verdict::WrongChecksum, "its checksum is wrong");
  }
  if (merger != nullptr) check_rows(path, *merger, out);
  return out;
}

namespace {

class Repair final {
 public:
  Repair(std::string folder, Manifest manifest, Merger& merger, CheckReport& report)
      : folder_(std::move(folder)),
        manifest_(std::move(manifest)),
        merger_(merger),
        report_(report) {}

  Result<void> run() {
    if (!report_.manifest_why.empty()) SL_TRY_VOID(rebuild());
    for (const SegmentCheck& segment : report_.segments) SL_TRY_VOID(repair(segment));
    for (const LogCheck& log : report_.logs) {
      if (log.damaged_bytes == 0) continue;
      did("{}: the next start keeps its other rows, and the file in damaged/", log.path);
    }
    SL_TRY_VOID(write_atomically(manifest_path(folder_), manifest_.text()));
    // Only now are files removed: what the manifest before named has stood till here.
    std::error_code code;
    for (const std::string& path : orphans_in(folder_, manifest_)) {
      if (path.starts_with("damaged/")) continue;  // whoever put it there wanted to keep it
      if (fs::remove(folder_ + "/" + path, code)) did("removed the left-over {}", path);
    }
    return {};
  }

 private:
  template <class... Args>
  void did(fmt::format_string<Args...> text, Args&&... args) {
    report_.repaired.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  Result<void> rebuild() {
    std::error_code code;
    const std::string old = manifest_path(folder_);
    if (fs::exists(old, code)) SL_TRY_VOID(rename_synced(old, old + ".damaged"));
    Rebuilt rebuilt = SL_TRY(rebuild_manifest(folder_, merger_));
    for (Damage& damage : rebuilt.manifest.damaged) {
      damage.path = SL_TRY(set_aside(folder_, damage.path));
    }
    manifest_ = std::move(rebuilt.manifest);
    did("made a manifest of {} segments from the files", manifest_.segments.size());
    for (const Damage& damage : manifest_.damaged) did("set {} aside: {}", damage.path, damage.why);
    for (const std::string& path : rebuilt.left_out) {
      did("left {} out: its rows are in a log or in a later segment", path);
    }
    return {};
  }

  Result<void> repair(const SegmentCheck& checked) {
    const Segment& segment = checked.segment;
    if (checked.rows != Verdict::Good) {
      const std::string path = SL_TRY(set_aside(folder_, segment.path));
      std::erase_if(manifest_.segments,
                    [&](const Segment& each) { return each.number == segment.number; });
      manifest_.damaged.push_back(damage_of(segment, path, checked.why));
      did("set {} aside: {}", path, checked.why);
      return {};
    }
    if (checked.side == Verdict::Good) return {};
    const std::string path = folder_ + "/" + segment.path;
    const auto described =
        SL_TRY(merger_.describe(table_of(segment.shelf), {path, segment.schema}));
    SL_TRY_VOID(write_atomically(path + ".idx", described.side_file));
    for (Segment& each : manifest_.segments) {
      if (each.number == segment.number) each.index_bytes = described.side_file.size();
    }
    did("made the side file of {} again", segment.path);
    return {};
  }

  std::string folder_;
  Manifest manifest_;
  Merger& merger_;
  CheckReport& report_;
};

// A descriptor that is closed at the end.
struct Lock {
  explicit Lock(int number) : fd(number) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() { ::close(fd); }
  int fd;
};

Result<void> check_all(const std::string& folder, const Manifest& manifest, Merger& merger,
                       const CheckOptions& options, CheckReport& report) {
  for (const Segment& segment : manifest.segments) {
    if (options.stop != nullptr && options.stop->load()) {
      return fail(ErrorCode::LimitExceeded, "the check was stopped");
    }
    report.segments.push_back(
        check_segment(folder, segment, options.rows ? &merger : nullptr, options.checksums));
    if (options.on_progress) options.on_progress(report.segments.size(), manifest.segments.size());
  }
  return {};
}

// What the writer removed while it was looked at is no damage.
void forget_removed(const Manifest& now, CheckReport& report) {
  std::set<uint64_t> numbers;
  for (const Segment& segment : now.segments) numbers.insert(segment.number);
  std::erase_if(report.segments, [&](const SegmentCheck& each) {
    return each.rows != Verdict::Good && numbers.find(each.segment.number) == numbers.end();
  });
}

}  // namespace

Result<CheckReport> check(const std::string& folder, const CheckOptions& options) {
  std::error_code code;
  if (!fs::exists(manifest_path(folder), code) && !fs::exists(folder + "/segments", code)) {
    return fail(ErrorCode::NotFound, fmt::format("{} is no store of siploom", folder));
  }
  std::optional<Lock> lock;
  if (options.repair) lock.emplace(SL_TRY(lock_store(folder)));
  const auto merger = SL_TRY(open_merger());
  CheckReport report;
  auto manifest = read_manifest_file(folder);
  if (!manifest) report.manifest_why = manifest.error().message;
  const Manifest known = manifest ? *manifest : Manifest{};
  report.set_aside = known.damaged;
  SL_TRY_VOID(check_all(folder, known, *merger, options, report));
  for (const uint64_t number : logs_in(folder)) {
    if (number > known.sealed_log) report.logs.push_back(check_log(folder, number));
  }
  if (!options.repair) {
    if (const auto now = read_manifest_file(folder)) forget_removed(*now, report);
  }
  // Without a manifest nothing is known, and nothing is an orphan.
  if (manifest) report.orphans = orphans_in(folder, known);
  if (options.repair) SL_TRY_VOID(Repair(folder, known, *merger, report).run());
  return report;
}

Result<size_t> quarantine(Store& store, const std::vector<uint64_t>& numbers,
                          const std::string& why) {
  const View view = store.view();
  std::unique_ptr<Merger> merger;
  size_t count = 0;
  for (const Segment& segment : view.manifest->segments) {
    if (std::find(numbers.begin(), numbers.end(), segment.number) == numbers.end()) continue;
    if (merger == nullptr) merger = SL_TRY(open_merger());
    const SegmentCheck checked = check_segment(store.folder(), segment, merger.get(), true);
    if (checked.rows == Verdict::Good) continue;
    const std::string path = SL_TRY(set_aside(store.folder(), segment.path));
    auto done = store.replace({segment.number}, {},
                              {damage_of(segment, path, fmt::format("{} ({})", checked.why, why))});
    if (done) ++count;
    if (!done && done.error().code != ErrorCode::NotFound) {
      return tl::unexpected<Error>(done.error());
    }
  }
  return count;
}

Result<uint64_t> verify_next(Store& store, uint64_t after) {
  const View view = store.view();
  const Segment* next = nullptr;
  for (const Segment& segment : view.manifest->segments) {
    if (segment.number <= after) continue;
    if (next == nullptr || segment.number < next->number) next = &segment;
  }
  if (next == nullptr) return uint64_t{0};
  const auto hash = hash_file(store.folder() + "/" + next->path);
  if (!hash || *hash != next->hash) {
    SL_TRY(quarantine(store, {next->number}, "found by a look at its checksum"));
  }
  return next->number;
}

std::optional<uint64_t> segment_named_in(const Manifest& manifest, std::string_view error) {
  for (const Segment& segment : manifest.segments) {
    if (error.find(segment.path) != std::string_view::npos) return segment.number;
  }
  return std::nullopt;
}

bool tells_of_damage(const Manifest& manifest, std::string_view error) {
  // DuckDB's kinds of errors that its Parquet reader ends with, whatever it reads; what users type
  // gives others (Parser, Binder, Conversion ...).
  constexpr std::string_view kKinds[] = {"IO Error", "Invalid Input Error", "Invalid Error",
                                         "INTERNAL Error", "Serialization Error"};
  const bool kind = std::any_of(std::begin(kKinds), std::end(kKinds),
                                [&](std::string_view each) { return error.starts_with(each); });
  return kind || segment_named_in(manifest, error);
}

}  // namespace siploom::store
