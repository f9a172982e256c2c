// WebSocketSession: the server's side of RFC 6455 after the handshake, without sockets. A binary
// message holds HEP messages, one or more; they are handed on as they come.
#pragma once

#include <array>
#include <string>

#include "intake/hep_framer.h"

namespace siploom::intake {

// RFC 6455 4.2: the key is 16 octets in base64; the answer to it.
bool is_websocket_key(std::string_view key);
std::string websocket_accept(std::string_view key);

class WebSocketSession final {
 public:
  static constexpr uint64_t kMaxMessageBytes = 1u << 20;  // all frames of one message

  // Takes all of `in`, which is unmasked in place. False: the connection ends (RFC 6455 7) after
  // what was added to `out`.
  bool feed(std::span<uint8_t> in, const Handover& to, std::string& out);
  // The peer has closed.
  void finish(const Handover& to);

  bool in_message() const { return in_message_ || head_size_ > 0 || left_ > 0; }
  uint64_t messages() const { return messages_; }
  size_t held_bytes() const { return framer_.held_bytes(); }

 private:
  static constexpr size_t kMaxHead = 14, kMaxControl = 125;
  size_t head_wanted() const;
  bool begin_frame(const Handover& to, std::string& out);
  bool end_frame(const Handover& to, std::string& out);
  void take_payload(std::span<uint8_t> payload, const Handover& to);
  bool fail(uint16_t code, const Handover& to, std::string& out);
  void unmask(std::span<uint8_t> payload);

  std::array<uint8_t, kMaxHead> head_{};
  size_t head_size_ = 0;
  uint64_t left_ = 0;  // payload octets of this frame still to come
  uint64_t message_bytes_ = 0;
  uint64_t messages_ = 0;
  size_t mask_at_ = 0;
  std::array<uint8_t, 4> mask_{};
  uint8_t opcode_ = 0;
  bool final_ = false, in_payload_ = false, in_message_ = false, framing_lost_ = false;
  std::array<uint8_t, kMaxControl> control_{};
  size_t control_size_ = 0;
  HepFramer framer_{HepFramer::Unit::Document};
};

}  // namespace siploom::intake
