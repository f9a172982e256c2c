#include "pipeline/call_consumer.h"

#include <algorithm>

#include "base/hash_net.h"
#include "pipeline/message_subject.h"

namespace siploom::pipeline {

namespace {

// How many packets ahead the stream table's slots are fetched.
constexpr size_t kPrefetchAhead = 8;
// Beyond T2 (RFC 3261 17.1.2.2), so that a call which is still being retransmitted is not told.
constexpr auto kWatchSilence = std::chrono::seconds(5);
constexpr auto kWatchEvery = std::chrono::milliseconds(500);

}  // namespace

CallConsumer::CallConsumer(const CallConsumerOptions& options) : options_(options) {
  for (size_t i = 0; i < std::max<size_t>(1, options.shards); ++i) {
    auto shard = std::make_unique<Shard>(options_);
    Shard* raw = shard.get();
    if (options_.watch) {
      shard->weaver.set_on_done([this](const model::Call& call) {
        if (!satisfied_ && !options_.watch(call)) satisfied_ = true;
      });
    } else if (options_.stats || options_.weave.forget_after != 0) {
      shard->weaver.set_on_done([this, raw](const model::Call& call) {
        if (options_.stats) raw->stats.add_call(call);
        note_announced(*raw, call);
      });
    }
    shards_.push_back(std::move(shard));
  }
}

void CallConsumer::note_announced(Shard& shard, const model::Call& call) const {
  if (!options_.rtp) return;
  for (const model::MediaEndpoint& media : call.media) {
    if (shard.announced.size() < kMaxAnnounced) shard.announced.insert(hash_endpoint(media.where));
  }
}

void CallConsumer::prepare(Chunk& chunk) {
  static const std::vector<query::Filter> kNone;
  const auto& predicates =
      options_.filter == nullptr ? kNone : options_.filter->message_predicates();
  if (predicates.empty() && options_.message_filter == nullptr) return;
  const auto view = std::make_unique<sip::MessageView>();
  for (Message& message : chunk.messages) {
    view->parse(message.record.payload, message.record.transport == Transport::Udp);
    const MessageSubject subject(message.record, *view);
    if (options_.message_filter != nullptr)
      message.wanted = options_.message_filter->matches(subject);
    for (size_t i = 0; i < predicates.size(); ++i) {
      if (predicates[i].matches(subject)) message.facts.any_bits |= uint64_t{1} << i;
    }
  }
}

void CallConsumer::fetch_ahead(const Shard& shard, const std::vector<Message>& messages,
                               size_t at) {
  if (at + 2 * kPrefetchAhead < messages.size()) {
    shard.weaver.prefetch_slot(messages[at + 2 * kPrefetchAhead].facts);
  }
  if (at + kPrefetchAhead < messages.size()) {
    shard.weaver.prefetch_call(messages[at + kPrefetchAhead].facts);
  }
}

void CallConsumer::consume(size_t shard_index, Chunk& chunk) {
  Shard& shard = *shards_[shard_index];
  for (size_t i = 0; i < chunk.messages.size(); ++i) {
    fetch_ahead(shard, chunk.messages, i);
    const Message& message = chunk.messages[i];
    if (message.shard != shard_index || !message.wanted) continue;
    if (shard.copies.is_copy(message.record.time, message.record.copy_key, message.copy_hash)) {
      shard.weaver.add_copy(message.facts);
      if (options_.stats) shard.stats.add_copy();
      continue;
    }
    const auto outcome = shard.weaver.add(message.record, message.facts);
    if (outcome.copy) {
      if (options_.stats) shard.stats.add_copy();
      continue;
    }
    if (options_.stats) {
      shard.stats.add_message(message.record, message.facts, outcome.begins_call,
                              outcome.retransmission);
    }
  }
  if (const Timestamp latest = chunk.counters.last; is_known(latest)) {
    shard.copies.advance(latest);
    shard.rtcp_copies.advance(latest);
    if (options_.weave.forget_after != 0) shard.weaver.advance(latest);
  }
  if (options_.watch) watch_calls(shard, chunk.counters.last);
  if (!options_.rtp) return;
  for (const RtcpPacket& packet : chunk.rtcp[shard_index]) {
    if (!shard.rtcp_copies.is_copy(packet.time, packet.copy_key, packet.copy_hash)) {
      ++shard.rtcp_packets;
    }
  }
  const std::vector<media::RtpPacket>& packets = chunk.rtp[shard_index];
  for (size_t i = 0; i < packets.size(); ++i) {
    if (i + kPrefetchAhead < packets.size())
      shard.streams.prefetch_slot(packets[i + kPrefetchAhead]);
    shard.streams.add(packets[i]);
  }
}

// Silence is told by our own clock: what is read faster than it happened is not cut short.
void CallConsumer::watch_calls(Shard& shard, Timestamp latest) {
  const auto now = std::chrono::steady_clock::now();
  if (!marks_.empty() && now - marks_.back().when < kWatchEvery) return;
  if (is_known(latest) && (marks_.empty() || latest > marks_.back().latest)) {
    marks_.push_back({now, latest});
  } else if (!marks_.empty()) {
    marks_.push_back({now, marks_.back().latest});
  }
  while (marks_.size() > 1 && now - marks_[1].when >= kWatchSilence) marks_.pop_front();
  if (marks_.empty() || now - marks_.front().when < kWatchSilence) return;
  shard.weaver.tell_over(marks_.front().latest, [this](const model::Call& call) {
    if (!satisfied_ && !options_.watch(call)) satisfied_ = true;
  });
}

void CallConsumer::finish(Timestamp last) {
  for (auto& shard : shards_) {
    if (options_.weave.forget_after != 0 || options_.watch) {
      shard->weaver.flush(last);
      continue;
    }
    shard->weaver.settle(last);
    shard->weaver.for_each([&](const model::Call& call) {
      if (options_.stats) shard->stats.add_call(call);
      note_announced(*shard, call);
    });
  }
}

std::vector<const model::Call*> CallConsumer::calls() const {
  // The key stands beside the pointer: a million rows are not fetched again for each comparison.
  struct Keyed {
    uint64_t first_frame;
    const model::Call* call;
  };
  std::vector<Keyed> keyed;
  for (const auto& shard : shards_) {
    shard->weaver.for_each([&](const model::Call& call) {
      keyed.push_back({call.first_frame, &call});
    });
  }
  std::sort(keyed.begin(), keyed.end(), [](const Keyed& a, const Keyed& b) {
    if (a.first_frame != b.first_frame) return a.first_frame < b.first_frame;
    return model::call_id(*a.call) < model::call_id(*b.call);
  });
  std::vector<const model::Call*> out;
  out.reserve(keyed.size());
  for (const Keyed& each : keyed) out.push_back(each.call);
  return out;
}

std::vector<model::Stream> CallConsumer::streams() const {
  std::vector<model::Stream> out;
  const auto is_announced = [&](const Endpoint& endpoint) {
    const uint64_t hash = hash_endpoint(endpoint);
    return std::any_of(shards_.begin(), shards_.end(),
                       [&](const auto& shard) { return shard->announced.contains(hash); });
  };
  for (const auto& shard : shards_) {
    for (const media::StreamTable::Entry& entry : shard->streams.entries()) {
      model::Stream stream = entry.stream;
      stream.announced = is_announced(stream.dst) || is_announced(stream.src);
      if (stream.announced || entry.is_confirmed()) out.push_back(stream);
    }
  }
  std::sort(out.begin(), out.end(), [](const model::Stream& a, const model::Stream& b) {
    return std::tie(a.first, a.src, a.dst, a.ssrc) < std::tie(b.first, b.src, b.dst, b.ssrc);
  });
  return out;
}

model::Stats CallConsumer::stats(const EngineResult& result) const {
  model::Stats stats;
  for (const auto& shard : shards_) shard->stats.add_to(stats);
  const Counters& counters = result.counters;
  stats.packets = counters.packets;
  stats.bytes = counters.bytes;
  for (const auto& shard : shards_) stats.rtcp_packets += shard->rtcp_packets;
  stats.hep_packets = counters.hep_packets;
  stats.first = counters.first;
  stats.last = counters.last;
  uint64_t in_streams = 0;
  for (const model::Stream& stream : streams()) {
    ++stats.rtp_streams;
    stats.rtp_packets += stream.packets;
    in_streams += stream.packets + stream.copies;
  }
  for (size_t i = 0; i < counters.not_understood.size(); ++i) {
    const uint64_t count = counters.not_understood[i];
    if (count != 0) stats.not_understood[std::string(reason_name(i))] += count;
  }
  if (options_.rtp && counters.rtp_candidates > in_streams) {
    stats.not_understood[std::string(reason_name(static_cast<size_t>(Reason::RtpUnconfirmed)))] +=
        counters.rtp_candidates - in_streams;
  }
  return stats;
}

uint64_t CallConsumer::evicted() const {
  uint64_t sum = 0;
  for (const auto& shard : shards_) sum += shard->weaver.counters().evicted;
  return sum;
}
uint64_t CallConsumer::without_call_id() const {
  uint64_t sum = 0;
  for (const auto& shard : shards_) sum += shard->weaver.counters().without_call_id;
  return sum;
}

}  // namespace siploom::pipeline
