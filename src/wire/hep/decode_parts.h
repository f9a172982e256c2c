// Parts of the HEP decoder that its versions share; of use within this folder only.
#pragma once

#include "wire/hep/packet.h"

namespace siploom::hep {

constexpr size_t kV3Header = 6;

inline bool is_v6_family(uint8_t family) { return family == 10 || family == 28 || family == 30; }

// Seconds and microseconds as Unix time; NTP's epoch and long microseconds are healed, what cannot
// be is kNoTime. All zero is no time and no quirk.
Timestamp make_time(uint64_t seconds, uint64_t microseconds, Quirks& quirks);

void take_ip_protocol(uint8_t value, Packet& out);
// What an IPv6 field says: quirks of those that are cut or hold IPv4.
void note_v6(const IpAddress& address, Quirks& quirks);
ByteSpan trim_nuls(ByteSpan bytes, Quirks& quirks);

// Chunk 0x11 of the draft of 2013, rather than a correlation id.
inline bool is_old_ss7_type(ByteSpan value) {
  const auto printable = [](uint8_t c) { return c >= 0x21 && c < 0x7F; };
  return value.size() == 2 && !(printable(value[0]) && printable(value[1]));
}

// v1 and v2. `strict`: SIP must follow the header.
bool is_v12(ByteSpan bytes, bool strict);
bool decode_v12(ByteSpan bytes, Packet& out);

// v3; `compressed` is the value of 0x10. False: no magic.
bool parse_v3(ByteSpan bytes, Packet& out, ByteSpan& compressed);

}  // namespace siploom::hep
