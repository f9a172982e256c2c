// Stream: one RTP stream: packets of one SSRC between two endpoints (RFC 3550 3).
#pragma once

#include <cstdint>

#include "base/net.h"
#include "base/time.h"

namespace siploom::model {

struct Stream {
  Endpoint src, dst;
  uint32_t ssrc = 0;
  uint8_t payload_type = 0;  // of the first packet that is not telephone-event
  bool announced = false;    // an SDP named src or dst
  uint64_t packets = 0;      // copies not counted
  uint64_t bytes = 0;        // RTP payload octets
  uint64_t duplicates = 0;   // same sequence number again
  uint64_t copies = 0;       // the same packet seen by a second tap
  Timestamp first, last;
  uint16_t first_sequence = 0;
  uint32_t highest_sequence = 0;  // extended by wraps (RFC 3550 A.1)
  uint64_t expected() const { return uint64_t{highest_sequence} - first_sequence + 1; }
};

}  // namespace siploom::model
