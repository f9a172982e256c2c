// Keeper: weaves what comes in and puts it into the store: every record once it is there, every
// call as a row once it is over. One shard; onlookers (live calls, tails) from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "pipeline/consumer.h"
#include "pipeline/copy_filter.h"
#include "pipeline/sighting_filter.h"
#include "store/duckdb/scan.h"
#include "store/store.h"
#include "weave/call_weaver.h"

namespace siploom::pipeline {

struct KeeperOptions {
  size_t weave_bytes = size_t{192} << 20;
  // A call that is over waits this long for late messages before its row is written: beyond timer
  // H and J (RFC 3261 17.2), within which retransmissions come.
  Nanoseconds settle_after = 35 * kSecond;
  bool live = true;  // by our clock; else (import) by the times in the capture
  std::string node;  // of what is captured here
  std::function<Timestamp()> clock;
  const std::atomic<bool>* stop = nullptr;
};

struct KeeperCounters {
  uint64_t records = 0, sip = 0, calls = 0, doubled = 0, sightings = 0, evicted = 0, refused = 0;
};

class Keeper final : public Consumer {
 public:
  Keeper(store::Store& store, const KeeperOptions& options);
  ~Keeper() override;

  Wants wants() const override { return {true, false, nullptr}; }
  size_t shard_count() const override { return 1; }
  void prepare(Chunk& chunk) override;
  void consume(size_t shard, Chunk& chunk) override;
  bool is_satisfied() const override { return failed_.load(std::memory_order_relaxed); }

  // The end: every call is written as a row. Error: what the store said when it could take no more.
  Result<void> finish();

  // Calls that have no row yet, as rows; at most `max_age` old.
  std::shared_ptr<const store::RowSet> live_calls(Nanoseconds max_age = 300 * kMillisecond);
  KeeperCounters counters() const;
  size_t open_calls() const;

 private:
  struct Prepared;
  void take(const Message& message, std::string& entry_texts);
  Sighting judge(const Message& message);
  Result<void> store_entries();
  std::shared_ptr<const store::RowSet> look_at_calls();

  store::Store& store_;
  KeeperOptions options_;
  mutable std::mutex weaver_mutex_;
  weave::CallWeaver weaver_;
  CopyFilter copies_;
  SightingFilter sightings_;
  std::string entries_;  // of records and calls that the store has not taken yet
  KeeperCounters counters_;
  std::atomic<bool> failed_{false};
  std::optional<Error> error_;

  std::mutex look_mutex_;
  std::shared_ptr<const store::RowSet> looked_;
  Timestamp looked_at_ = kNoTime;
};

}  // namespace siploom::pipeline
