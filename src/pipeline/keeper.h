// Keeper: weaves what comes in and puts it into the store: every record once it is there, every
// call as a row once it is over. One shard; onlookers (live calls, tails) from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "media/stream_table.h"
#include "pipeline/consumer.h"
#include "pipeline/copy_filter.h"
#include "pipeline/ledger.h"
#include "pipeline/media_index.h"
#include "pipeline/node_table.h"
#include "pipeline/sighting_filter.h"
#include "pipeline/tails.h"
#include "store/duckdb/scan.h"
#include "store/search.h"
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
  // Takes TLS master secrets that agents sent, hexadecimal, a line each. Without it they are lost.
  std::function<void(const Event&)> on_secret;
};

struct KeeperCounters {
  uint64_t records = 0, sip = 0, calls = 0, doubled = 0, sightings = 0, evicted = 0;
  uint64_t retransmissions = 0, secrets = 0, streams = 0, tied = 0;
  uint64_t waits = 0;      // times that the store could take nothing
  uint64_t unwritten = 0;  // rows that it had not taken when all ended
  std::array<uint64_t, static_cast<size_t>(model::RecordKind::kCount)> by_kind{};
};

class Keeper final : public Consumer {
 public:
  Keeper(store::Store& store, const KeeperOptions& options);
  ~Keeper() override;

  Wants wants() const override { return {true, true, nullptr, true}; }
  size_t shard_count() const override { return 1; }
  void prepare(Chunk& chunk) override;
  void consume(size_t shard, Chunk& chunk) override;
  bool is_satisfied() const override { return failed_.load(std::memory_order_relaxed); }

  // The end. Import: every call is written as a row; live: calls that go on are left to
  // checkpoint(). Error: what the store said when it could take no more, and how many rows it has
  // not taken.
  Result<void> finish();
  // Writes the calls that have no row yet to `path`, for resume() of the next start.
  Result<void> checkpoint(const std::string& path);
  // Takes up the calls of a checkpoint (it need not be there), and what the store has of them
  // since. Before anything is consumed. Gives how many calls go on.
  Result<size_t> resume(const std::string& path, store::Search& search);

  // Calls that have no row yet, as rows; at most `max_age` old.
  std::shared_ptr<const store::RowSet> live_calls(Nanoseconds max_age = 300 * kMillisecond);
  KeeperCounters counters() const;
  size_t open_calls() const;
  std::vector<NodeFacts> nodes() const;
  Tails& tails() { return tails_; }
  // For losses that are noticed elsewhere: the intake's, the kernel's.
  void note_lost(const IpAddress& source, std::string_view reason, uint64_t messages);

 private:
  struct Prepared;
  Sighting judge(const Message& message);
  void take_message(const Message& message, Prepared& prepared, size_t i);
  void take_event(const Event& event, Prepared& prepared, size_t i);
  void keep(Prepared& prepared, size_t entry, uint16_t flags);
  void tie_to_call(const Event& event);
  void take_streams(const Chunk& chunk, Timestamp now);
  void write_streams(Timestamp quiet_since);
  void note_losses(const Chunk& chunk);
  void tell_tails(const Chunk& chunk, const Prepared& prepared);
  // Gives when the first of them had come in.
  Result<Timestamp> refeed(store::Search& search, uint64_t from,
                           const FlatMap<uint64_t, uint64_t>& known);
  Result<void> discard_written(store::Search& search, Timestamp since);
  Result<void> store_entries();
  Result<void> store_last_entries();
  std::shared_ptr<const store::RowSet> look_at_calls();

  store::Store& store_;
  KeeperOptions options_;
  mutable std::mutex weaver_mutex_;
  weave::CallWeaver weaver_;
  CopyFilter copies_;
  SightingFilter sightings_;
  MediaIndex media_;
  media::StreamTable streams_;
  Timestamp streams_taken_ = kNoTime;
  NodeTable nodes_;
  Ledger ledger_;
  Tails tails_;
  uint64_t sequence_ = 0;
  std::string entries_;  // of records and calls that the store has not taken yet
  KeeperCounters counters_;
  std::atomic<bool> failed_{false};
  std::optional<Error> error_;

  std::mutex look_mutex_;
  std::shared_ptr<const store::RowSet> looked_;
  Timestamp looked_at_ = kNoTime;
};

}  // namespace siploom::pipeline
