// A bare stream (TCP, TLS) tells messages apart by HEP v3's own length. What came as a datagram may
// be of another kind: v1, v2, wholly in gzip, or with a length that is not its own.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/time.h"

namespace siploom::pipeline::relay {

constexpr size_t kMessageHead = 6;  // octets of HEP3 before the first chunk

enum class Framed : uint8_t {
  AsItWas,  // `out` is untouched
  Changed,  // `out` has the same as HEP v3
  Not,      // nothing useful is in it, or it is too large
};

// `received`: the time of a message that has none (v1).
Framed frame_for_stream(ByteSpan message, Timestamp received, std::string& out);

}  // namespace siploom::pipeline::relay
