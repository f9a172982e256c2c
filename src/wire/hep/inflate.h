// Inflates what HEP senders compress: gzip, zlib or raw deflate, told apart by the first octets.
// Bombs are cut off.
#pragma once

#include <string>

#include "base/bytes.h"

namespace siploom::hep {

constexpr size_t kMaxInflatedBytes = 256 * 1024;
constexpr size_t kMaxInflateRatio = 200;

bool inflate(ByteSpan compressed, std::string& out);

}  // namespace siploom::hep
