// Store: what is kept. Rows come in through one writer, stand in the log and in a memory batch at
// once, and are sealed to segments in the background. Whoever reads takes a View.
//
// Threads: append() and rotate() by one at a time (a mutex sees to it), sync(), seal(), retain() by
// a maintenance thread each, view() by any. The store starts no thread itself.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/batch.h"
#include "store/duckdb/sealer.h"
#include "store/log.h"
#include "store/manifest.h"

namespace siploom::store {

struct StoreOptions {
  std::string folder;
  size_t seal_rows = 98'304;
  size_t seal_bytes = size_t{160} << 20;
  Nanoseconds seal_age = 600 * kSecond;
  size_t most_waiting = 2;  // full batches, before the writer is held up
  SealOptions seal;
  uint64_t seal_memory_bytes = uint64_t{384} << 20;
  std::function<Timestamp()> clock;  // wall time; set by whoever opens
  SyncCall sync_data;                // empty: ::fdatasync
};

enum class StoreState : uint8_t { Good, Full, Failed };

// What a query reads: consistent, and there as long as it is held.
struct View {
  std::shared_ptr<const Manifest> manifest;
  struct Part {
    std::shared_ptr<const Batch> batch;
    std::array<size_t, 4> counts{};  // rows that were there, by table
  };
  std::vector<Part> parts;  // oldest first
  std::string folder;
};

struct Recovery {
  uint64_t logs = 0, rows = 0;
  uint64_t cut_bytes = 0;  // of torn tails: what was lost
  // Rows that were in a log that another one follows, and were not found.
  uint64_t lost_rows = 0;
  // Logs with a damage within them; they are kept in damaged/ when their other rows are sealed.
  std::vector<Damage> damaged;
  uint64_t orphans = 0;  // files of a sealing that had not ended, removed
};

class Store final {
 public:
  // Opens for writing, making what is missing; one process at a time (the error says which has it).
  // On a full disk it opens, too, and its state() says so.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  // Reads a store that another process may be writing, as of now.
  static Result<View> read(const std::string& folder);
  ~Store();

  // Takes whole entries, all or none. Waits while as many full batches as may be wait for
  // their sealing. An error leaves the store as it was: LimitExceeded when the disk is full.
  Result<void> append(ByteSpan entries) { return append({entries, {}}); }
  // Entries that lie in two places.
  Result<void> append(const std::array<ByteSpan, 2>& entries);
  // Numbers for `count` more records.
  uint64_t take_sequences(uint64_t count);
  // What was appended before is on the disk when this returns. After an error append() takes
  // nothing until a later sync() has written again, to new files, what the disk may have dropped;
  // it also finds out when there is room again.
  Result<void> sync();
  uint64_t flushed_sequence() const;  // records below it survive a power cut
  // Begins a new batch when the one at hand is old (or `now`); sealing it is seal()'s.
  Result<void> rotate(bool now);
  // Seals the oldest batch that waits; false: none does.
  Result<bool> seal();
  // Waits until a batch is there to be sealed, or `patience` is over.
  void wait_for_work(std::chrono::milliseconds patience);
  // Ends waits of append(), for shutdown.
  void stop();

  View view() const;
  StoreState state() const;
  std::string state_text() const;
  const Recovery& recovery() const { return recovery_; }
  const std::string& folder() const { return options_.folder; }
  const StoreOptions& options() const { return options_; }
  size_t memory_bytes() const;
  // Spent in seal() so far: how near the store is to its limit.
  Nanoseconds time_sealing() const { return time_sealing_.load(std::memory_order_relaxed); }

