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

// The numbers stand in files (store/entry.h): new kinds come last.
enum class RecordKind : uint8_t {
  Other,
  Sip,
  Rtp,
  Rtcp,        // binary
  RtcpReport,  // as JSON, from an agent
  RtpReport,   // what an agent measured of RTP
  VqReport,    // RFC 6035
  Log,
  Transport,  // a connection opened, failed, closed
  Rest,
  Command,      // of a management interface
  Correlation,  // ties ids to one another and says nothing else
  Ng,           // rtpengine's control protocol
  Dns,
  Isup,
  Diameter,
  Map,
  Verto,
  Cdr,
  Sdp,
  Webrtc,
  Rtsp,
  Xmpp,
  Mgcp,
  Megaco,
  kCount
};
std::string_view record_kind_name(RecordKind kind);  // "sip", "rtcp-report", ...
bool parse_record_kind(std::string_view name, RecordKind& out);

// What the agent that sent it told beside the message; of what was captured here there is none.
struct AgentFacts {
  Timestamp received = kNoTime;
  IpAddress sender;
  std::string_view node;    // its name, or its number as text
  uint32_t agent_id = 0;    // HEP chunk 0x0c
  uint32_t quirks = 0;      // what had to be healed, a bit each (wire/hep)
  uint8_t hep_type = 0;     // protocol type: chunk 0x0b, as it was sent
  std::string_view chunks;  // JSON of what has no place of its own
};

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
  std::string_view extra_ids;        // "space:value" of other kinds of record, a line each
  const AgentFacts* agent = nullptr;
  ByteSpan payload;
};

}  // namespace siploom::model
