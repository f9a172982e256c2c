#include "pipeline/stats_collector.h"

namespace siploom::pipeline {

namespace {

void tally(model::CallTally& out, const model::Call& call) {
  using model::CallState;
  ++out.attempts;
  const auto add = [](model::DurationHistogram& histogram, Nanoseconds value) {
    if (value != model::kNoDuration) histogram.add(value);
  };
  add(out.pdd, model::pdd(call));
  add(out.setup, model::setup_time(call));
  switch (call.state) {
    case CallState::Completed:
    case CallState::InCall:
      ++out.answered;
      add(out.talk, model::talk_time(call));
      break;
    // The network did its work; the called side or the caller did not want to (ITU-T E.425 counts
    // them as effective).
    case CallState::Busy:
    case CallState::Cancelled:
    case CallState::Redirected:
      ++out.user_failures;
      break;
    case CallState::Rejected:
      // 480 and 603 are people's answers; 403, 404, 484, 488 and their like are the network's.
      if (call.status == 480 || call.status == 603) {
        ++out.user_failures;
      } else {
        ++out.failed;
      }
      break;
    case CallState::Calling:
    case CallState::Ringing:
    case CallState::Partial:
      ++out.open;
      break;
    case CallState::AuthFailed:
    case CallState::NoResponse:
    case CallState::Failed:
      ++out.failed;
      break;
  }
  if (call.state == CallState::InCall) ++out.open;
}

}  // namespace

model::Interval* StatsCollector::interval_at(Timestamp t) {
  if (interval_ <= 0) return nullptr;
  const int64_t start = t.ns - t.ns % interval_;
  if (intervals_.size() >= kMaxIntervals && !intervals_.contains(start)) return nullptr;
  model::Interval& interval = intervals_[start];
  interval.start = {start};
  return &interval;
}

void StatsCollector::add_message(const model::Record& record, const weave::SipFacts& facts,
                                 bool begins_call, bool retransmission) {
  ++messages_;
  if (facts.malformed) ++malformed_;
  if (retransmission) ++retransmissions_;
  ++transports_[static_cast<size_t>(record.transport)];
  if (begins_call) call_ids_.insert(facts.call_hash);
  model::Interval* interval = interval_at(record.time);
  if (interval != nullptr) {
    ++interval->messages;
    if (retransmission) ++interval->retransmissions;
  }
  if (facts.is_request()) {
    if (facts.method_id != sip::Method::Unknown) {
      ++methods_[static_cast<size_t>(facts.method_id)];
    } else if (auto known = unknown_methods_.find(facts.method); known != unknown_methods_.end()) {
      ++known->second;
    } else if (unknown_methods_.size() < kMaxUnknownMethods) {
      ++unknown_methods_[std::string(facts.method)];
    } else {
      ++unknown_methods_["other"];
    }
    if (interval != nullptr) ++interval->methods[std::string(facts.method)];
  } else {
    ++statuses_[facts.status % statuses_.size()];
    if (interval != nullptr) ++interval->statuses[facts.status];
  }
  if (!facts.user_agent.empty()) {
    if (agent_counts_.size() >= kMaxAgents) {
      ++other_agents_;
    } else {
      const auto symbol = static_cast<size_t>(agents_.intern(facts.user_agent.substr(0, 128)));
      if (symbol >= agent_counts_.size()) agent_counts_.resize(symbol + 1);
      ++agent_counts_[symbol];
    }
  }
  const uint64_t hash = mix(load_le64(&record.src.address.octets[0]) ^ hash_seed(),
                            load_le64(&record.src.address.octets[8]));
  if (talkers_.size() < kMaxTalkers || talkers_.find(hash, record.src.address) != nullptr) {
    ++*talkers_.insert(hash, record.src.address).first;
  }
}

void StatsCollector::add_call(const model::Call& call) {
  // Only calls whose beginning was seen say something about success.
  if (call.kind != model::CallKind::Call || !is_known(call.invite) || call.begins_before) return;
  tally(calls_, call);
  const Endpoint peer{call.dst.address, 0};
  if (peers_.size() < kMaxPeers || peers_.contains(peer)) tally(peers_[peer], call);
  if (model::Interval* interval = interval_at(call.invite)) {
    ++interval->invites;
    tally(interval->calls, call);
  }
}

namespace {

constexpr std::array<std::string_view, 15> kMethodNames = {
    "",          "INVITE", "ACK",     "BYE",  "CANCEL", "REGISTER", "OPTIONS", "PRACK",
    "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER",  "MESSAGE",  "UPDATE"};

}  // namespace

void StatsCollector::add_to(model::Stats& stats) const {
  stats.sip_messages += messages_;
  stats.malformed += malformed_;
  stats.copies += copies_;
  stats.retransmissions += retransmissions_;
  // A Call-ID belongs to one shard, so the shards' sets have nothing in common.
  stats.call_ids += call_ids_.size();
  for (size_t i = 1; i < kMethodNames.size(); ++i) {
    if (methods_[i] != 0) stats.requests[std::string(kMethodNames[i])] += methods_[i];
  }
  for (const auto& [method, count] : unknown_methods_) stats.requests[method] += count;
  for (size_t i = 0; i < statuses_.size(); ++i) {
    if (statuses_[i] != 0) stats.responses[static_cast<uint16_t>(i)] += statuses_[i];
  }
  for (size_t i = 0; i < transports_.size(); ++i) stats.transports[i] += transports_[i];
  for (size_t i = 1; i < agent_counts_.size(); ++i) {
    if (agent_counts_[i] == 0) continue;
    stats.user_agents[std::string(agents_.text(static_cast<Symbol>(i)))] += agent_counts_[i];
  }
  if (other_agents_ != 0) stats.user_agents[""] += other_agents_;
  talkers_.for_each([&](const IpAddress& address, uint64_t count) {
    stats.talkers[Endpoint{address, 0}] += count;
  });
  for (const auto& [peer, calls] : peers_) stats.peers[peer].add(calls);
  stats.calls.add(calls_);
  for (const auto& [start, interval] : intervals_) {
    model::Interval& out = stats.intervals[start];
    out.start = interval.start;
    out.messages += interval.messages;
    out.invites += interval.invites;
    out.retransmissions += interval.retransmissions;
    for (const auto& [method, count] : interval.methods) out.methods[method] += count;
    for (const auto& [status, count] : interval.statuses) out.statuses[status] += count;
    out.calls.add(interval.calls);
  }
}

}  // namespace siploom::pipeline