  // Puts `added` in the place of segments with these numbers, at once; their files are removed when
  // the last View that knows them has gone. NotFound when one is not there any more: then nothing
  // was done, and the files of `added` are the caller's to remove.
  Result<void> replace(const std::vector<uint64_t>& removed, std::vector<Segment> added,
                       const std::vector<Damage>& damaged = {});
  // Removes files of replaced segments that no View holds any more; replace() and seal() do so,
  // too.
  void sweep();
  // Of files that some View still holds: free as soon as it goes.
  uint64_t condemned_bytes() const;
  // A path for a segment that will be written, below the folder, and its number.
  std::pair<uint64_t, std::string> new_segment_path(Shelf shelf);
  Sealer& sealer() { return *sealer_; }
  Timestamp now() const { return options_.clock(); }

 private:
  explicit Store(StoreOptions options) : options_(std::move(options)) {}
  Result<void> recover();
  Result<void> replay_logs();
  void remove_orphans();
  Result<void> begin_batch();
  Result<void> begin_first_batch();
  // The parts of sync(), in this order.
  Result<void> write_distrusted_again();
  Result<void> sync_logs();
  void look_for_room();
  Result<void> refuse_on_distrust() const;
  // Of a log whose sync failed: the kernel may have dropped what was to be written, and say nothing
  // the next time.
  void distrust(uint64_t log_number);
  std::shared_ptr<const Batch> find_batch(uint64_t log_number) const;  // mutex_ is held
  // What last went wrong with the log and with sealing; nothing: they are good again.
  void note_log(const Result<void>& done);
  void note_sealing(const Error* error);
  // The file of a batch that was read from a damaged log, set aside; nothing: it was sound.
  Result<std::optional<Damage>> keep_damaged_log(uint64_t log_number);
  Result<void> publish(Manifest& next, uint64_t sealed_log);
  void remove_files(const std::vector<Segment>& segments) const;
  Result<std::vector<Segment>> seal_batch(const Batch& batch);
  void adopt(Manifest manifest, std::vector<std::string> gone, const Batch* sealed = nullptr);

  StoreOptions options_;
  Recovery recovery_;
  int lock_fd_ = -1;
  std::unique_ptr<Sealer> sealer_;

  mutable std::mutex writer_mutex_;  // append, rotate
  std::optional<LogWriter> log_;     // another one only with mutex_, too
  Timestamp batch_began_ = kNoTime;
  uint64_t refused_bytes_ = 0;  // of the last append for which there was no room

  mutable std::mutex mutex_;  // all below
  std::condition_variable changed_;
  std::shared_ptr<const Manifest> manifest_;
  const std::shared_ptr<BlockPool> blocks_ = std::make_shared<BlockPool>();
  std::vector<std::shared_ptr<Batch>> waiting_;  // full ones, oldest first
  std::shared_ptr<Batch> active_;
  std::vector<LogWriter> unsynced_;  // logs that are complete and not on the disk yet, oldest first
  std::set<uint64_t> distrusted_;    // numbers of logs that must be written again
  uint64_t next_segment_ = 1, next_log_ = 1, next_sequence_ = 1;
  uint64_t appended_sequence_ = 1, flushed_sequence_ = 1;
  std::optional<Error> log_trouble_, seal_trouble_;
  bool stopping_ = false;
  std::atomic<Nanoseconds> time_sealing_{0};
  std::mutex sync_mutex_, seal_mutex_, publish_mutex_;
  // Manifests that some View may still hold, oldest first, and the files that none after `until`
  // knows.
  struct Published {
    uint64_t generation = 0;
    std::weak_ptr<const Manifest> manifest;
  };
  struct Condemned {
    uint64_t until = 0;
    std::string path;
  };
  uint64_t generation_ = 0;
  std::vector<Published> published_;
  std::vector<Condemned> condemned_;
};

// Paths of a store's parts, from its folder.
std::string manifest_path(const std::string& folder);
std::string log_path(const std::string& folder, uint64_t number);
std::vector<uint64_t> logs_in(const std::string& folder);  // ascending
// Takes the store for this process until the descriptor is closed; the error says who has it.
Result<int> lock_store(const std::string& folder);

}  // namespace siploom::store
