// Where SIP messages begin and end in a stream (RFC 3261 18.3): headers to the empty line, then
// Content-Length octets. CRLF keep-alives (RFC 5626 3.5.1) may stand between. Stateless but for how
// far the search has come.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace siploom::sip {

enum class FrameStep : uint8_t {
  NeedMore,   // what is there is the beginning of a message
  Message,    // `size` octets are one
  KeepAlive,  // `size` octets of CR and LF
  Skip        // `size` octets are not SIP; what follows them may be
};

struct FrameResult {
  FrameStep step = FrameStep::NeedMore;
  size_t size = 0;
};

// Carried from call to call while the same octets stand at the front, so that growing data is not
// searched again.
struct FramerState {
  size_t searched = 0;      // octets known not to end the headers
  size_t message_size = 0;  // known once the headers are whole
};

// A message that claims more than this is not waited for.
constexpr size_t kMaxStreamMessage = 256 * 1024 + 64 * 1024;
constexpr size_t kMaxStreamHeaders = 64 * 1024;

FrameResult frame_stream(ByteSpan stream, FramerState& state);

// What can be told apart in octets whose stream broke off: from the first start line in it to the
// next one or the end. An empty span when there is none. The span lies within `left`.
ByteSpan take_truncated(ByteSpan left);
bool has_whole_headers(ByteSpan message);

}  // namespace siploom::sip
