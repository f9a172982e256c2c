// TcpConnection: SIP over TCP, or over WebSocket on it (RFC 7118), as two hosts' stacks would put
// it on the wire.
#pragma once

#include "simulate/output.h"
#include "simulate/text_buffer.h"

namespace siploom::simulate {

class TcpConnection final {
 public:
  bool is_open() const { return open_; }
  // Handshake, and the HTTP upgrade when `websocket`; takes three (five) times `latency`.
  void open(Output& out, const Wire& wire, const Peer& client, const Peer& server, bool websocket,
            uint64_t random, Nanoseconds at, Nanoseconds latency);
  // One or more messages in one go. Segments at the MSS, and at `split_at` (0: nowhere); the
  // receiver acknowledges.
  void send(Output& out, bool from_client, ByteSpan bytes, size_t split_at, Nanoseconds at);
  // What keeps NATs open: CRLF CRLF and CRLF back (RFC 5626 3.5.1), or a WebSocket ping and its
  // pong.
  void keep_alive(Output& out, Nanoseconds at, Nanoseconds latency);
  void close(Output& out, bool by_client, Nanoseconds at, Nanoseconds latency);

 private:
  void segment(Output& out, bool from_client, uint8_t flags, ByteSpan bytes, Nanoseconds at);
  void upgrade(Output& out, Nanoseconds at, Nanoseconds latency);

  Wire wire_;
  Peer ends_[2];               // client, server
  uint32_t sequence_[2] = {};  // next to be sent by each
  Nanoseconds last_ = 0;       // frames of a connection never go back in time
  bool open_ = false;
  bool websocket_ = false;
};

enum class WsOpcode : uint8_t { Continuation = 0, Text = 1, Ping = 9, Pong = 10 };

// A frame of RFC 6455 5.2; clients mask theirs (5.3) with `key`.
void append_ws_frame(TextBuffer& out, WsOpcode opcode, bool final_fragment, bool masked,
                     uint32_t key, std::string_view payload);

}  // namespace siploom::simulate
