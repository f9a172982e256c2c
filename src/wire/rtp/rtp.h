// RTP and RTCP headers by shape (RFC 3550 5.1, 6.4; RFC 5761 4 to tell them apart on one port).
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace siploom::rtp {

struct Header {
  uint32_t ssrc = 0;
  uint32_t timestamp = 0;
  uint16_t sequence = 0;
  uint8_t payload_type = 0;
  bool marker = false;
  uint16_t header_size = 12;  // with CSRCs and extension
  uint16_t padding = 0;
};

// Version 2, a payload type that is not RTCP's (RFC 5761 4), and CSRCs and extension that fit;
// padding that does not (a packet cut off, SRTP) counts as none. Shape only: one in some dozens of
// random datagrams passes, so a stream has to be confirmed by its sequence.
bool parse(ByteSpan datagram, Header& out);
// Version 2, packet type 192..223 (RFC 5761 4: 64..95 without the marker), lengths that add up over
// the compound (the first must be right; a tail cut by the snap length is allowed).
bool looks_like_rtcp(ByteSpan datagram);

}  // namespace siploom::rtp
