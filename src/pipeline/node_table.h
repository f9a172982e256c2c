// NodeTable: the agents that report here: when last seen, how much, how late, by which clock, and
// what had to be healed of them. One thread writes; snapshots from any through the owner's lock.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/flat_map.h"
#include "model/record.h"

namespace siploom::pipeline {

struct NodeFacts {
  std::string name;
  IpAddress sender;
  uint32_t agent_id = 0;
  Timestamp first_seen = kNoTime, last_seen = kNoTime;  // by our clock
  Timestamp last_time = kNoTime;                        // by its own
  uint64_t records = 0, sip = 0, octets = 0, doubled = 0, sightings = 0;
  uint32_t quirks = 0;  // wire/hep, a bit each
  // Our clock less its own at the quickest message of the last minutes: how far its clock is
  // behind ours, network delay included. And the largest of these: how late it reports.
  // Messages more than a day off count apart, and only here as long as others are nearer.
  Nanoseconds clock_offset = 0, lag_max = 0;
  uint64_t clock_absurd = 0;
  double rate = 0;  // records a second, over the last finished ten seconds
};

class NodeTable final {
 public:
  struct Seen {
    bool sip = false, doubled = false, elsewhere = false;
    size_t octets = 0;
  };
  void see(const model::AgentFacts& agent, Timestamp time, const Seen& seen);
  // An agent that the store knows of, from before the start.
  void recall(NodeFacts facts);
  // The most recently seen first; rates are as of `now`.
  std::vector<NodeFacts> snapshot(Timestamp now) const;
  uint64_t forgotten() const { return forgotten_; }  // the table was full

 private:
  static constexpr size_t kMaxNodes = 4096;
  struct Row {
    NodeFacts facts;
    Timestamp window = kNoTime;  // of offset and lag; the one before is kept
    Nanoseconds least = INT64_MAX, least_before = INT64_MAX;
    Nanoseconds most = INT64_MIN, most_before = INT64_MIN;
    Nanoseconds absurd = 0;  // the latest lag that cannot be one
    int64_t ten_seconds = 0;
    uint64_t in_ten_seconds = 0;
  };
  Row* row_of(std::string_view node, const IpAddress& sender);
  static void measure(Row& row, Timestamp received, Timestamp time);

  std::vector<Row> rows_;
  FlatMap<uint64_t, uint32_t> index_;
  uint64_t forgotten_ = 0;
};

}  // namespace siploom::pipeline
