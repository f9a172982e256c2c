#include "pipeline/relay/framing.h"

#include "wire/hep/encode.h"
#include "wire/hep/hep.h"
#include "wire/hep/inflate.h"

namespace siploom::pipeline::relay {

namespace {

bool is_v3(ByteSpan message) {
  return message.size() >= kMessageHead && hep::v3_magic(message).has_value();
}

void set_length(std::string& message) {
  message[4] = static_cast<char>(message.size() >> 8);
  message[5] = static_cast<char>(message.size());
}

}  // namespace

Framed frame_for_stream(ByteSpan message, Timestamp received, std::string& out) {
  if (is_v3(message)) {
    if (message.size() > hep::kMaxMessageBytes) return Framed::Not;
    if (load_be16(&message[4]) == message.size()) return Framed::AsItWas;
    out.assign(as_text(message));
    set_length(out);
    return Framed::Changed;
  }
  if (message.size() >= 2 && message[0] == 0x1f && message[1] == 0x8b) {
    if (!hep::inflate(message, out)) return Framed::Not;
    if (is_v3(as_bytes(out))) {
      if (out.size() > hep::kMaxMessageBytes) return Framed::Not;
      set_length(out);
      return Framed::Changed;
    }
  }
  hep::Packet packet;
  packet.clear();
  std::string scratch;
  if (!hep::decode(message, packet, scratch)) return Framed::Not;
  packet.version = 3;
  if (!is_known(packet.time)) packet.time = received;
  out.clear();
  return hep::encode(packet, {}, out) ? Framed::Changed : Framed::Not;
}

}  // namespace siploom::pipeline::relay
