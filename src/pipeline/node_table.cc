#include "pipeline/node_table.h"

#include <algorithm>

#include "base/hash.h"

namespace siploom::pipeline {

namespace {

constexpr Nanoseconds kClockWindow = 120 * kSecond;
constexpr Nanoseconds kTenSeconds = 10 * kSecond;
// A clock that is set at all is nearer than this, even in a wrong time zone; what is replayed, or
// was stamped by a clock that had not been set yet, is farther, and says nothing of the others.
constexpr Nanoseconds kSaneLag = 24 * 3600 * kSecond;

}  // namespace

NodeTable::Row* NodeTable::row_of(std::string_view node, const IpAddress& sender) {
  const uint64_t hash = mix(hash_text(node), hash_bytes(sender.octets));
  if (const uint32_t* known = index_.find(hash, hash)) return &rows_[*known];
  if (rows_.size() >= kMaxNodes) {
    ++forgotten_;
    return nullptr;
  }
  *index_.insert(hash, hash).first = static_cast<uint32_t>(rows_.size());
  Row& row = rows_.emplace_back();
  row.facts.name = node;
  row.facts.sender = sender;
  return &row;
}

void NodeTable::recall(NodeFacts facts) {
  if (Row* row = row_of(facts.name, facts.sender)) row->facts = std::move(facts);
}

void NodeTable::measure(Row& row, Timestamp received, Timestamp time) {
  if (!is_known(row.window) || received - row.window > kClockWindow || received < row.window) {
    row.least_before = row.least;
    row.most_before = row.most;
    row.least = INT64_MAX;
    row.most = INT64_MIN;
    row.window = received;
  }
  const Nanoseconds lag = received - time;
  if (lag < -kSaneLag || lag > kSaneLag) {
    ++row.facts.clock_absurd;
    row.absurd = lag;
  } else {
    row.least = std::min(row.least, lag);
    row.most = std::max(row.most, lag);
  }
  const int64_t tens = received.ns / kTenSeconds;
  if (tens != row.ten_seconds) {
    // A pause makes what was counted before it old.
    row.facts.rate = tens == row.ten_seconds + 1 ? static_cast<double>(row.in_ten_seconds) / 10 : 0;
    row.ten_seconds = tens;
    row.in_ten_seconds = 0;
  }
  ++row.in_ten_seconds;
}

void NodeTable::see(const model::AgentFacts& agent, Timestamp time, const Seen& seen) {
  Row* row = row_of(agent.node, agent.sender);
  if (row == nullptr) return;
  NodeFacts& facts = row->facts;
  if (!is_known(facts.first_seen)) facts.first_seen = agent.received;
  facts.agent_id = agent.agent_id;
  facts.last_seen = agent.received;
  facts.last_time = time;
  facts.quirks |= agent.quirks;
  ++facts.records;
  facts.octets += seen.octets;
  if (seen.sip) ++facts.sip;
  if (seen.doubled) ++facts.doubled;
  if (seen.elsewhere) ++facts.sightings;
  measure(*row, agent.received, time);
}

std::vector<NodeFacts> NodeTable::snapshot(Timestamp now) const {
  std::vector<NodeFacts> out;
  for (const Row& row : rows_) {
    NodeFacts facts = row.facts;
    facts.clock_offset = std::min(row.least, row.least_before);
    facts.lag_max = std::max(row.most, row.most_before);
    if (facts.clock_offset == INT64_MAX) {
      // None was sane: its clock is that wrong, and the latest message tells how far. Or none was
      // seen since the start.
      facts.clock_offset = facts.lag_max = is_known(facts.last_time) ? row.absurd : 0;
    }
    if (now.ns / kTenSeconds > row.ten_seconds + 1) facts.rate = 0;
    out.push_back(std::move(facts));
  }
  std::stable_sort(out.begin(), out.end(), [](const NodeFacts& a, const NodeFacts& b) {
    return a.last_seen > b.last_seen;
  });
  return out;
}

}  // namespace siploom::pipeline
