// Call: one row of the call list, and its Legs. Texts are views of shard lifetime (the weaver's
// arena and interner); a row is valid while the weaver that made it lives. Times are packet times;
// kNoTime where an event was not seen.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/net.h"
#include "base/time.h"

namespace siploom::model {

// What the dialog or stand-alone transaction was begun for (by its first request's method, or
// CSeq's).
enum class CallKind : uint8_t {
  Call,
  Registration,
  Subscription,
  Message,
  Options,
  Publish,
  Other
};
// What became of it. Calling: INVITE seen, nothing but 100 back. Partial: its beginning was not
// captured.
enum class CallState : uint8_t {
  Calling,
  Ringing,
  InCall,
  Completed,
  Cancelled,
  Busy,
  Rejected,
  Redirected,
  AuthFailed,
  NoResponse,
  Failed,
  Partial
};
enum class HangupBy : uint8_t { Nobody, Caller, Callee };

std::string_view kind_name(CallKind kind);     // "call", "registration", ...
std::string_view state_name(CallState state);  // "calling", "in-call", "auth-failed", ...
std::string_view hangup_name(HangupBy by);     // "caller", "callee", "" for nobody
bool parse_kind(std::string_view name, CallKind& out);
bool parse_state(std::string_view name, CallState& out);

struct Party {
  std::string_view display, user, host;
};

// One early or confirmed dialog of a leg (RFC 3261 12): told apart by the To tag. Forking gives
// several.
struct Fork {
  std::string_view to_tag;
  Endpoint answered_by;  // where its responses came from
  uint16_t status = 0;   // its last INVITE response
};

// A leg is what shares a Call-ID.
struct Leg {
  std::string_view call_id;
  std::string_view from_tag;
  std::vector<Fork> forks;
};

// Where a party of the call said it would receive media (SDP c= and m=).
struct MediaEndpoint {
  Endpoint where;
  Timestamp since;
  bool from_caller = false;  // announced by the side that sent the first request
};

struct Call {
  CallKind kind = CallKind::Other;
  CallState state = CallState::Calling;
  HangupBy hangup_by = HangupBy::Nobody;
  Transport transport = Transport::Udp;
  uint16_t status = 0;         // last final response to the first method; else the last provisional
  uint16_t cause = 0;          // Reason header (RFC 3326) of BYE, CANCEL or the final response
  bool begins_before = false;  // the capture does not hold the first request
  std::string_view cause_protocol;  // "Q.850" or "SIP"
  std::string_view cause_text;
  std::string_view method;  // of the first request
  std::string_view reason;  // phrase that came with status
  std::string_view request_uri;
  Party from, to;
  Endpoint src, dst;  // of the first request (a response seen first is turned round)

  Timestamp start = kNoTime;      // first message
  Timestamp invite = kNoTime;     // first request of `method`
  Timestamp trying = kNoTime;     // first 100
  Timestamp ringing = kNoTime;    // first 180 or 183
  Timestamp progress = kNoTime;   // first 1xx other than 100, or the first 2xx: ends the PDD
  Timestamp answer = kNoTime;     // first 2xx to INVITE
  Timestamp confirmed = kNoTime;  // ACK of the answer
  Timestamp cancel = kNoTime;
  Timestamp bye = kNoTime;
  Timestamp final_response = kNoTime;
  Timestamp last = kNoTime;  // last message
  Timestamp end = kNoTime;   // BYE, or the final response of what was not answered

  uint32_t messages = 0;  // copies not counted, retransmissions counted
  uint32_t retransmissions = 0;
  uint32_t copies = 0;     // seen again by a second tap or interface
  uint32_t malformed = 0;  // messages with a defect
  uint64_t first_frame = 0, last_frame = 0;  // of its messages; what is kept: record numbers
  uint32_t expires_s = 0;  // registrations and subscriptions: granted
  uint64_t any_matches =
      0;  // one bit a message predicate that some message satisfied (query `any(...)`)

  std::vector<Leg> legs;                      // one until legs are joined
  std::vector<std::string_view> user_agents;  // User-Agent and Server values, first seen first
  std::vector<std::string_view> offered;      // codecs of the first offer
  std::vector<std::string_view>
      codecs;  // codecs of the last answer; of the offer when none was seen
  std::vector<MediaEndpoint> media;
  std::vector<std::string_view> nodes;            // agents that saw it, the first first
  std::vector<std::string_view> correlation_ids;  // that agents gave its messages (HEP chunk 0x11)
};

// Derived times; kNoDuration where one of the two ends is not known.
constexpr Nanoseconds kNoDuration = INT64_MIN;
Nanoseconds pdd(const Call& call);  // INVITE to first non-100 answer of any kind short of failure
                                    // (RFC 6076 4.3)
Nanoseconds setup_time(const Call& call);  // INVITE to 2xx
Nanoseconds ring_time(const Call& call);   // 180 to 2xx, or to the end when nobody answered
Nanoseconds talk_time(const Call& call);   // 2xx to the end (RFC 6076 4.5); unknown while open
Nanoseconds time_in_call(const Call& call);  // the same; while open to the last message
Nanoseconds since_start(const Call& call, Timestamp t);

inline std::string_view call_id(const Call& call) {
  return call.legs.empty() ? std::string_view{} : call.legs.front().call_id;
}

}  // namespace siploom::model
