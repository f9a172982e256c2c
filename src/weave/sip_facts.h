// SipFacts: what weaving needs to know of one SIP message, read off it once (in parallel), so that
// the tables that follow never look at the message again. Batch lifetime: the texts are slices of
// the message.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/sip/message.h"

namespace siploom::weave {

struct SipFacts {
  std::string_view call_id, branch, from_tag, to_tag;
  std::string_view method;  // of the request line, or of CSeq for a response
  std::string_view reason;  // phrase of a response
  std::string_view request_uri;
  std::string_view from, to;       // header values as they stand
  std::string_view user_agent;     // User-Agent, or Server
  std::string_view reason_header;  // RFC 3326
  std::string_view sdp;            // body, when it is a session description
  uint64_t call_hash = 0;          // of call_id, seeded
  uint64_t identity = 0;  // of the transaction's request or response, whatever hop it is seen on
  uint64_t any_bits = 0;  // message predicates of a call filter that this message satisfies
  uint32_t cseq = 0;
  uint32_t expires_s = 0;                        // of a 2xx to REGISTER or SUBSCRIBE
  uint16_t status = 0;                           // 0: a request
  sip::Method method_id = sip::Method::Unknown;  // as `method`
  bool malformed = false;
  bool has_credentials = false;    // Authorization or Proxy-Authorization
  bool ends_subscription = false;  // NOTIFY with Subscription-State: terminated (RFC 6665 4.1.3)

  bool is_request() const { return status == 0; }
};

// `out` is as it was made: what the message lacks is not touched.
void read_facts(const sip::MessageView& message, SipFacts& out);

// Value of a ";name=value" parameter behind a header's URI or sent-by, without quotes; cheap and
// for well-known names only.
std::string_view quick_parameter(std::string_view value, std::string_view name);

}  // namespace siploom::weave
