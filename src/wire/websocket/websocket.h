// WebSocket framing (RFC 6455 5) as SIP uses it (RFC 7118): frames found in a TCP stream, masked or
// not, fragmented or not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace siploom::websocket {

enum class Step : uint8_t { NeedMore, Message, Control, Bad };

// Assembles the messages of one direction of a connection.
class Reader final {
 public:
  static constexpr size_t kMaxMessageBytes = 256 * 1024;
  // Looks at the front of `stream`; `used` tells how many octets to take off it. Message: message()
  // is whole, unmasked, and stands until the next call. Control: a ping, pong or close was passed
  // over, or a frame that did not end a message.
  Step next(ByteSpan stream, size_t& used);
  ByteSpan message() const { return as_bytes(message_); }
  bool is_text() const { return text_; }

 private:
  std::string message_;
  bool in_message_ = false;
  bool done_ = false;
  bool text_ = false;
};

// "GET ... Upgrade: websocket" or "HTTP/1.1 101": octets of the whole HTTP head, 0 when it is not
// one, or nothing yet. Returned as a size with npos for "need more".
constexpr size_t kNeedMore = static_cast<size_t>(-1);
size_t upgrade_head_length(ByteSpan stream);
// Whether octets in mid stream can be a WebSocket frame whose payload begins like SIP (a start
// line, or CRLF keep-alive).
bool looks_like_sip_frame(ByteSpan stream);

}  // namespace siploom::websocket
