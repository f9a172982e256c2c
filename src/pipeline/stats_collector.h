// StatsCollector: one shard's part of model::Stats, counted in tables that cost little per message.
#pragma once

#include <array>
#include <map>
#include <string>

#include "base/flat_map.h"
#include "base/hash_set.h"
#include "base/interner.h"
#include "model/call.h"
#include "model/record.h"
#include "model/stats.h"
#include "weave/sip_facts.h"

namespace siploom::pipeline {

class StatsCollector final {
 public:
  explicit StatsCollector(Nanoseconds interval = 0) : interval_(interval) {}

  void add_message(const model::Record& record, const weave::SipFacts& facts, bool begins_call,
                   bool retransmission);
  void add_copy() { ++copies_; }
  // A call that is over, or that was open at the end.
  void add_call(const model::Call& call);
  void add_to(model::Stats& stats) const;

 private:
  static constexpr size_t kMethods = 16;
  static constexpr size_t kMaxAgents = 4096;
  static constexpr size_t kMaxTalkers = 65'536;
  static constexpr size_t kMaxPeers = 1024;
  static constexpr size_t kMaxUnknownMethods = 256;
  static constexpr size_t kMaxIntervals = 100'000;

  model::Interval* interval_at(Timestamp t);

  Nanoseconds interval_;
  uint64_t messages_ = 0, malformed_ = 0, copies_ = 0, retransmissions_ = 0;
  std::array<uint64_t, kMethods> methods_{};
  std::map<std::string, uint64_t, std::less<>> unknown_methods_;
  std::array<uint64_t, 1000> statuses_{};
  std::array<uint64_t, 7> transports_{};
  Interner agents_;
  std::vector<uint64_t> agent_counts_;
  uint64_t other_agents_ = 0;
  FlatMap<IpAddress, uint64_t> talkers_;
  std::map<Endpoint, model::CallTally> peers_;
  std::map<int64_t, model::Interval> intervals_;
  model::CallTally calls_;
  HashSet call_ids_;
};

}  // namespace siploom::pipeline
