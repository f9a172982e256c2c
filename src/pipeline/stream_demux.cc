#include "pipeline/stream_demux.h"

#include <algorithm>

#include "wire/hep/hep.h"
#include "wire/sip/framer.h"
#include "wire/sip/shape.h"
#include "wire/tls/tls.h"
#include "wire/websocket/websocket.h"

namespace siploom::pipeline {

using packet::StreamPiece;
using packet::TcpFlow;

struct StreamDemux::FlowState {
  enum class Kind : uint8_t { Unknown, Sip, WebSocket, Hep, Tls };
  Kind kind = Kind::Unknown;
  sip::FramerState framer;
  std::unique_ptr<websocket::Reader> websocket;
  std::vector<uint64_t> message_frames;  // of the WebSocket message being put together
};

namespace {

constexpr size_t kMaxMessageFrames = 4096;

// Calls fn with each piece that brought octets of [offset, offset + size).
template <class Fn>
void for_each_piece(std::span<const StreamPiece> pieces, size_t offset, size_t size, Fn&& fn) {
  size_t at = 0;
  for (const StreamPiece& piece : pieces) {
    if (at >= offset + size) break;
    if (at + piece.size > offset) fn(piece, at + piece.size <= offset + size);
    at += piece.size;
  }
}

}  // namespace

std::span<const uint64_t> keep_frames(Arena& arena, std::span<const uint64_t> frames) {
  auto* to = reinterpret_cast<uint64_t*>(arena.allocate(frames.size_bytes(), alignof(uint64_t)));
  std::copy(frames.begin(), frames.end(), to);
  return {to, frames.size()};
}

StreamDemux::StreamDemux() = default;
StreamDemux::~StreamDemux() = default;

StreamDemux::FlowState& StreamDemux::state_of(TcpFlow& flow) {
  if (flow.reader_state == nullptr) flow.reader_state = std::make_unique<FlowState>().release();
  return *static_cast<FlowState*>(flow.reader_state);
}

size_t StreamDemux::consume(TcpFlow& flow, ByteSpan data, std::span<const StreamPiece> pieces) {
  FlowState& state = state_of(flow);
  size_t used = 0;
  while (used < data.size()) {
    const size_t step = take({flow, state, data.subspan(used), used, pieces});
    if (step == 0) break;
    used += step;
  }
  return used;
}

size_t StreamDemux::take(const Part& part) {
  switch (part.state.kind) {
    case FlowState::Kind::Unknown:
      return take_unknown(part);
    case FlowState::Kind::Sip:
      return take_sip(part);
    case FlowState::Kind::WebSocket:
      return take_websocket(part);
    case FlowState::Kind::Hep:
      return take_hep(part);
    case FlowState::Kind::Tls:
      break;
  }
  return pass_over(part, part.bytes.size(), Reason::Tls);
}

size_t StreamDemux::take_unknown(const Part& part) {
  const ByteSpan bytes = part.bytes;
  const std::string_view head = as_text(bytes.subspan(0, std::min<size_t>(4, bytes.size())));
  if (std::string_view("HEP3").starts_with(head) || std::string_view("EEP3").starts_with(head)) {
    if (head.size() < 4) return 0;
    part.state.kind = FlowState::Kind::Hep;
    return take_hep(part);
  }
  if (tls::looks_like_tls(bytes)) {
    part.state.kind = FlowState::Kind::Tls;
    return pass_over(part, bytes.size(), Reason::Tls);
  }
  const size_t upgrade = websocket::upgrade_head_length(bytes);
  if (upgrade == websocket::kNeedMore) return 0;
  if (upgrade > 0) {
    part.state.kind = FlowState::Kind::WebSocket;
    return upgrade;
  }
  if (websocket::looks_like_sip_frame(bytes)) {
    part.state.kind = FlowState::Kind::WebSocket;
    return take_websocket(part);
  }
  return take_sip(part);
}

size_t StreamDemux::take_sip(const Part& part) {
  const sip::FrameResult found = sip::frame_stream(part.bytes, part.state.framer);
  switch (found.step) {
    case sip::FrameStep::NeedMore:
      return 0;
    case sip::FrameStep::KeepAlive:
      return found.size;
    case sip::FrameStep::Skip:
      return pass_over(part, found.size, Reason::Tcp);
    case sip::FrameStep::Message:
      break;
  }
  part.state.kind = FlowState::Kind::Sip;
  emit(part, part.bytes.subspan(0, found.size), found.size, Transport::Tcp);
  return found.size;
}

size_t StreamDemux::take_websocket(const Part& part) {
  if (part.state.websocket == nullptr) part.state.websocket = std::make_unique<websocket::Reader>();
  size_t used = 0;
  const websocket::Step step = part.state.websocket->next(part.bytes, used);
  if (step == websocket::Step::NeedMore) return used;
  if (step == websocket::Step::Bad) {
    part.state.websocket.reset();
    part.state.kind = FlowState::Kind::Unknown;
    return pass_over(part, part.bytes.size(), Reason::Tcp);
  }
  auto& frames = part.state.message_frames;
  for_each_piece(part.pieces, part.offset, used, [&](const StreamPiece& piece, bool) {
    if (frames.size() >= kMaxMessageFrames) return;
    if (frames.empty() || frames.back() != piece.frame) frames.push_back(piece.frame);
  });
  if (step == websocket::Step::Message) {
    const ByteSpan message = part.state.websocket->message();
    if (sip::looks_like_sip(message)) emit(part, message, used, Transport::Ws);
    frames.clear();
  }
  return used;
}

size_t StreamDemux::take_hep(const Part& part) {
  const auto length = hep::stream_length(part.bytes);
  if (!length) return 0;
  if (*length == 0) {
    part.state.kind = FlowState::Kind::Unknown;
    // Not HEP after all: step over one octet, or the same question would come again.
    return pass_over(part, 1, Reason::Tcp);
  }
  if (*length > part.bytes.size()) return 0;
  emit(part, part.bytes.subspan(0, *length), *length, Transport::Tcp);
  return *length;
}

size_t StreamDemux::pass_over(const Part& part, size_t size, Reason reason) {
  if (context_ != nullptr) {
    for_each_piece(part.pieces, part.offset, size, [&](const StreamPiece&, bool ends) {
      if (ends) context_->chunk.counters.count(reason);
    });
  }
  return size;
}

void StreamDemux::emit(const Part& part, ByteSpan message, size_t stream_bytes,
                       Transport transport) {
  if (context_ == nullptr) return;
  model::Record record;
  record.src = part.flow.src;
  record.dst = part.flow.dst;
  record.transport = transport;
  std::vector<uint64_t> frames = part.state.message_frames;
  for_each_piece(part.pieces, part.offset, stream_bytes, [&](const StreamPiece& piece, bool) {
    if (frames.empty() || frames.back() != piece.frame) frames.push_back(piece.frame);
    if (piece.frame >= record.frame) {
      record.frame = piece.frame;
      record.time = piece.time;
    }
  });
  std::sort(frames.begin(), frames.end());
  frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
  Arena& arena = context_->chunk.arena;
  record.payload = arena.copy(message);
  if (frames.size() > 1) record.frames = keep_frames(arena, frames);
  if (part.state.kind == FlowState::Kind::Hep) {
    classify_datagram(*context_, record);
  } else {
    add_message(*context_, record);
  }
}

void StreamDemux::end_of_stretch(TcpFlow& flow, ByteSpan left,
                                 std::span<const StreamPiece> pieces) {
  FlowState& state = state_of(flow);
  if (state.kind == FlowState::Kind::Sip || state.kind == FlowState::Kind::Unknown) {
    size_t at = 0;
    while (at < left.size()) {
      const ByteSpan message = sip::take_truncated(left.subspan(at));
      if (message.empty()) break;
      const auto begin = static_cast<size_t>(message.data() - left.data());
      const Part part{flow, state, message, begin, pieces};
      // Without its headers whole, nobody could say which call it belongs to.
      if (sip::has_whole_headers(message)) {
        emit(part, message, message.size(), Transport::Tcp);
      } else if (context_ != nullptr) {
        context_->chunk.counters.count(Reason::SipCut);
      }
      at = begin + message.size();
    }
  }
  state.framer = {};
  state.websocket.reset();
  state.message_frames.clear();
  if (state.kind != FlowState::Kind::Tls) state.kind = FlowState::Kind::Unknown;
}

void StreamDemux::on_gap(TcpFlow& flow, ByteSpan left, std::span<const StreamPiece> pieces,
                         uint64_t) {
  end_of_stretch(flow, left, pieces);
}

void StreamDemux::on_close(TcpFlow& flow, ByteSpan left, std::span<const StreamPiece> pieces) {
  end_of_stretch(flow, left, pieces);
  const std::unique_ptr<FlowState> ended(static_cast<FlowState*>(flow.reader_state));
  flow.reader_state = nullptr;
}

}  // namespace siploom::pipeline
