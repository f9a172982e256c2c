#include "intake/auth_chunks.h"

#include <algorithm>

namespace siploom::intake {

namespace {

constexpr size_t kMessageHead = 6, kChunkHead = 6;
constexpr uint32_t kAuthKey = 0x0000000e;  // vendor 0, type 0x0e

// Calls `found(offset, size)` for the value of each key.
template <class Found>
void each_auth_key(ByteSpan message, Found&& found) {
  if (message.size() < kMessageHead || (message[0] != 'H' && message[0] != 'E')) return;
  for (size_t at = kMessageHead; message.size() - at >= kChunkHead;) {
    const size_t length = load_be16(&message[at + 4]);
    const bool damaged = length < kChunkHead || length > message.size() - at;
    if (load_be32(&message[at]) == kAuthKey) {
      const size_t value = at + kChunkHead;
      found(value, (damaged ? message.size() : at + length) - value);
    }
    if (damaged) return;
    at += length;
  }
}

}  // namespace

AuthKey find_auth_key(ByteSpan message) {
  AuthKey out;
  each_auth_key(message, [&](size_t offset, size_t size) {
    out.key = as_text(message.subspan(offset, size));
    out.present = true;
  });
  return out;
}

void wipe_auth_keys(std::span<uint8_t> message) {
  each_auth_key(message, [&](size_t offset, size_t size) {
    const auto value = message.subspan(offset, size);
    std::fill(value.begin(), value.end(), uint8_t{0});
  });
}

}  // namespace siploom::intake
