#include "capture/packet_maker.h"

#include "capture/text/frame_writer.h"

namespace siploom::capture {

struct PacketMaker::State {
  dump::FrameWriter frames;
  dump::FrameBuffer buffer;
};

PacketMaker::PacketMaker() : state_(std::make_unique<State>()) {}
PacketMaker::~PacketMaker() = default;

Result<void> PacketMaker::write(Writer& writer, Timestamp time, Transport transport,
                                const Endpoint& src, const Endpoint& dst,
                                std::string_view payload) {
  dump::FrameBuffer& buffer = state_->buffer;
  buffer.bytes.clear();
  buffer.entries.clear();
  dump::TextPacket packet;
  packet.octets = payload;
  packet.transport = transport;
  state_->frames.write(time, {src, dst}, packet, dump::glimpse(payload), buffer);
  for (const dump::FrameBuffer::Entry& entry : buffer.entries) {
    Frame frame;
    frame.time = entry.time;
    frame.data = buffer.bytes.data() + entry.offset;
    frame.captured = frame.original = static_cast<uint32_t>(entry.size);
    frame.link = entry.link;
    SL_TRY_VOID(writer.write(frame));
  }
  return {};
}

}  // namespace siploom::capture
