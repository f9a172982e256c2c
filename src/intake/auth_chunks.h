// The authentication key within a HEP3 message (chunk 0x0e, vendor 0), found and wiped.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace siploom::intake {

struct AuthKey {
  std::string_view key;  // of the last such chunk, which is what decoders believe
  bool present = false;
};

// Of a HEP3 message; any other has none.
AuthKey find_auth_key(ByteSpan message);
// Overwrites the octets of every key with zeros, to the end of the message where its length lies.
void wipe_auth_keys(std::span<uint8_t> message);

}  // namespace siploom::intake
