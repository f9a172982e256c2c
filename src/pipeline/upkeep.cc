#include "pipeline/upkeep.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "base/thread_name.h"
#include "store/check.h"

namespace siploom::pipeline {

namespace {

constexpr auto kLimitsEvery = std::chrono::seconds(60);
constexpr auto kUrgentEvery = std::chrono::seconds(1);
constexpr auto kMergeEvery = std::chrono::seconds(20);
constexpr auto kVerifyEvery = std::chrono::seconds(5);
constexpr int kLowWeight = 10;
// A store that seals for so great a part of the time merges later, but not so much later that
// searches open thousands of files.
constexpr double kBusyShare = 0.4;
constexpr ptrdiff_t kMostUnmerged = 4096;

// Taking and searching go first.
void lower_weight() {
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLowWeight));
}

}  // namespace

Result<std::unique_ptr<Upkeep>> Upkeep::start(store::Store& store, const UpkeepOptions& options) {
  auto upkeep = std::unique_ptr<Upkeep>(new Upkeep(store, options));
  store::RetentionOptions keeping;
  keeping.policy = options.retention;
  keeping.seal = options.seal;
  keeping.holds = options.holds;
  keeping.search = options.search;
  upkeep->retention_ = SL_TRY(store::Retention::open(store, keeping));
  if (options.merge) {
    store::MergeOptions merging;
    merging.seal = options.seal;
    upkeep->compaction_ = SL_TRY(store::Compaction::open(store, merging));
  }
  Upkeep* const raw = upkeep.get();
  upkeep->threads_.emplace_back([raw] { raw->keep_limits(); });
  upkeep->threads_.emplace_back([raw] { raw->merge_and_verify(); });
  return upkeep;
}

Upkeep::~Upkeep() { stop(); }

void Upkeep::stop() {
  stop_ = true;
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Upkeep::note(std::string_view text) {
  {
    const std::lock_guard lock(mutex_);
    counters_.last_trouble = text;
  }
  if (options_.notice) options_.notice(text);
}

void Upkeep::tell(const std::vector<store::DropEvent>& events) const {
  if (!options_.news) return;
  for (const store::DropEvent& event : events) {
    options_.news(fmt::format(
        "retention dropped {} segments of {} ({} rows, {} octets, received {} to {}): {}{}",
        event.segments, store::shelf_name(event.shelf), event.rows, event.bytes,
        format_rfc3339(event.received_first, 0), format_rfc3339(event.received_last, 0),
        store::reason_name(event.reason),
        event.held_rows == 0 ? "" : fmt::format("; {} rows are held on", event.held_rows)));
  }
}

void Upkeep::set_retention(const store::RetentionPolicy& policy) {
  const std::lock_guard lock(mutex_);
  new_policy_ = policy;
  hurry_ = true;
  changed_.notify_all();
}

void Upkeep::hurry() {
  const std::lock_guard lock(mutex_);
  hurry_ = true;
  changed_.notify_all();
}

void Upkeep::doubt(const Error& error) {
  const store::View view = store_.view();
  if (error.code == ErrorCode::LimitExceeded) return;
  if (!store::tells_of_damage(*view.manifest, error.message)) return;
  const std::lock_guard lock(mutex_);
  if (doubts_.size() < kMaxDoubts) doubts_.push_back(error.message);
  changed_.notify_all();
}

void Upkeep::set_aside(const std::vector<std::string>& errors) {
  for (const std::string& error : errors) {
    const auto named = store::segment_named_in(*store_.view().manifest, error);
    if (!named) continue;
    const auto aside = store::quarantine(store_, {*named}, error);
    if (!aside) note(aside.error().message);
    if (aside && *aside != 0) {
      note(fmt::format("segment {} was damaged and is set aside: {}", *named, error));
    }
  }
}

void Upkeep::keep_limits() {
  name_thread("siploom-limits");
  lower_weight();
  while (!stop_) {
    {
      const std::lock_guard lock(mutex_);
      if (new_policy_) retention_->set_policy(*new_policy_);
      new_policy_.reset();
      hurry_ = false;
    }
    const auto result = retention_->run();
    if (!result) {
      note(result.error().message);
    } else {
      if (!result->note.empty()) note(result->note);
      tell(result->events);
      const std::lock_guard lock(mutex_);
      counters_.dropped_segments += result->dropped.size();
      counters_.dropped_rows += result->rows;
      counters_.dropped_bytes += result->bytes;
      counters_.held_rows += result->held_rows;
    }
    const auto began = std::chrono::steady_clock::now();
    while (!stop_ && !retention_->is_urgent() &&
           std::chrono::steady_clock::now() - began < kLimitsEvery) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kUrgentEvery, [this] { return stop_ || hurry_; });
      if (hurry_) break;
    }
  }
}

bool Upkeep::should_wait_to_merge() {
  const auto now = std::chrono::steady_clock::now();
  const Nanoseconds sealing = store_.time_sealing();
  const std::chrono::nanoseconds passed = now - looked_;
  const auto spent = static_cast<double>(sealing - sealing_);
  looked_ = now;
  sealing_ = sealing;
  if (spent <= kBusyShare * static_cast<double>(passed.count())) return false;
  const auto manifest = store_.view().manifest;
  const auto unmerged = std::count_if(
      manifest->segments.begin(), manifest->segments.end(),
      [&](const store::Segment& each) { return each.rows <= 2 * store_.options().seal_rows; });
  return unmerged < kMostUnmerged;
}

void Upkeep::merge_and_verify() {
  name_thread("siploom-merge");
  lower_weight();
  uint64_t verified = 0;
  auto merged = looked_ = std::chrono::steady_clock::now();
  while (!stop_) {
    std::vector<std::string> doubts;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kVerifyEvery, [this] { return stop_ || !doubts_.empty(); });
      doubts.swap(doubts_);
    }
    if (stop_) return;
    set_aside(doubts);
    // After a failed search all of it, else one at a time.
    do {
      const auto next = store::verify_next(store_, verified);
      if (!next) {
        note(next.error().message);
        break;
      }
      verified = *next;
      if (verified == 0) break;
      const std::lock_guard lock(mutex_);
      ++counters_.verified_segments;
    } while (!doubts.empty() && !stop_);
    {
      const size_t damaged = store_.view().manifest->damaged.size();
      const std::lock_guard lock(mutex_);
      counters_.set_aside = damaged;
    }
    if (compaction_ == nullptr || std::chrono::steady_clock::now() - merged < kMergeEvery) continue;
    while (!stop_ && !should_wait_to_merge()) {
      const auto done = compaction_->merge_once(stop_);
      if (!done) note(done.error().message);
      if (!done || !*done) break;
    }
    merged = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    counters_.merges = compaction_->totals().merges;
    counters_.merged_rows = compaction_->totals().rows;
  }
}

UpkeepCounters Upkeep::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace siploom::pipeline
