// Retention: the oldest segments go when limits say so, whole; what a legal hold names stays. Rows
// in memory and in logs are never touched.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/files.h"
#include "store/holding.h"
#include "store/journal.h"
#include "store/store.h"

namespace siploom::store {

// 0: no limit.
struct ShelfLimit {
  Nanoseconds max_age = 0;  // by when rows came in, never by their own time
  uint64_t max_bytes = 0;
};

struct RetentionPolicy {
  std::array<ShelfLimit, static_cast<size_t>(Shelf::kCount)> shelves{};
  uint64_t max_bytes = 0;  // of all shelves, held ones included
  // Of the disk; at most half of it is kept free.
  uint64_t min_free_bytes = 0;
  double min_free_percent = 0;
};

struct Drop {
  Segment segment;
  DropReason reason = DropReason::Age;
};

// What goes, in this order: (1) what is older than its shelf allows, (2) of shelves over their size
// the oldest, (3) of a store over its size the oldest of all shelves, calls and ledger only when
// nothing else is left, (4) for free space the same. Held shelves never. `free_soon` is freed
// without doing.
std::vector<Drop> plan_drops(const Manifest& manifest, const RetentionPolicy& policy, Timestamp now,
                             const DiskSpace& disk, uint64_t free_soon = 0);
// Octets that ought to be free, of a disk.
uint64_t wanted_free(const RetentionPolicy& policy, const DiskSpace& disk);

struct RetentionOptions {
  RetentionPolicy policy;
  SealOptions seal;  // of segments that keep held rows
  uint64_t memory_bytes = uint64_t{256} << 20;
  // The holds of the moment; an error drops nothing. Empty: nobody knows them, so that what is on
  // held shelves already stays there.
  std::function<Result<std::vector<Hold>>()> holds;
  Search* search = nullptr;  // for holds with filters
  // Asked for the disk; empty: the store's own.
  std::function<Result<DiskSpace>()> disk;
};

struct RetentionResult {
  std::vector<Drop> dropped;      // or what would be
  std::vector<DropEvent> events;  // the same as the journal has it
  uint64_t rows = 0, bytes = 0, held_rows = 0;
  // Segments that ought to go and had to stay, because held rows could not be written elsewhere;
  // and what of that, or of writing the journal, is worth telling.
  std::vector<uint64_t> kept_back;
  std::string note;
};

// One thread at a time, the one that runs every minute or so, and at once when the store is full.
class Retention final {
 public:
  static Result<std::unique_ptr<Retention>> open(Store& store, const RetentionOptions& options);
  ~Retention();

  // Drops what has to go. `dry`: only says so.
  Result<RetentionResult> run(bool dry = false);
  // Free space is under the minimum, or the store could not write: run() should not wait.
  bool is_urgent() const;
  void set_policy(const RetentionPolicy& policy) { options_.policy = policy; }

 private:
  Retention(Store& store, const RetentionOptions& options) : store_(store), options_(options) {}
  Result<DiskSpace> disk() const;
  Result<void> drop(std::vector<Drop> drops, const HeldIds& held, RetentionResult& result);
  Result<void> drop_group(const std::vector<Drop>& drops, const HeldIds& held, bool may_have,
                          RetentionResult& result);
  Result<void> examine_held(const HeldIds& held, RetentionResult& result);
  Result<Merger*> merger();
  // replace(), giving up the reserve when the disk is too full for a manifest.
  Result<void> publish(const std::vector<uint64_t>& removed, std::vector<Segment> added);
  void keep_reserve();
  void record(const std::vector<Drop>& drops, const std::vector<Segment>& held);

  Store& store_;
  RetentionOptions options_;
  std::unique_ptr<Merger> merger_;  // made when first needed
  uint64_t examined_ = 0;           // fingerprint of the holds that held segments were seen with
  std::vector<DropEvent> events_;   // of this run
};

// When the oldest row on a shelf came in; kNoTime: there is none.
Timestamp kept_since(const Manifest& manifest, Shelf shelf);

}  // namespace siploom::store
