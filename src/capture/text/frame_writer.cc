#include "capture/text/frame_writer.h"

#include <algorithm>

#include "base/hash.h"

namespace siploom::capture::dump {
namespace {

constexpr uint8_t kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16;
constexpr uint8_t kUdp = 17, kTcp = 6;
constexpr size_t kUdpHeader = 8, kTcpHeader = 20, kIpv4Header = 20;
constexpr size_t kMaxDatagram = 65'535 - kIpv4Header - kUdpHeader;
constexpr size_t kMaxSegment = 60'000;
// Far enough for no reassembler to take the new connection's octets for the old one's.
constexpr uint32_t kNextConnection = 1u << 28;

void put16(std::vector<uint8_t>& to, size_t value) {
  to.push_back(static_cast<uint8_t>(value >> 8));
  to.push_back(static_cast<uint8_t>(value));
}
void put32(std::vector<uint8_t>& to, uint32_t value) {
  put16(to, value >> 16);
  put16(to, value & 0xFFFF);
}
void set16(std::vector<uint8_t>& in, size_t at, uint16_t value) {
  in[at] = static_cast<uint8_t>(value >> 8);
  in[at + 1] = static_cast<uint8_t>(value);
}

// RFC 1071: the sum of 16-bit words, not yet folded.
uint64_t sum_words(ByteSpan bytes) {
  uint64_t sum = 0;
  size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) sum += load_be16(&bytes[i]);
  if (i < bytes.size()) sum += uint64_t{bytes[i]} << 8;
  return sum;
}

uint16_t fold(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

// The IP header for `size` octets behind it; gives the sum of the pseudo header (RFC 9293 3.1, RFC
// 8200 8.1).
uint64_t put_ip(std::vector<uint8_t>& to, const Ends& ends, uint8_t protocol, size_t size,
                uint16_t id) {
  const ByteSpan src(ends.src.address.octets), dst(ends.dst.address.octets);
  if (!ends.src.address.is_v4() || !ends.dst.address.is_v4()) {
    // One side may still be IPv4: then it stands there as ::ffff:a.b.c.d.
    put32(to, 0x60000000);
    put16(to, size);
    to.push_back(protocol);
    to.push_back(64);
    to.insert(to.end(), src.begin(), src.end());
    to.insert(to.end(), dst.begin(), dst.end());
    return sum_words(src) + sum_words(dst) + protocol + size;
  }
  const size_t at = to.size();
  put16(to, 0x4500);
  put16(to, kIpv4Header + size);
  put32(to, uint32_t{id} << 16 | 0x4000);  // may not be fragmented
  to.push_back(64);
  to.push_back(protocol);
  put16(to, 0);
  to.insert(to.end(), src.begin() + 12, src.end());
  to.insert(to.end(), dst.begin() + 12, dst.end());
  set16(to, at + 10, fold(sum_words(ByteSpan(to).subspan(at))));
  return sum_words(src.subspan(12)) + sum_words(dst.subspan(12)) + protocol + size;
}

uint32_t distance(uint32_t a, uint32_t b) { return std::min(a - b, b - a); }

}  // namespace

void FrameWriter::write_octets(Timestamp time, const TextPacket& packet, FrameBuffer& out) {
  const ByteSpan octets = as_bytes(packet.octets);
  if (packet.is_cut) ++cut_;
  out.entries.push_back(
      {time, out.bytes.size(), octets.size(), packet.link.value_or(LinkType::Raw)});
  out.bytes.insert(out.bytes.end(), octets.begin(), octets.end());
}

void FrameWriter::write_datagram(Timestamp time, const Ends& ends, std::string_view payload,
                                 FrameBuffer& out) {
  if (payload.size() > kMaxDatagram) {
    payload = payload.substr(0, kMaxDatagram);
    ++cut_;
  }
  std::vector<uint8_t>& to = out.bytes;
  const size_t at = to.size(), size = kUdpHeader + payload.size();
  const uint64_t pseudo = put_ip(to, ends, kUdp, size, next_id());
  const size_t udp = to.size();
  put16(to, ends.src.port);
  put16(to, ends.dst.port);
  put16(to, size);
  put16(to, 0);
  const ByteSpan octets = as_bytes(payload);
  to.insert(to.end(), octets.begin(), octets.end());
  const uint16_t sum = fold(pseudo + sum_words(ByteSpan(to).subspan(udp)));
  set16(to, udp + 6, sum == 0 ? uint16_t{0xFFFF} : sum);  // RFC 768: zero means none
  out.entries.push_back({time, at, to.size() - at, LinkType::Raw});
}

uint64_t FrameWriter::hash(const StreamKey& key) {
  const uint64_t ports = uint64_t{key.src.port} << 16 | key.dst.port;
  return mix(mix(hash_bytes(key.src.address.octets), ports), hash_bytes(key.dst.address.octets));
}

uint32_t FrameWriter::acknowledged(const Ends& ends, bool& known) {
  const StreamKey back{ends.dst, ends.src};
  const Stream* other = streams_.find(hash(back), back);
  known = other != nullptr && other->started;
  return known ? other->next : 0;
}

FrameWriter::Stream& FrameWriter::stream(const Ends& ends) {
  if (streams_.size() >= kMaxStreams) streams_.clear();
  const StreamKey key{ends.src, ends.dst};
  return *streams_.insert(hash(key), key).first;
}

void FrameWriter::write_segment(Timestamp time, const Ends& ends, uint32_t sequence, uint8_t flags,
                                std::string_view payload, FrameBuffer& out) {
  bool has_ack = false;
  const uint32_t ack = acknowledged(ends, has_ack);
  if (has_ack) flags |= kAck;
  std::vector<uint8_t>& to = out.bytes;
  const size_t at = to.size();
  const uint64_t pseudo = put_ip(to, ends, kTcp, kTcpHeader + payload.size(), next_id());
  const size_t tcp = to.size();
  put16(to, ends.src.port);
  put16(to, ends.dst.port);
  put32(to, sequence);
  put32(to, ack);
  to.push_back(0x50);
  to.push_back(flags);
  put16(to, 0xFFFF);
  put32(to, 0);
  const ByteSpan octets = as_bytes(payload);
  to.insert(to.end(), octets.begin(), octets.end());
  set16(to, tcp + 16, fold(pseudo + sum_words(ByteSpan(to).subspan(tcp))));
  out.entries.push_back({time, at, to.size() - at, LinkType::Raw});
}

// tcpdump gives the first number of a connection as it is and the others relative to it, or with -S
// all as they are: whichever comes nearer to what is due is meant.
uint32_t FrameWriter::place(Stream& state, uint32_t told, bool is_syn) {
  if (!state.has_base || (is_syn && told != state.base)) {
    // A new connection on the same ports must not look like more of the old one.
    if (state.has_base) state.next += kNextConnection;
    state.base = told;
    state.origin = state.next;
    state.has_base = true;
  }
  if (told == state.base && is_syn) return state.origin;
  const uint32_t due = state.next - state.origin;
  const uint32_t counted = told - state.base;
  return state.origin + (distance(counted, due) <= distance(told, due) ? counted : told);
}

void FrameWriter::note_message(Stream& state, std::string_view payload, const Glimpse& message) {
  if (!message.is_sip) {
    state.body_missing -= std::min(state.body_missing, payload.size());
    return;
  }
  const size_t body = payload.size() - message.header_bytes;
  const size_t length = message.content_length.value_or(0);
  const bool has_headers = message.header_bytes > 0;
  state.body_missing = has_headers && length > body ? length - body : 0;
  state.at_odds = has_headers && body > length;
}

void FrameWriter::write_stream(Timestamp time, const Ends& ends, const TextPacket& packet,
                               const Glimpse& message, FrameBuffer& out) {
  Stream& state = stream(ends);
  std::string_view payload = packet.octets;
  uint8_t flags = payload.empty() ? 0 : kPsh;
  uint32_t sequence = state.next;
  const bool is_numbered = packet.segment && packet.segment->has_sequence;
  if (packet.segment)
    flags = packet.segment->flags & static_cast<uint8_t>(kFin | kSyn | kRst | kPsh);
  if (is_numbered) {
    sequence = place(state, packet.segment->sequence, (flags & kSyn) != 0);
  } else if (state.started && message.is_sip && (state.body_missing > 0 || state.at_odds)) {
    write_segment(time, ends, state.next, kFin, {}, out);
    state.next += kNextConnection;
    write_segment(time, ends, state.next, kSyn, {}, out);
    sequence = ++state.next;
  }
  state.started = true;
  if (!is_numbered) note_message(state, payload, message);
  const uint32_t control = (flags & kSyn) != 0 || (flags & kFin) != 0 ? 1 : 0;
  do {
    const std::string_view piece = payload.substr(0, kMaxSegment);
    payload.remove_prefix(piece.size());
    write_segment(time, ends, sequence, flags, piece, out);
    sequence += static_cast<uint32_t>(piece.size());
  } while (!payload.empty());
  const uint32_t end = sequence + control;
  if (end - state.next < 0x8000'0000u) state.next = end;
}

void FrameWriter::write(Timestamp time, const Ends& ends, const TextPacket& packet,
                        const Glimpse& message, FrameBuffer& out) {
  switch (packet.transport) {
    case Transport::Tcp:
    case Transport::Tls:
    case Transport::Ws:
    case Transport::Wss:
      write_stream(time, ends, packet, message, out);
      break;
    default:
      write_datagram(time, ends, packet.octets, out);
      break;
  }
}

}  // namespace siploom::capture::dump
