#include "pipeline/flow_stage.h"

#include <algorithm>

#include "packet/decode.h"
#include "pipeline/stream_demux.h"
#include "wire/sip/shape.h"

namespace siploom::pipeline {

FlowStage::FlowStage() : demux_(std::make_unique<StreamDemux>()) {
  tcp_ = std::make_unique<packet::TcpReassembler>(*demux_);
  sctp_ = std::make_unique<packet::SctpReassembler>([this](const packet::SctpMessage& message) {
    model::Record record;
    record.time = now_;
    record.src = message.src;
    record.dst = message.dst;
    record.transport = Transport::Sctp;
    record.frame = frame_;
    Arena& arena = context_->chunk.arena;
    record.payload = arena.copy(message.payload);
    if (message.frames.size() > 1) record.frames = keep_frames(arena, message.frames);
    if (sip::looks_like_sip(record.payload)) {
      add_message(*context_, record);
    } else {
      context_->chunk.counters.count(Reason::Sctp);
    }
  });
}

FlowStage::~FlowStage() = default;

const packet::TcpCounters& FlowStage::tcp() const { return tcp_->counters(); }

void FlowStage::run(Chunk& chunk, const Consumer& consumer, DecodeScratch& scratch) {
  const Consumer::Wants wants = consumer.wants();
  const Context context{chunk,         chunk.from_flows, scratch, wants.rtp, consumer.shard_count(),
                        wants.literal, wants.records};
  context_ = &context;
  demux_->set_context(&context);
  for (const Deferred& deferred : chunk.deferred) {
    const Timestamp time = chunk.batch.frames[deferred.frame].time;
    const uint64_t frame = chunk.batch.first_number + deferred.frame;
    if (deferred.datagram.refusal == packet::Refusal::Fragment) {
      take_fragment(context, deferred.datagram, time, frame);
    } else {
      take_whole(context, deferred.datagram, time, frame, {});
    }
  }
  if (!chunk.batch.frames.empty()) {
    const Timestamp now = chunk.batch.frames.back().time;
    tcp_->expire(now);
    fragments_.expire(now);
  }
  const uint64_t incomplete = fragments_.counters().incomplete();
  chunk.counters.count(Reason::FragmentsIncomplete, incomplete - incomplete_seen_);
  incomplete_seen_ = incomplete;
  demux_->set_context(nullptr);
  context_ = nullptr;
}

void FlowStage::finish(Chunk& chunk, const Consumer& consumer, DecodeScratch& scratch) {
  const Consumer::Wants wants = consumer.wants();
  const Context context{chunk,         chunk.from_flows, scratch, wants.rtp, consumer.shard_count(),
                        wants.literal, wants.records};
  context_ = &context;
  demux_->set_context(&context);
  tcp_->finish();
  fragments_.expire({INT64_MAX});
  const uint64_t incomplete = fragments_.counters().incomplete();
  chunk.counters.count(Reason::FragmentsIncomplete, incomplete - incomplete_seen_);
  demux_->set_context(nullptr);
  context_ = nullptr;
}

void FlowStage::take_fragment(const Context& context, const packet::Datagram& fragment,
                              Timestamp time, uint64_t frame) {
  const packet::WholeDatagram* whole = fragments_.add(fragment, time, frame);
  if (whole == nullptr) return;
  // The table's buffer is its own only until the next fragment.
  Arena& arena = context.chunk.arena;
  const ByteSpan bytes = arena.copy(whole->payload);
  const auto frames = keep_frames(arena, whole->frames);
  packet::Datagram datagram;
  packet::decode_transport(fragment, bytes, datagram);
  if (datagram.refusal == packet::Refusal::None) {
    take_whole(context, datagram, time, frame, frames);
  } else if (datagram.refusal != packet::Refusal::Fragment) {
    context.chunk.counters.count(datagram.refusal);
  }
}

void FlowStage::take_whole(const Context& context, const packet::Datagram& datagram, Timestamp time,
                           uint64_t frame, std::span<const uint64_t> frames) {
  now_ = time;
  frame_ = frame;
  if (datagram.protocol == packet::Protocol::Tcp) {
    tcp_->add(datagram, time, frame);
  } else if (datagram.protocol == packet::Protocol::Sctp) {
    sctp_->add(datagram, time, frame);
  } else if (datagram.protocol == packet::Protocol::Udp) {
    model::Record record;
    record.time = time;
    record.src = datagram.src;
    record.dst = datagram.dst;
    record.copy_key = datagram.ip_id;
    record.frame = frame;
    record.frames = frames;
    record.payload = datagram.payload;
    classify_datagram(context, record);
  }
}

void merge_flow_messages(Chunk& chunk) {
  if (chunk.from_flows.empty()) return;
  for (size_t i = 1; i < chunk.from_flows.size(); ++i) {
    model::Record& record = chunk.from_flows[i].record;
    const model::Record& before = chunk.from_flows[i - 1].record;
    if (record.frame == before.frame) record.part = before.part + 1;
  }
  const auto middle = static_cast<std::ptrdiff_t>(chunk.messages.size());
  chunk.messages.insert(chunk.messages.end(), chunk.from_flows.begin(), chunk.from_flows.end());
  std::inplace_merge(
      chunk.messages.begin(), chunk.messages.begin() + middle, chunk.messages.end(),
      [](const Message& a, const Message& b) { return a.record.frame < b.record.frame; });
}

}  // namespace siploom::pipeline
