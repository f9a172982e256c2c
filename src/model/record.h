// Record: whatever siploom sees, when, where and between whom. Batch lifetime: payload and texts
// live as long as the batch.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/net.h"
#include "base/time.h"

namespace siploom::model {

enum class RecordKind : uint8_t { Sip, Rtp, Rtcp, RtcpReport, Log, Event, Other };

struct Record {
  Timestamp time;  // when the capture point saw it (for HEP: what the agent says)
  Endpoint src, dst;
  Transport transport = Transport::Udp;
  RecordKind kind = RecordKind::Sip;
  uint32_t copy_key =
      0;  // IPv4 identification (0: none): tells copies of one packet from retransmissions
  uint64_t frame = 0;  // number of the frame that completed it, from 1, in the order of reading
  uint32_t part = 0;   // several records may end in one frame: 0, 1, 2 ...
  std::span<const uint64_t> frames;  // all frames that carried it when they are several, ascending
  std::string_view correlation_id;   // from HEP chunk 0x11, empty otherwise
  ByteSpan payload;
};

}  // namespace siploom::model
