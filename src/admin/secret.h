// Secrets that siploom makes up, and SHA-256: what is kept of a secret is its hash alone.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace siploom::admin {

using Sha256 = std::array<uint8_t, 32>;

Sha256 sha256(std::string_view text);
// `octets` of randomness from the system as URL-safe base64 without padding: 32 give 43 letters.
std::string make_secret(size_t octets = 32);
// Takes as long whatever the texts hold; of unequal length is false at once.
bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace siploom::admin
