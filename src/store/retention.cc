#include "store/retention.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "store/check.h"
#include "store/merge.h"

namespace siploom::store {

namespace fs = std::filesystem;

namespace {

constexpr size_t kGroup = 8;  // segments whose held rows are looked for at once
// Lets a manifest be written on a disk that has no room left: without one nothing can be removed.
constexpr uint64_t kReserveBytes = uint64_t{4} << 20;

uint64_t size_of(const Segment& segment) { return segment.bytes + segment.index_bytes; }

// Segments in the order of going. A clock of ours that was ahead for a while must not keep what it
// stamped for ever: such segments are as old as the newest sane one that was made before them.
struct Aged {
  const Segment* segment;
  Timestamp received;
};

std::vector<Aged> by_age(const Manifest& manifest, Timestamp now) {
  std::vector<Aged> out;
  for (const Segment& segment : manifest.segments) {
    if (!is_held(segment.shelf)) out.push_back({&segment, segment.received_last});
  }
  std::stable_sort(out.begin(), out.end(), [](const Aged& a, const Aged& b) {
    return a.segment->number < b.segment->number;
  });
  Timestamp before = kNoTime;
  const auto sane = [&](Timestamp t) { return is_known(t) && t <= now + kHour; };
  for (Aged& each : out) {
    if (sane(each.received)) {
      before = std::max(before, each.received);
    } else {
      each.received = before;
    }
  }
  // Nothing sane before them: then the oldest behind them.
  Timestamp behind = now;
  for (auto each = out.rbegin(); each != out.rend(); ++each) {
    if (is_known(each->received)) {
      behind = std::min(behind, each->received);
    } else {
      each->received = behind;
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Aged& a, const Aged& b) { return a.received < b.received; });
  return out;
}

bool goes_last(Shelf shelf) { return shelf == Shelf::Calls || shelf == Shelf::Ledger; }

class Planner final {
 public:
  Planner(const Manifest& manifest, const RetentionPolicy& policy, Timestamp now)
      : policy_(policy), now_(now), rest_(by_age(manifest, now)) {
    for (const Segment& segment : manifest.segments) {
      shelf_bytes_[static_cast<size_t>(segment.shelf)] += size_of(segment);
      total_ += size_of(segment);
    }
  }

  void by_shelves() {
    take(DropReason::Age, [&](const Aged& each) {
      const Nanoseconds age = limit(*each.segment).max_age;
      return age > 0 && each.received < now_ + -age;
    });
    take(DropReason::ShelfSize, [&](const Aged& each) {
      const uint64_t most = limit(*each.segment).max_bytes;
      return most > 0 && shelf_bytes_[static_cast<size_t>(each.segment->shelf)] > most;
    });
  }
  // The oldest of all while `wanted()`; calls and ledger when nothing else is left.
  template <class Fn>
  void oldest(DropReason reason, Fn&& wanted) {
    take(reason, [&](const Aged& each) { return !goes_last(each.segment->shelf) && wanted(); });
    take(reason, [&](const Aged&) { return wanted(); });
  }
  uint64_t total() const { return total_; }
  uint64_t freed() const { return freed_; }
  std::vector<Drop> result() && { return std::move(drops_); }

 private:
  const ShelfLimit& limit(const Segment& segment) const {
    return policy_.shelves[static_cast<size_t>(segment.shelf)];
  }
  template <class Fn>
  void take(DropReason reason, Fn&& goes) {
    std::vector<Aged> rest;
    for (const Aged& each : rest_) {
      if (!goes(each)) {
        rest.push_back(each);
        continue;
      }
      const uint64_t bytes = size_of(*each.segment);
      shelf_bytes_[static_cast<size_t>(each.segment->shelf)] -= bytes;
      total_ -= bytes;
      freed_ += bytes;
      drops_.push_back({*each.segment, reason});
    }
    rest_ = std::move(rest);
  }

