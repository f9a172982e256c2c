#include "simulate/tcp_connection.h"

#include <algorithm>

namespace siploom::simulate {

namespace {

constexpr Nanoseconds kSegmentGap = 13 * kMicrosecond;
constexpr Nanoseconds kAckDelay = 90 * kMicrosecond;

}  // namespace

void append_ws_frame(TextBuffer& out, WsOpcode opcode, bool final_fragment, bool masked,
                     uint32_t key, std::string_view payload) {
  out << static_cast<char>((final_fragment ? 0x80u : 0u) | static_cast<unsigned>(opcode));
  const char mask_bit = static_cast<char>(masked ? 0x80 : 0);
  const size_t size = payload.size();
  if (size < 126) {
    out << static_cast<char>(mask_bit | static_cast<char>(size));
  } else {
    out << static_cast<char>(mask_bit | 126) << static_cast<char>(size >> 8)
        << static_cast<char>(size);
  }
  if (!masked) {
    out << payload;
    return;
  }
  char mask[4];
  std::memcpy(mask, &key, sizeof mask);
  out << std::string_view(mask, sizeof mask);
  const size_t begin = out.size();
  out << payload;
  char* const bytes = out.data() + begin;
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ mask[i & 3]);
}

void TcpConnection::segment(Output& out, bool from_client, uint8_t flags, ByteSpan bytes,
                            Nanoseconds at) {
  last_ = at = std::max(at, last_);
  const size_t me = from_client ? 0 : 1;
  TcpFields fields;
  fields.sequence = sequence_[me];
  fields.acknowledgment = (flags & kTcpAck) != 0 ? sequence_[1 - me] : 0;
  fields.flags = flags;
  out.tcp(wire_, ends_[me], ends_[1 - me], fields, bytes, at);
  sequence_[me] += static_cast<uint32_t>(bytes.size());
  // SYN and FIN take a number each (RFC 9293 3.4).
  if ((flags & (kTcpSyn | kTcpFin)) != 0) ++sequence_[me];
}

void TcpConnection::open(Output& out, const Wire& wire, const Peer& client, const Peer& server,
                         bool websocket, uint64_t random, Nanoseconds at, Nanoseconds latency) {
  wire_ = wire;
  ends_[0] = client;
  ends_[1] = server;
  sequence_[0] = static_cast<uint32_t>(random);
  sequence_[1] = static_cast<uint32_t>(random >> 32);
  websocket_ = websocket;
  open_ = true;
  last_ = at;
  segment(out, true, kTcpSyn, {}, at);
  segment(out, false, kTcpSyn | kTcpAck, {}, at + latency);
  segment(out, true, kTcpAck, {}, at + 2 * latency);
  if (websocket) upgrade(out, at + 2 * latency + kSegmentGap, latency);
}

void TcpConnection::upgrade(Output& out, Nanoseconds at, Nanoseconds latency) {
  TextBuffer text;
  text << "GET /sip HTTP/1.1\r\nHost: ";
  append_address(text, ends_[1].host, wire_.v6, true);
  // Key and Accept are the pair of RFC 6455 1.3.
  text << ':' << ends_[1].port
       << "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://phone.example.com\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
          "Sec-WebSocket-Protocol: sip\r\nUser-Agent: Mozilla/5.0\r\n\r\n";
  send(out, true, text.bytes(), 0, at);
  text.clear();
  text << "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: "
          "sip\r\n\r\n";
  send(out, false, text.bytes(), 0, at + latency);
}

void TcpConnection::send(Output& out, bool from_client, ByteSpan bytes, size_t split_at,
                         Nanoseconds at) {
  const size_t most = kMtu - (wire_.v6 ? 60 : 40);
  while (!bytes.empty()) {
    size_t size = std::min(bytes.size(), most);
    if (split_at > 0 && split_at < size) size = split_at;
    split_at = 0;
    const uint8_t flags = size == bytes.size() ? kTcpPush | kTcpAck : kTcpAck;
    segment(out, from_client, flags, bytes.first(size), at);
    bytes = bytes.subspan(size);
    at += kSegmentGap;
  }
  segment(out, !from_client, kTcpAck, {}, at + kAckDelay);
}

void TcpConnection::keep_alive(Output& out, Nanoseconds at, Nanoseconds latency) {
  if (!websocket_) {
    send(out, true, as_bytes("\r\n\r\n"), 0, at);
    return send(out, false, as_bytes("\r\n"), 0, at + latency);
  }
  TextBuffer frame;
  append_ws_frame(frame, WsOpcode::Ping, true, true, sequence_[0] | 1, {});
  send(out, true, frame.bytes(), 0, at);
  frame.clear();
  append_ws_frame(frame, WsOpcode::Pong, true, false, 0, {});
  send(out, false, frame.bytes(), 0, at + latency);
}

void TcpConnection::close(Output& out, bool by_client, Nanoseconds at, Nanoseconds latency) {
  if (!open_) return;
  segment(out, by_client, kTcpFin | kTcpAck, {}, at);
  segment(out, !by_client, kTcpFin | kTcpAck, {}, at + latency);
  segment(out, by_client, kTcpAck, {}, at + latency + kAckDelay);
  open_ = false;
}

}  // namespace siploom::simulate
