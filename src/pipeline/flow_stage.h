// Second stage: what depends on packets before it: IP fragments, TCP streams, SCTP. One thread at a
// time, chunks in order.
#pragma once

#include <memory>

#include "packet/ip_fragments.h"
#include "packet/sctp.h"
#include "packet/tcp.h"
#include "pipeline/decode_stage.h"

namespace siploom::pipeline {

class StreamDemux;

class FlowStage final {
 public:
  FlowStage();
  ~FlowStage();
  // Works off chunk.deferred; what it finds goes to chunk.from_flows, in order.
  void run(Chunk& chunk, const Consumer& consumer, DecodeScratch& scratch);
  // The end of the capture: whatever can still be told from what is pending goes to `chunk`.
  void finish(Chunk& chunk, const Consumer& consumer, DecodeScratch& scratch);
  const packet::TcpCounters& tcp() const;
  const packet::FragmentCounters& fragments() const { return fragments_.counters(); }

 private:
  void take_fragment(const Context& context, const packet::Datagram& fragment, Timestamp time,
                     uint64_t frame);
  void take_whole(const Context& context, const packet::Datagram& datagram, Timestamp time,
                  uint64_t frame, std::span<const uint64_t> frames);

  packet::FragmentTable fragments_;
  std::unique_ptr<StreamDemux> demux_;
  std::unique_ptr<packet::TcpReassembler> tcp_;
  std::unique_ptr<packet::SctpReassembler> sctp_;
  const Context* context_ = nullptr;  // of the chunk at hand, for the callbacks
  Timestamp now_;
  uint64_t frame_ = 0;
  uint64_t incomplete_seen_ = 0;
};

// Puts what the flow stage found among the other messages, by frame.
void merge_flow_messages(Chunk& chunk);

}  // namespace siploom::pipeline
