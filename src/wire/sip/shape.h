// Whether octets begin like a SIP message: the question put to every datagram, on any port.
#pragma once

#include "base/bytes.h"

namespace siploom::sip {

inline constexpr size_t kMaxStartLine = 8192;

// A status line, or a request line whose end says SIP/d.d; blank lines may stand before it (RFC
// 3261 7.5). A line that the capture has cut off counts when method and scheme are known ones.
// Octets that are no text are refused at once.
bool looks_like_sip(ByteSpan bytes);

}  // namespace siploom::sip
