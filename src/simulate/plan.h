// Plan: one scenario worked out in advance: who takes part, every message with its time, and the
// media. Texts are rendered from it only when their time has come, so that a call that waits costs
// a few hundred octets.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "simulate/frame.h"
#include "simulate/method.h"
#include "simulate/profile.h"

namespace siploom::simulate {

struct Node {
  Host host;
  Identity identity;
  uint16_t port = 5060;
  uint16_t media_port = 0;
  Host media_host;
  uint8_t profile = 0;
  bool browser = false;  // speaks WebSocket; its Via and Contact name no address (RFC 7118 5)
};

enum class Package : uint8_t { None, Dialog, Presence, MessageSummary, Refer };
constexpr uint8_t kNoLeg = 0xFF;
constexpr size_t kMaxHops = 2;
constexpr size_t kMaxForks = 2;

// What shares a Call-ID. `path` is user agent client, proxy if any, user agent server; nodes are
// numbers into Plan::nodes.
struct Leg {
  std::array<uint8_t, kMaxHops + 1> path{};
  uint8_t nodes = 2;
  uint8_t second_target = 0xFF;  // the server of fork 1
  std::array<Transport, kMaxHops> transport{Transport::Udp, Transport::Udp};
  Identity from, to;
  uint64_t seed = 0;  // Call-ID, tags and branches come from it
  uint32_t next_cseq[2] = {1, 1};
  uint16_t tcp_port = 0;  // where its connections come from
  uint8_t next_transaction = 0;
  uint8_t domain = 0;
  Package package = Package::None;
  uint8_t x_call_id = kNoLeg;    // carries that leg's Call-ID in X-Call-ID
  uint8_t replaces = kNoLeg;     // takes the place of that leg (RFC 3891)
  uint8_t referred_by = kNoLeg;  // came of a REFER on that leg
  bool asserted_identity = false;
  bool session_timer = false;
  bool big = false;            // its INVITE is larger than the MTU
  bool broken_length = false;  // its requests claim more body than they have

  size_t hops() const { return nodes - size_t{1}; }
};

enum class Body : uint8_t {
  None,
  Offer,
  Answer,
  Digit,
  Sipfrag,
  DialogInfo,
  Presence,
  MessageSummary,
  Text
};
enum class Direction : uint8_t { SendRecv, SendOnly, RecvOnly, Inactive };

enum StepFlag : uint16_t {
  kInDialog = 1,     // the To tag is known
  kCredentials = 2,  // Authorization or Proxy-Authorization
  kHopByHop = 4,     // only the sender's Via: CANCEL, and ACK of a failure (RFC 3261 9.1, 17.1.1.3)
  kRetransmission = 8,
  kReliable = 16,     // 100rel (RFC 3262)
  kSecondCodec = 32,  // SDP with the other codec
  kFromProxy = 64,    // a proxy made this response
  kStale = 128,       // credentials were wrong; also: challenge says so
  kExplained = 256,   // has a Reason header, the cause is `argument`
};

enum class StepKind : uint8_t { Message, Connect, Close, KeepAlive, Garbage };

struct Step {
  Nanoseconds at = 0;
  uint32_t cseq = 0;
  uint16_t status = 0;  // 0: a request
  uint16_t flags = 0;
  uint16_t argument = 0;  // what it is depends on the method: seconds, a cause, a digit, a status
  StepKind kind = StepKind::Message;
  Method method = Method::Invite;  // of the transaction
  uint8_t leg = 0;
  uint8_t hop = 0;       // counted from the requester
  bool reverse = false;  // the server of the leg is the requester
  uint8_t fork = 0;
  uint8_t transaction = 0;  // branches come from it
  Body body = Body::None;
  Direction direction = Direction::SendRecv;
  uint8_t sdp_version = 0;
};

// What a party sends during some time.
struct MediaSpan {
  Nanoseconds from = 0, to = 0;
  uint8_t codec = 0;
};
// One RTP stream; the one back is `reverse`.
struct MediaPlan {
  uint8_t src = 0, dst = 0;  // nodes
  uint8_t reverse = 0xFF;    // number of the stream in Plan::media, 0xFF: there is none
  uint8_t relay_of = 0xFF;   // a B2BUA passes that stream's packets on
  uint8_t leg = 0;
  std::vector<MediaSpan> spans;
  std::vector<std::pair<Nanoseconds, uint8_t>> digits;  // telephone-events (RFC 4733): when, which
};

struct Plan {
  std::string_view scenario;
  uint64_t seed = 0;
  std::vector<Node> nodes;
  std::vector<Leg> legs;
  std::vector<Step> steps;
  std::vector<MediaPlan> media;
  std::vector<uint8_t> codecs;  // offered, in order; the first is used, the second after a change
  Wire wire;
  unsigned ptime_ms = 20;
  Nanoseconds begin_seen = INT64_MIN;  // what is before it was not captured

  // Node `position` hops from the requester of a transaction.
  uint8_t node_at(const Leg& leg, bool reverse, size_t position, uint8_t fork) const {
    const size_t at = reverse ? leg.nodes - 1 - position : position;
    const bool forked = fork == 1 && at + 1 == leg.nodes && leg.second_target != 0xFF;
    return forked ? leg.second_target : leg.path[at];
  }
  // Number of a hop counted from the client of the leg.
  static size_t physical_hop(const Leg& leg, bool reverse, size_t hop) {
    return reverse ? leg.hops() - 1 - hop : hop;
  }
  void clear() {
    nodes.clear();
    legs.clear();
    steps.clear();
    media.clear();
    codecs.clear();
    wire = {};
    begin_seen = INT64_MIN;
  }
};

}  // namespace siploom::simulate
