#include "capture/text/datagram_joiner.h"

#include <utility>

#include "base/text.h"
#include "capture/text/message_assembler.h"

namespace siploom::capture::dump {

std::string restore_message(std::string_view text, size_t declared_bytes) {
  MessageAssembler message(declared_bytes);
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    message.add(line);
    std::string_view ahead = text;
    if (message.complete(take_line(ahead))) break;
  }
  return message.empty() ? std::string() : message.take();
}

void DatagramJoiner::begin(TextPacket packet, size_t declared_bytes, bool lost_ends,
                           PacketSink& sink) {
  flush(sink);
  held_ = std::move(packet);
  declared_bytes_ = declared_bytes;
  lost_ends_ = lost_ends;
}

bool DatagramJoiner::more(const Party& src, const Party& dst, std::string_view octets) {
  if (!held_ || held_->src.host != src.host || held_->dst.host != dst.host) return false;
  if (held_->octets.size() + octets.size() > MessageAssembler::kMaxBytes) return false;
  held_->octets += octets;
  // The length of a fragment is not that of the datagram.
  declared_bytes_ = 0;
  return true;
}

void DatagramJoiner::flush(PacketSink& sink) {
  if (!held_) return;
  TextPacket packet = std::move(*held_);
  held_.reset();
  if (lost_ends_) packet.octets = restore_message(packet.octets, declared_bytes_);
  if (!packet.octets.empty()) sink.take(std::move(packet));
}

}  // namespace siploom::capture::dump
