// HEP v1, v2, v3 (EEP3) decoder; what senders get wrong is healed and noted as a Quirk. Views into
// the datagram, but for what had to be inflated. Nothing is allocated for ordinary v3 messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wire/hep/packet.h"

namespace siploom::hep {

// Length of the HEP message at the start of a TCP stream: nothing yet (need more), 0 (this is no
// HEP), or its octets.
std::optional<size_t> stream_length(ByteSpan stream);
// Whether a datagram is HEP: magic for v3; for v1 and v2 the header must make sense and SIP must
// follow it.
bool looks_like_hep(ByteSpan datagram);
// Decodes one message; false when nothing useful is in it. A SIP message needs addresses; any other
// type a payload, ids of 0x65 or a keep-alive. Known to be HEP, v1 and v2 may carry other than SIP.
// `scratch` receives what is inflated (a payload is capped at 256 KiB).
bool decode(ByteSpan datagram, Packet& out, std::string& scratch);

// The magic of v3 at the start of `head`.
std::optional<Magic> v3_magic(ByteSpan head);

}  // namespace siploom::hep
