// CallConsumer: weaves messages to calls and packets to streams, by shards, and counts.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "media/stream_table.h"
#include "pipeline/consumer.h"
#include "pipeline/copy_filter.h"
#include "pipeline/engine.h"
#include "pipeline/stats_collector.h"
#include "query/filter.h"
#include "weave/call_weaver.h"

namespace siploom::pipeline {

struct CallConsumerOptions {
  size_t shards = 1;
  weave::WeaveOptions weave;
  bool rtp = false;                       // streams too
  bool stats = false;                     // count for model::Stats
  Nanoseconds interval = 0;               // of the counts over time; 0: none
  const query::Filter* filter = nullptr;  // call scope; its message predicates are asked here
  const query::Filter* message_filter = nullptr;  // message scope; others are passed over
  // For input that has no end (one shard): takes each call once, when it is over and silent for
  // some seconds, forgotten, or when the input ends; false: it has seen enough.
  std::function<bool(const model::Call&)> watch;
};

class CallConsumer final : public Consumer {
 public:
  explicit CallConsumer(const CallConsumerOptions& options);

  bool is_satisfied() const override { return satisfied_.load(std::memory_order_relaxed); }
  Wants wants() const override { return {true, options_.rtp, nullptr}; }
  size_t shard_count() const override { return shards_.size(); }
  void prepare(Chunk& chunk) override;
  void consume(size_t shard, Chunk& chunk) override;

  // After the run: makes states final.
  void finish(Timestamp last);
  // Calls in the order of their first frame; with forget_after they are gone by then (see stats()).
  std::vector<const model::Call*> calls() const;
  // Streams that are streams: confirmed by their sequence or announced by a call's SDP.
  std::vector<model::Stream> streams() const;
  model::Stats stats(const EngineResult& result) const;
  uint64_t evicted() const;
  uint64_t without_call_id() const;  // messages that belong to no call

 private:
  struct Shard {
    weave::CallWeaver weaver;
    CopyFilter copies, rtcp_copies;
    uint64_t rtcp_packets = 0;
    media::StreamTable streams;
    StatsCollector stats;
    // Media endpoints of calls that were forgotten: streams are matched with them at the end.
    // Capped.
    HashSet announced;
    Shard(const CallConsumerOptions& options) : weaver(options.weave), stats(options.interval) {}
  };
  // How far the capture had come some time ago, by our own clock.
  struct Mark {
    std::chrono::steady_clock::time_point when;
    Timestamp latest;
  };
  static void fetch_ahead(const Shard& shard, const std::vector<Message>& messages, size_t at);
  void watch_calls(Shard& shard, Timestamp latest);
  static constexpr size_t kMaxAnnounced = 1u << 20;
  void note_announced(Shard& shard, const model::Call& call) const;

  CallConsumerOptions options_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::deque<Mark> marks_;
  std::atomic<bool> satisfied_{false};
};

}  // namespace siploom::pipeline
