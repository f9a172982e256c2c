// Message: one SIP message as a row that owns its bytes, for what is shown one call at a time
// (ladders, texts, exports).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/net.h"
#include "base/time.h"

namespace siploom::model {

// One m= line with its c=, as the ladder prints it.
struct SdpSummary {
  std::string media;                // audio, video, image ...
  std::string address;              // host:port
  std::string direction;            // sendrecv, sendonly, recvonly, inactive
  std::vector<std::string> codecs;  // names in order of preference
};

struct Message {
  Timestamp time;
  uint64_t frame = 0;
  Endpoint src, dst;
  Transport transport = Transport::Udp;
  std::string method;       // of the request, or of CSeq for a response
  uint16_t status = 0;      // 0: a request
  std::string reason;       // phrase of a response
  std::string request_uri;  // of a request
  std::string call_id, branch, from_tag, to_tag;
  uint32_t cseq = 0;
  std::string cseq_method;
  bool retransmission = false;
  uint32_t copies = 0;  // seen again elsewhere
  std::vector<SdpSummary> sdp;
  std::string content_type;
  std::vector<std::string> defects;  // what is malformed, with the clause
  std::string raw;                   // byte for byte
};

}  // namespace siploom::model
