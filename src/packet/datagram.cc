#include "packet/datagram.h"

namespace siploom::packet {

std::string_view refusal_name(Refusal refusal) {
  switch (refusal) {
    case Refusal::None:
      return "none";
    case Refusal::UnknownLink:
      return "unknown-link";
    case Refusal::Truncated:
      return "truncated";
    case Refusal::BadHeader:
      return "bad-header";
    case Refusal::NotIp:
      return "not-ip";
    case Refusal::Arp:
      return "arp";
    case Refusal::Fragment:
      return "fragment";
    case Refusal::OtherProtocol:
      return "other-protocol";
    case Refusal::Icmp:
      return "icmp";
    case Refusal::TooDeep:
      return "too-deep";
    case Refusal::kCount:
      break;
  }
  return "other";
}

}  // namespace siploom::packet
