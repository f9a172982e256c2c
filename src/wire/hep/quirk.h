// What senders get wrong and the decoder heals or notes: shown per agent, so that its owner can put
// it right.
#pragma once

#include <cstdint>
#include <string_view>

namespace siploom::hep {

enum class Quirk : uint8_t {
  SwappedAgentId,    // 0x0c in another byte order (sngrep, sipgrep, captagent 6)
  Damaged,           // a chunk's length is impossible; what came before it stands
  CutPayload,        // the payload ran over the end; what is there was kept
  Inflated,          // payload was compressed (0x10)
  GzippedMessage,    // the whole message was (heplify)
  InflateFailed,     // payload is the compressed octets
  BothPayloads,      // 0x0f and 0x10; the first was taken
  NoPayload,         // neither, or empty
  NoAddresses,       // source or destination missing
  NtpTime,           // seconds since 1900
  BigEndianTime,     // v2 time header in network order
  ShortTimeHeader,   // v2 time header of 10 octets rather than 12
  LongMicroseconds,  // a million or more of them
  ImpossibleTime,    // outside 2000 to 2069, dropped
  TrailingNuls,      // behind the payload or a text
  FakeTransport,     // 22 or 50 as IP protocol, for TLS and WS
  TruncatedIpv6,     // 12 octets or more of an IPv6 address are missing (sofia)
  MappedIpv4,        // IPv4 in an IPv6 chunk (heplify)
  BsdFamily,         // 28 or 30 for IPv6
  LengthMismatch,    // total length is not the datagram's
  OddHeaderLength,   // v1, v2: the length octet is neither 16 nor 40
  OddChunkLength,    // a known chunk of a size it cannot have; kept as it stands
  RepeatedChunk,     // a scalar twice; the last one stands
  VendorShadow,      // a vendor's chunk with the number of a generic one; kept apart
  NullCorrelation,   // "<null>" as correlation id; counts as none
  OldMeaning,        // 0x10 or 0x11 in their meaning of 2013
  LeftAlignedMac,    // MAC in the first six of eight octets
  Count
};
constexpr size_t kQuirks = static_cast<size_t>(Quirk::Count);

// Stable: "swapped-agent-id", "damaged", ...
std::string_view quirk_name(Quirk quirk);

class Quirks final {
 public:
  void add(Quirk quirk) { bits_ |= bit(quirk); }
  bool has(Quirk quirk) const { return (bits_ & bit(quirk)) != 0; }
  bool empty() const { return bits_ == 0; }
  uint32_t bits() const { return bits_; }
  bool operator==(const Quirks&) const = default;

 private:
  static constexpr uint32_t bit(Quirk quirk) { return 1u << static_cast<unsigned>(quirk); }
  static_assert(kQuirks <= 32);
  uint32_t bits_ = 0;
};

}  // namespace siploom::hep
