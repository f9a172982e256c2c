// Keeper: weaves what comes in and puts it into the store: every record once it is there, every
// call as a row once it is over. One shard; onlookers (live calls, tails) from any thread.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "media/stream_table.h"
#include "pipeline/call_times.h"
#include "pipeline/consumer.h"
#include "pipeline/copy_filter.h"
#include "pipeline/heplify_counts.h"
#include "pipeline/ledger.h"
#include "pipeline/media_index.h"
#include "pipeline/node_table.h"
#include "pipeline/sighting_filter.h"
#include "pipeline/tails.h"
#include "store/duckdb/scan.h"
#include "store/entry_writer.h"
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

  // What is kept and, beside it, the calls that have no row in that view: each call once, also
  // while its row is being written. What is told of these is at most `max_age` old.
  struct Moment {
    store::View view;
    std::shared_ptr<const store::RowSet> live_calls;
  };
  Moment moment(Nanoseconds max_age = 300 * kMillisecond);
  KeeperCounters counters() const;
  size_t open_calls() const;
  std::vector<NodeFacts> nodes() const;
  CallTimes call_times() const;  // of the calls whose rows were written
  HeplifySeries heplify_series() const;
  Tails& tails() { return tails_; }
  // For losses that are noticed elsewhere: the intake's, the kernel's.
  void note_lost(const IpAddress& source, std::string_view reason, uint64_t messages);

 private:
  struct Prepared;
  void name_own(const model::Record& record, store::RecordFields& fields) const;
  Sighting judge(const Message& message);
  void take_message(const Message& message, Prepared& prepared, size_t i);
  void note_call(const Message& message, const model::Call& call, std::string_view node);
  void take_event(const Event& event, Prepared& prepared, size_t i);
  void keep(Prepared& prepared, size_t entry, uint16_t flags);
  void fetch_ahead(const std::vector<Message>& messages, size_t at) const;
  void tie_to_call(const Event& event);
  void take_streams(const Chunk& chunk, Timestamp now);
  void write_streams(Timestamp quiet_since);
  void note_losses(const Chunk& chunk);
  void tell_tails(const Chunk& chunk, const Prepared& prepared);
  // Gives when the first of them had come in.
  Result<Timestamp> refeed(store::Search& search, uint64_t from,
                           const FlatMap<uint64_t, uint64_t>& known);
  Result<void> recall_nodes(store::Search& search, Timestamp now);
  Result<void> discard_written(store::Search& search, Timestamp since);
  Result<void> store_entries(ByteSpan records = {});
  Result<void> store_last_entries();
  void forget_done();
  void look_at_calls();
  void add_leaving(std::string& texts) const;
  std::unordered_set<uint64_t> written_since_look(uint64_t stored, bool& known) const;

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
  std::string entries_;  // of calls, streams and what else the store has not taken yet
  KeeperCounters counters_;
  CallTimes call_times_;
  HeplifyCounts heplify_;
  std::atomic<bool> failed_{false};
  std::optional<Error> error_;

  // A call whose row was made. Under the weaver's mutex.
  struct DoneCall {
    uint64_t number = 0;        // of all of them, from 1
    uint64_t first_record = 0;  // tells calls apart
    std::string row;            // until it is in the store
  };
  static constexpr size_t kMaxDone = 65'536;  // that are remembered for who looks on
  std::deque<DoneCall> done_;                 // ascending
  uint64_t done_forgotten_ = 0;               // up to this number

  // Held while entries go into the store: a view taken under it has the rows of the first
  // stored_calls_ calls that were done, and no others.
  std::mutex handover_mutex_;
  uint64_t stored_calls_ = 0;

  std::mutex look_mutex_;  // before both others
  std::shared_ptr<const store::RowSet> looked_;
  uint64_t looked_stored_ = 0;  // calls whose rows were in the store before it was looked
  Timestamp looked_at_ = kNoTime;
};

}  // namespace siploom::pipeline
