// HEP v1, v2, v3 (EEP3) decoder; what senders get wrong is healed and noted. Views into the
// datagram, but for an inflated payload.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/net.h"
#include "base/time.h"

namespace siploom::hep {

// Chunk 0x0b: what the payload is.
constexpr uint8_t kSip = 1, kRtp = 4, kRtcpJson = 5, kLog = 100;

struct Packet {
  uint8_t version = 0;  // 1, 2 or 3
  uint8_t protocol_type = kSip;
  uint8_t ip_protocol = 17;  // as sent; 22 and 50 are fakes for TLS and WS
  Transport transport = Transport::Udp;
  Endpoint src, dst;
  Timestamp time =
      kNoTime;  // kNoTime: the message has none or an impossible one; use the time of receipt
  uint32_t agent_id = 0;
  std::string_view agent_name, correlation_id, auth_key, extra_ids;  // extra_ids: chunk 0x65
  ByteSpan payload;
  bool damaged = false;  // a chunk ran over the end; what came before it stands
  bool swapped_agent_id = false;
  bool inflated = false;  // payload lies in `scratch`
};

// Length of the HEP message at the start of a TCP stream: nothing yet (need more), 0 (this is no
// HEP), or its octets.
std::optional<size_t> stream_length(ByteSpan stream);
// Whether a datagram is HEP: magic for v3; for v1 and v2 the header must make sense and SIP must
// follow it.
bool looks_like_hep(ByteSpan datagram);
// Decodes one message; false when nothing useful is in it. `scratch` receives an inflated payload
// (capped at 256 KiB).
bool decode(ByteSpan datagram, Packet& out, std::string& scratch);

}  // namespace siploom::hep
