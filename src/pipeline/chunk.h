// Chunk: a run of frames on its way through the stages, with all that was found in them. Batch
// lifetime: everything in it dies when the chunk is used again.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/arena.h"
#include "capture/source.h"
#include "media/stream_table.h"
#include "model/record.h"
#include "packet/datagram.h"
#include "pipeline/counters.h"
#include "weave/sip_facts.h"

namespace siploom::report {
struct Quality;
}

namespace siploom::pipeline {

// A SIP message, and what was read off it in parallel.
struct Message {
  model::Record record;
  uint64_t copy_hash = 0;  // of its bytes and endpoints: equal for copies of one packet
  uint32_t shard = 0;
  bool wanted = true;     // false: a fast check has shown that no filter can match
  weave::SipFacts facts;  // when the consumer asks for them
};

// A datagram that has the shape of RTCP; counted once all copies of it are known.
struct RtcpPacket {
  Timestamp time;
  uint64_t copy_hash = 0;
  uint32_t copy_key = 0;
};

// A packet whose meaning depends on packets before it: a TCP segment, an SCTP packet, an IP
// fragment.
struct Deferred {
  uint32_t frame = 0;  // index in the batch
  packet::Datagram datagram;
};

// A record that is no SIP message: what an agent reported beside it, as wire/report understands it.
// Texts lie in the chunk's arena.
struct Event {
  model::Record record;  // payload without secrets
  std::string_view event, summary;
  std::string_view primary_id;  // value alone
  std::string_view extra_ids;   // "space:value", separated by line feeds
  std::string_view secret;      // TLS master secrets, to be kept apart; separated by line feeds
  const report::Quality* quality = nullptr;  // of reports on media, as far as they give any
  bool malformed = false;
};

// What was not taken as a message: told by where it came from, for the ledger.
struct NotTaken {
  IpAddress source;
  uint8_t reason = 0;  // pipeline::Reason
  uint32_t count = 0;
};

// What a consumer hangs on a chunk between prepare() and consume().
struct ConsumerData {
  virtual ~ConsumerData() = default;
};

struct Chunk {
  uint64_t index = 0;
  capture::FrameBatch batch;
  Arena arena;                      // bytes of messages that were put together
  std::vector<Message> messages;    // in order of frame and part
  std::vector<Message> from_flows;  // found by the flow stage, then merged into messages
  std::vector<std::vector<media::RtpPacket>> rtp;  // by shard
  std::vector<std::vector<RtcpPacket>> rtcp;       // by shard
  std::vector<Deferred> deferred;
  std::vector<Event> events;  // when the consumer wants records
  std::vector<NotTaken> not_taken;
  Counters counters;
  std::unique_ptr<ConsumerData> data;

  void reset() {
    batch.clear();
    arena.reset();
    messages.clear();
    from_flows.clear();
    for (auto& shard : rtp) shard.clear();
    for (auto& shard : rtcp) shard.clear();
    deferred.clear();
    events.clear();
    not_taken.clear();
    counters = Counters{};
  }
};

}  // namespace siploom::pipeline
