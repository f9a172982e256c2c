// StreamDemux: finds what a TCP stream carries, by content (SIP, WebSocket with SIP, HEP, TLS,
// other), and takes the messages out of it.
#pragma once

#include <memory>
#include <span>

#include "packet/tcp.h"
#include "pipeline/decode_stage.h"

namespace siploom::pipeline {

std::span<const uint64_t> keep_frames(Arena& arena, std::span<const uint64_t> frames);

class StreamDemux final : public packet::TcpReader {
 public:
  StreamDemux();
  ~StreamDemux() override;
  // Where messages go during the next calls; null: nowhere (between chunks).
  void set_context(const Context* context) { context_ = context; }

  size_t consume(packet::TcpFlow& flow, ByteSpan data,
                 std::span<const packet::StreamPiece> pieces) override;
  void on_gap(packet::TcpFlow& flow, ByteSpan left, std::span<const packet::StreamPiece> pieces,
              uint64_t missing) override;
  void on_close(packet::TcpFlow& flow, ByteSpan left,
                std::span<const packet::StreamPiece> pieces) override;

 private:
  struct FlowState;
  // A part of the stream at hand, and the frames it came in.
  struct Part {
    packet::TcpFlow& flow;
    FlowState& state;
    ByteSpan bytes;
    size_t offset;  // of `bytes` in the data that `pieces` describe
    std::span<const packet::StreamPiece> pieces;
  };
  FlowState& state_of(packet::TcpFlow& flow);
  size_t take(const Part& part);
  size_t take_unknown(const Part& part);
  size_t take_sip(const Part& part);
  size_t take_websocket(const Part& part);
  size_t take_hep(const Part& part);
  size_t pass_over(const Part& part, size_t size, Reason reason);
  void end_of_stretch(packet::TcpFlow& flow, ByteSpan left,
                      std::span<const packet::StreamPiece> pieces);
  void emit(const Part& part, ByteSpan message, size_t stream_bytes, Transport transport);

  const Context* context_ = nullptr;
};

}  // namespace siploom::pipeline
