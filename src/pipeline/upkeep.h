// Upkeep: what a store needs while it is written: limits kept, small segments merged, checksums
// looked at in turn, damaged segments set aside. Two threads of low weight.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "store/merge.h"
#include "store/retention.h"

namespace siploom::pipeline {

struct UpkeepOptions {
  store::RetentionPolicy retention;
  std::function<Result<std::vector<store::Hold>>()> holds;
  store::Search* search = nullptr;
  store::SealOptions seal;
  bool merge = true;
  std::function<void(std::string_view)> notice, news;  // news: nothing is wrong
};

struct UpkeepCounters {
  uint64_t dropped_segments = 0, dropped_rows = 0, dropped_bytes = 0, held_rows = 0;
  uint64_t merges = 0, merged_rows = 0;
  uint64_t verified_segments = 0, set_aside = 0;
  std::string last_trouble;
};

class Upkeep final {
 public:
  static constexpr size_t kMaxDoubts = 64;  // more are not needed: all segments are looked at then
  static Result<std::unique_ptr<Upkeep>> start(store::Store& store, const UpkeepOptions& options);
  ~Upkeep();
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  // Ends its threads; what they were at is finished or left as it was. Not from several at once.
  void stop();

  // Any thread.
  void set_retention(const store::RetentionPolicy& policy);
  // Limits are kept now rather than within the minute; such as when holds have changed.
  void hurry();
  // A search has failed with this error: if it tells of damage, the segment to blame is soon set
  // aside.
  void doubt(const Error& error);
  UpkeepCounters counters() const;

 private:
  Upkeep(store::Store& store, const UpkeepOptions& options) : store_(store), options_(options) {}
  void keep_limits();
  void merge_and_verify();
  bool should_wait_to_merge();
  void set_aside(const std::vector<std::string>& errors);
  void note(std::string_view text);
  void tell(const std::vector<store::DropEvent>& events) const;

  store::Store& store_;
  UpkeepOptions options_;
  std::unique_ptr<store::Retention> retention_;
  std::unique_ptr<store::Compaction> compaction_;
  std::chrono::steady_clock::time_point looked_;  // and how long the store had sealed until then
  Nanoseconds sealing_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool hurry_ = false;
  std::vector<std::string> doubts_;  // errors of searches that have not been looked into yet
  std::optional<store::RetentionPolicy> new_policy_;
  UpkeepCounters counters_;
  std::vector<std::thread> threads_;
};

}  // namespace siploom::pipeline
