#include "pipeline/decode_stage.h"

#include "base/hash.h"
#include "packet/decode.h"
#include "pipeline/copy_filter.h"
#include "pipeline/hep_stage.h"
#include "wire/hep/hep.h"
#include "wire/rtp/rtp.h"
#include "wire/sip/shape.h"
#include "wire/stun/stun.h"
#include "wire/tls/tls.h"

namespace siploom::pipeline {

namespace {

bool is_keep_alive(ByteSpan payload) {
  // RFC 5626 3.5.1 and what routers and phones really send: blank lines, or a few NULs.
  if (payload.size() > 32) return false;
  for (const uint8_t octet : payload) {
    if (octet != '\r' && octet != '\n' && octet != 0 && octet != ' ') return false;
  }
  return true;
}

void add_rtp(const Context& context, const model::Record& record, const rtp::Header& header) {
  ++context.chunk.counters.rtp_candidates;
  if (!context.wants_rtp) return;
  media::RtpPacket packet;
  packet.time = record.time;
  packet.src = record.src;
  packet.dst = record.dst;
  packet.ssrc = header.ssrc;
  packet.rtp_timestamp = header.timestamp;
  packet.copy_key = record.copy_key;
  packet.sequence = header.sequence;
  packet.payload_bytes =
      static_cast<uint16_t>(record.payload.size() - header.header_size - header.padding);
  packet.payload_type = header.payload_type;
  packet.marker = header.marker;
  packet.hash = media::key_hash(packet);
  context.chunk.rtp[(packet.hash >> 32) % context.shard_count].push_back(packet);
}

void add_rtcp(const Context& context, const model::Record& record) {
  if (context.wants_records) add_rtcp_event(context, record);
  if (!context.wants_rtp) return;
  const uint64_t hash = copy_hash_of(record);
  context.chunk.rtcp[(hash >> 32) % context.shard_count].push_back(
      {record.time, hash, record.copy_key});
}

}  // namespace

void add_message(const Context& context, const model::Record& record) {
  Message& message = context.messages.emplace_back();
  message.record = record;
  message.record.kind = model::RecordKind::Sip;
}

void classify_datagram(const Context& context, model::Record record, int depth) {
  Counters& counters = context.chunk.counters;
  const ByteSpan payload = record.payload;
  if (payload.empty()) {
    counters.count(Reason::KeepAlive);
    return;
  }
  if (payload[0] >> 6 == 2) {  // version 2 of RTP and RTCP: no text begins so
    rtp::Header header;
    if (rtp::parse(payload, header)) {
      add_rtp(context, record, header);
    } else if (rtp::looks_like_rtcp(payload)) {
      add_rtcp(context, record);
    } else {
      counters.count(Reason::Udp);
    }
    return;
  }
  // A message without the text that is searched for is passed over before it is looked at; what a
  // HEP packet carries may be compressed.
  const bool passed_over = context.literal != nullptr && !as_text(payload).starts_with("HEP3") &&
                           !context.literal->in(payload);
  if (passed_over) return;
  if (sip::looks_like_sip(payload)) {
    add_message(context, record);
  } else if (depth < kMaxHepDepth && hep::looks_like_hep(payload)) {
    take_hep(context, record, IpAddress{record.src.address}, 0, depth);
  } else if (is_keep_alive(payload)) {
    counters.count(Reason::KeepAlive);
  } else if (depth > 0) {
    counters.count(Reason::HepPayload);
  } else if (stun::looks_like_stun(payload)) {
    counters.count(Reason::Stun);
  } else if (tls::looks_like_dtls(payload)) {
    counters.count(Reason::Dtls);
  } else {
    counters.count(Reason::Udp);
  }
}

void index_messages(std::vector<Message>& messages, const Consumer& consumer,
                    DecodeScratch& scratch) {
  const Consumer::Wants wants = consumer.wants();
  const size_t shards = consumer.shard_count();
  for (Message& message : messages) {
    if (wants.literal != nullptr && !wants.literal->in(message.record.payload)) {
      message.wanted = false;
      continue;
    }
    if (!wants.facts) continue;
    const bool datagram = message.record.transport == Transport::Udp;
    scratch.view.parse(message.record.payload, datagram);
    weave::read_facts(scratch.view, message.facts);
    // The transaction and the size say as much as all octets would, for a tenth of the work;
    // without them, the octets.
    const bool named = !message.facts.branch.empty() && scratch.view.has_cseq();
    message.copy_hash =
        named ? copy_hash_of(message.record, message.facts.identity) : copy_hash_of(message.record);
    if (message.record.agent != nullptr) refine_transport(message.record, scratch.view);
    message.shard = static_cast<uint32_t>((message.facts.call_hash >> 32) % shards);
  }
}

void decode_chunk(Chunk& chunk, const DecodeOptions& options, const Consumer& consumer,
                  DecodeScratch& scratch) {
  const Consumer::Wants wants = consumer.wants();
  const Context context{chunk,         chunk.messages, scratch, wants.rtp, consumer.shard_count(),
                        wants.literal, wants.records};
  chunk.rtp.resize(context.shard_count);
  chunk.rtcp.resize(context.shard_count);
  const std::vector<capture::Frame>& frames = chunk.batch.frames;
  Counters& counters = chunk.counters;
  packet::Datagram datagram;
  for (size_t i = 0; i < frames.size(); ++i) {
    const capture::Frame& frame = frames[i];
    if (i + 4 < frames.size()) __builtin_prefetch(frames[i + 4].data);
    if (is_known(options.from) && frame.time < options.from) continue;
    if (is_known(options.to) && frame.time >= options.to) continue;
    ++counters.packets;
    counters.bytes += frame.captured;
    counters.see(frame.time);
    if (frame.link == capture::LinkType::HepIntake) {
      take_intake(context, frame, chunk.batch.first_number + i);
      continue;
    }
    packet::decode_frame(static_cast<uint16_t>(frame.link), frame.bytes(), datagram);
    const bool whole = datagram.refusal == packet::Refusal::None;
    if (whole && datagram.protocol == packet::Protocol::Udp) {
      model::Record record;
      record.time = frame.time;
      record.src = datagram.src;
      record.dst = datagram.dst;
      record.copy_key = datagram.ip_id;
      record.frame = chunk.batch.first_number + i;
      record.payload = datagram.payload;
      classify_datagram(context, record);
    } else if (whole || datagram.refusal == packet::Refusal::Fragment) {
      chunk.deferred.push_back({static_cast<uint32_t>(i), datagram});
    } else {
      counters.count(datagram.refusal);
    }
  }
  index_messages(chunk.messages, consumer, scratch);
}

}  // namespace siploom::pipeline