  const RetentionPolicy& policy_;
  Timestamp now_;
  std::vector<Aged> rest_;
  std::array<uint64_t, static_cast<size_t>(Shelf::kCount)> shelf_bytes_{};
  uint64_t total_ = 0, freed_ = 0;
  std::vector<Drop> drops_;
};

std::string reserve_path(const std::string& folder) { return folder + "/reserve"; }

}  // namespace

uint64_t wanted_free(const RetentionPolicy& policy, const DiskSpace& disk) {
  const double percent = std::clamp(policy.min_free_percent, 0.0, 100.0);
  const auto share = static_cast<uint64_t>(static_cast<double>(disk.total_bytes) * percent / 100);
  return std::min(std::max(policy.min_free_bytes, share), disk.total_bytes / 2);
}

std::vector<Drop> plan_drops(const Manifest& manifest, const RetentionPolicy& policy, Timestamp now,
                             const DiskSpace& disk, uint64_t free_soon) {
  Planner planner(manifest, policy, now);
  planner.by_shelves();
  if (policy.max_bytes > 0) {
    planner.oldest(DropReason::StoreSize, [&] { return planner.total() > policy.max_bytes; });
  }
  const uint64_t wanted = wanted_free(policy, disk);
  planner.oldest(DropReason::FreeSpace,
                 [&] { return disk.free_bytes + free_soon + planner.freed() < wanted; });
  return std::move(planner).result();
}

Timestamp kept_since(const Manifest& manifest, Shelf shelf) {
  Timestamp first = kNoTime;
  for (const Segment& segment : manifest.segments) {
    if (segment.shelf != shelf || !is_known(segment.received_first)) continue;
    if (!is_known(first) || segment.received_first < first) first = segment.received_first;
  }
  return first;
}

Result<std::unique_ptr<Retention>> Retention::open(Store& store, const RetentionOptions& options) {
  auto retention = std::unique_ptr<Retention>(new Retention(store, options));
  retention->keep_reserve();
  return retention;
}
Retention::~Retention() = default;

Result<DiskSpace> Retention::disk() const {
  return options_.disk ? options_.disk() : disk_space(store_.folder());
}

void Retention::keep_reserve() {
  const std::string path = reserve_path(store_.folder());
  std::error_code code;
  if (fs::exists(path, code)) return;
  const auto space = disk_space(store_.folder());
  if (!space || space->free_bytes < 4 * kReserveBytes) return;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return;
  const bool there = ::posix_fallocate(fd, 0, static_cast<off_t>(kReserveBytes)) == 0;
  ::close(fd);
  if (!there) ::unlink(path.c_str());
}

bool Retention::is_urgent() const {
  if (store_.state() == StoreState::Full) return true;
  const auto space = disk();
  return space && space->free_bytes < wanted_free(options_.policy, *space);
}

Result<Merger*> Retention::merger() {
  if (merger_ == nullptr) {
    DatabaseOptions database;
    database.memory_bytes = options_.memory_bytes;
    merger_ = SL_TRY(Merger::open(database, options_.seal));
  }
  return merger_.get();
}

Result<void> Retention::publish(const std::vector<uint64_t>& removed, std::vector<Segment> added) {
  auto done = store_.replace(removed, added);
  if (!done && done.error().code == ErrorCode::LimitExceeded) {
    std::error_code code;
    if (fs::remove(reserve_path(store_.folder()), code)) done = store_.replace(removed, added);
  }
  return done;
}

void Retention::record(const std::vector<Drop>& drops, const std::vector<Segment>& held) {
  std::map<std::pair<Shelf, DropReason>, DropEvent> sums;
  for (const Drop& drop : drops) {
    DropEvent& event = sums[{drop.segment.shelf, drop.reason}];
    event.when = store_.now();
    event.reason = drop.reason;
    event.shelf = drop.segment.shelf;
    const bool first = event.segments++ == 0;
    event.rows += drop.segment.rows;
    event.bytes += size_of(drop.segment);
    const Segment& s = drop.segment;
    event.received_first =
        first ? s.received_first : std::min(event.received_first, s.received_first);
    event.received_last = first ? s.received_last : std::max(event.received_last, s.received_last);
  }
  // Rows of several shelves may be held together: they are told with the first of these.
  for (const Segment& segment : held) sums.begin()->second.held_rows += segment.rows;
  for (const auto& [key, event] : sums) events_.push_back(event);
}

// Drops segments of one held shelf at once; their held rows go to segments of that shelf before.
Result<void> Retention::drop_group(const std::vector<Drop>& drops, const HeldIds& held,
                                   bool may_have, RetentionResult& result) {
  std::vector<Segment> inputs, added;
  std::vector<uint64_t> numbers;
  for (const Drop& drop : drops) {
    inputs.push_back(drop.segment);
    numbers.push_back(drop.segment.number);
  }
  const Shelf shelf = held_shelf(inputs.front().shelf);
  if (may_have) {
    MergeJob job;
    job.keep = [&](const RowChunk& chunk, size_t row) {
      return held.holds(table_of(shelf), chunk, row);
    };
    Merger& writer = *SL_TRY(merger());
    const auto written = write_segments(store_, writer, inputs, shelf, job);
    if (!written) {
      result.kept_back.insert(result.kept_back.end(), numbers.begin(), numbers.end());
      result.note = fmt::format("held rows could not be kept elsewhere: {}; their segments stay",
                                written.error().message);
      // One that cannot be read at all would be in the way for ever.
      if (written.error().code != ErrorCode::LimitExceeded) {
        SL_TRY_VOID(quarantine(store_, numbers, "retention could not read it"));
      }
      return {};
    }
    added = *written;
  }
  if (auto done = publish(numbers, added); !done) {
    remove_segments(store_, added);
    // A merge was faster: the next run sees what it made.
    if (done.error().code == ErrorCode::NotFound) return {};
    return done;
  }
  record(drops, added);
  for (const Segment& segment : added) result.held_rows += segment.rows;
  for (const Drop& drop : drops) {
    result.rows += drop.segment.rows;
    result.bytes += size_of(drop.segment);
    result.dropped.push_back(drop);
  }
  return {};
}

Result<void> Retention::drop(std::vector<Drop> drops, const HeldIds& held,
                             RetentionResult& result) {
  // First what has no held rows: that frees the space which the others need for theirs.
  std::vector<Drop> free;
  std::map<Shelf, std::vector<Drop>> others;
  for (Drop& drop : drops) {
    const bool may = held.may_be_in(store_.folder(), drop.segment);
    (may ? others[held_shelf(drop.segment.shelf)] : free).push_back(std::move(drop));
  }
  if (!free.empty()) SL_TRY_VOID(drop_group(free, held, false, result));
  for (const auto& [shelf, list] : others) {
    for (size_t i = 0; i < list.size(); i += kGroup) {
      const auto from = list.begin() + static_cast<ptrdiff_t>(i);
      const auto to = list.begin() + static_cast<ptrdiff_t>(std::min(i + kGroup, list.size()));
      SL_TRY_VOID(drop_group({from, to}, held, true, result));
    }
  }
  return {};
}

// Held segments whose holds are released go, or become smaller.
Result<void> Retention::examine_held(const HeldIds& held, RetentionResult& result) {
  const View view = store_.view();
  for (const Segment& segment : view.manifest->segments) {
    if (!is_held(segment.shelf)) continue;
    uint64_t rows = 0;
    MergeJob job;
    job.table = table_of(segment.shelf);
    job.inputs = {{store_.folder() + "/" + segment.path, segment.schema}};
    job.keep = [&](const RowChunk& chunk, size_t row) { return held.holds(job.table, chunk, row); };
    Merger& reader = *SL_TRY(merger());
    if (held.may_be_in(store_.folder(), segment)) {
      SL_TRY_VOID(reader.read(job, [&](const RowChunk&, size_t) { ++rows; }));
    }
    if (rows == segment.rows) continue;
    std::vector<Segment> added;
    if (rows > 0) {
      MergeJob copy;
      copy.keep = job.keep;
      added = SL_TRY(write_segments(store_, reader, {segment}, segment.shelf, copy));
    }
    if (auto done = publish({segment.number}, added); !done) {
      remove_segments(store_, added);
      return done;
    }
    record({{segment, DropReason::Released}}, added);
    result.dropped.push_back({segment, DropReason::Released});
    result.rows += segment.rows;
    result.bytes += size_of(segment);
    result.held_rows += rows;
  }
  return {};
}

Result<RetentionResult> Retention::run(bool dry) {
  RetentionResult result;
  store_.sweep();
  const View view = store_.view();
  const DiskSpace space = SL_TRY(disk());
  auto drops =
      plan_drops(*view.manifest, options_.policy, store_.now(), space, store_.condemned_bytes());
  if (dry) {
    for (const Drop& drop : drops) {
      result.rows += drop.segment.rows;
      result.bytes += size_of(drop.segment);
    }
    result.dropped = std::move(drops);
    return result;
  }
  std::vector<Hold> holds;
  if (options_.holds) holds = SL_TRY(options_.holds());
  const uint64_t print = fingerprint(holds);
  const bool any_held = std::any_of(view.manifest->segments.begin(), view.manifest->segments.end(),
                                    [](const Segment& s) { return is_held(s.shelf); });
  const bool examine = options_.holds && any_held && print != examined_;
  if (drops.empty() && !examine) {
    keep_reserve();
    return result;
  }
  const HeldIds held = SL_TRY(HeldIds::find(holds, options_.search, view));
  events_.clear();
  Result<void> done;
  if (examine) {
    done = examine_held(held, result);
    if (done) examined_ = print;
  }
  if (done) done = drop(std::move(drops), held, result);
  result.events = events_;
  // What went is told, whatever came after.
  if (auto told = append_journal(store_.folder(), events_); !told) {
    result.note = "the journal could not be written: " + told.error().message;
  }
  if (!done) return tl::unexpected<Error>(done.error());
  keep_reserve();
  return result;
}

}  // namespace siploom::store
