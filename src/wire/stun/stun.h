// STUN by shape (RFC 8489 5; RFC 3489 11.1 without the cookie).
#pragma once

#include "base/bytes.h"

namespace siploom::stun {

constexpr uint32_t kMagicCookie = 0x2112A442;

inline bool looks_like_stun(ByteSpan bytes) {
  if (bytes.size() < 20 || bytes[0] >= 0x40) return false;
  const size_t length = load_be16(&bytes[2]);
  if (length % 4 != 0) return false;
  // With the cookie a packet may be cut by the snap length; without it everything has to fit.
  if (load_be32(&bytes[4]) == kMagicCookie) return true;
  const uint16_t type = load_be16(&bytes[0]);
  const bool known = type == 0x0001 || type == 0x0101 || type == 0x0111 || type == 0x0002 ||
                     type == 0x0102 || type == 0x0112;
  return known && length + 20 == bytes.size();
}

}  // namespace siploom::stun
