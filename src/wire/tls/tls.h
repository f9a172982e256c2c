// TLS and DTLS records by shape (RFC 8446 5.1, RFC 9147 4, RFC 7983).
#pragma once

#include "base/bytes.h"

namespace siploom::tls {

inline bool looks_like_tls(ByteSpan bytes) {
  return bytes.size() >= 5 && bytes[0] >= 0x14 && bytes[0] <= 0x17 && bytes[1] == 3 &&
         bytes[2] <= 4 && load_be16(&bytes[3]) <= 0x4800;
}

inline bool looks_like_dtls(ByteSpan bytes) {
  if (bytes.size() < 13 || bytes[0] < 20 || bytes[0] > 63 || bytes[1] != 0xFE) return false;
  return (bytes[2] == 0xFF || bytes[2] == 0xFD || bytes[2] == 0xFC) &&
         load_be16(&bytes[11]) <= bytes.size() - 13;
}

}  // namespace siploom::tls
