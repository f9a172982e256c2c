// What `siploom stats` counts. Plain sums, so that threads count alone and add up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/net.h"
#include "base/time.h"

namespace siploom::model {

// Quantiles of durations within 3 %, in constant memory: buckets whose width grows with the value.
class DurationHistogram final {
 public:
  void add(Nanoseconds value);
  void add(const DurationHistogram& other);
  uint64_t count() const { return count_; }
  Nanoseconds quantile(double q) const;  // 0..1; kNoDuration when empty

 private:
  static constexpr size_t kBuckets = 1024;
  std::array<uint32_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
};

// Calls towards one peer (destination of the INVITE), or over one interval, or all.
struct CallTally {
  uint64_t attempts = 0;  // INVITE calls begun
  uint64_t answered = 0;
  uint64_t user_failures = 0;  // busy, no answer, cancelled, rejected by the user (counted as
                               // effective for NER, ITU-T E.425)
  uint64_t failed = 0;
  uint64_t open = 0;  // not over when the capture ended
  DurationHistogram pdd, setup, talk;
  void add(const CallTally& other);
  double asr() const;  // answer-seizure ratio, 0..1 (ITU-T E.411); NaN without attempts
  double ner() const;  // network effectiveness ratio, 0..1 (ITU-T E.425)
};

struct Interval {
  Timestamp start;
  uint64_t messages = 0, invites = 0, retransmissions = 0;
  std::map<std::string, uint64_t> methods;
  std::map<uint16_t, uint64_t> statuses;
  CallTally calls;
};

struct Stats {
  uint64_t packets = 0, bytes = 0;
  uint64_t sip_messages = 0, malformed = 0, copies = 0, retransmissions = 0, call_ids = 0;
  std::map<std::string, uint64_t> requests;  // by method
  std::map<uint16_t, uint64_t> responses;    // by status
  std::array<uint64_t, 7> transports{};      // by Transport
  std::map<std::string, uint64_t>
      user_agents;  // messages by User-Agent or Server; capped, the rest under ""
  std::map<Endpoint, uint64_t> talkers;  // messages by source address (port 0); capped
  std::map<Endpoint, CallTally> peers;   // by address that was called
  CallTally calls;
  uint64_t rtp_packets = 0, rtp_streams = 0, rtcp_packets = 0, hep_packets = 0;
  std::map<std::string, uint64_t> not_understood;  // packets by reason
  std::map<int64_t, Interval> intervals;           // by start in ns, when asked for
  Timestamp first = kNoTime, last = kNoTime;
};

}  // namespace siploom::model
