#include "pipeline/counters.h"

namespace siploom::pipeline {

std::string_view reason_name(size_t reason) {
  if (reason < static_cast<size_t>(packet::Refusal::kCount)) {
    return packet::refusal_name(static_cast<packet::Refusal>(reason));
  }
  switch (static_cast<Reason>(reason)) {
    case Reason::KeepAlive:
      return "keep-alive";
    case Reason::Stun:
      return "stun";
    case Reason::Dtls:
      return "dtls";
    case Reason::Tls:
      return "tls";
    case Reason::Udp:
      return "udp";
    case Reason::Tcp:
      return "tcp";
    case Reason::Sctp:
      return "sctp";
    case Reason::HepPayload:
      return "hep-payload";
    case Reason::HepDamaged:
      return "hep-damaged";
    case Reason::RtpUnconfirmed:
      return "rtp-unconfirmed";
    case Reason::FragmentsIncomplete:
      return "fragments-incomplete";
    case Reason::SipCut:
      return "sip-cut";
    case Reason::kCount:
      break;
  }
  return "other";
}

void Counters::add(const Counters& other) {
  packets += other.packets;
  bytes += other.bytes;
  hep_packets += other.hep_packets;
  rtp_candidates += other.rtp_candidates;
  for (size_t i = 0; i < not_understood.size(); ++i) not_understood[i] += other.not_understood[i];
  if (is_known(other.first)) {
    see(other.first);
    see(other.last);
  }
}

}  // namespace siploom::pipeline
