// HEP v1, v2 and v3 encoder: decode(encode(x)) is x. A relay loses nothing: chunks that nobody here
// understands are written as they came.
#pragma once

#include <string>

#include "base/result.h"
#include "wire/hep/packet.h"

namespace siploom::hep {

constexpr size_t kMaxMessageBytes = 65'535;  // the total length is 16 bits

enum class Compression : uint8_t { None, Zlib, Gzip };

struct EncodeOptions {
  // Of the payload, as 0x10 (v3). A packet whose decoding failed to inflate is written as 0x10
  // anyway.
  Compression compression = Compression::None;
};

// Appends `packet` in its version; v1 and v2 hold addresses, ports, payload (v2: time, agent id).
// InvalidArgument: what the version cannot say; LimitExceeded: over 65535 octets. Nothing is
// appended then.
Result<void> encode(const Packet& packet, const EncodeOptions& options, std::string& out);

// What `bytes` are, compressed; for whole messages, as heplify sends them, too.
std::string compress(ByteSpan bytes, Compression how);

}  // namespace siploom::hep
