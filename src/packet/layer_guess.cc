#include "packet/walk.h"

namespace siploom::packet {

bool looks_like_ip(ByteSpan bytes) {
  if (bytes.empty()) return false;
  switch (bytes[0] >> 4) {
    case 4: {
      if (bytes.size() < 20) return false;
      const size_t header = size_t{bytes[0] & 0xFu} * 4, total = load_be16(&bytes[2]);
      return header >= 20 && (total == 0 || total >= header);
    }
    case 6:
      return bytes.size() >= 40;
    default:
      return false;
  }
}

bool looks_like_ethernet(ByteSpan bytes) {
  constexpr int kMaxTags = 4;
  size_t at = 12;
  for (int tags = 0; tags <= kMaxTags; ++tags, at += 4) {
    if (bytes.size() < at + 4) return false;
    const uint16_t type = load_be16(&bytes[at]);
    const ByteSpan inside = bytes.subspan(at + 2);
    switch (type) {
      case kEtherIpv4:
      case kEtherIpv6:
        return looks_like_ip(inside);
      case kEtherArp:
        return inside[0] == 0 && inside[1] == 1;  // hardware type Ethernet
      case kEtherMpls:
      case kEtherMplsMulticast:
      case kEtherPppoeDiscovery:
      case kEtherPppoeSession:
        return true;
      case kEtherVlan:
      case kEtherProviderBridge:
      case kEtherOldQinQ:
        continue;
      default:
        break;
    }
    // LLC: SNAP, or the spanning tree protocol.
    return type < kEtherTypeMin && inside[0] == inside[1] &&
           (inside[0] == 0xAA || inside[0] == 0x42);
  }
  return false;
}

}  // namespace siploom::packet
