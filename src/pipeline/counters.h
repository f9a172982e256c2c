// Counters of what came in, kept per chunk and added up in order.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "packet/datagram.h"

namespace siploom::pipeline {

// Why a packet is not among the SIP, RTP, RTCP or HEP ones; behind packet::Refusal's values. Names
// are keys of `not_understood` in `siploom stats --json`.
enum class Reason : uint8_t {
  KeepAlive = static_cast<uint8_t>(packet::Refusal::kCount),
  Stun,
  Dtls,
  Tls,
  Udp,
  Tcp,
  Sctp,
  HepPayload,
  HepDamaged,
  RtpUnconfirmed,
  FragmentsIncomplete,
  SipCut,
  kCount
};
std::string_view reason_name(size_t reason);

struct Counters {
  uint64_t packets = 0, bytes = 0, hep_packets = 0, rtp_candidates = 0;
  std::array<uint64_t, static_cast<size_t>(Reason::kCount)> not_understood{};
  Timestamp first = kNoTime, last = kNoTime;

  void count(Reason reason, uint64_t n = 1) { not_understood[static_cast<size_t>(reason)] += n; }
  void count(packet::Refusal refusal) { ++not_understood[static_cast<size_t>(refusal)]; }
  void see(Timestamp t) {
    if (!is_known(first) || t < first) first = t;
    if (!is_known(last) || t > last) last = t;
  }
  void add(const Counters& other);
};

}  // namespace siploom::pipeline
