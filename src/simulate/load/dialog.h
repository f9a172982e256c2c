// What differs from dialog to dialog, as octets ready to be copied into templates: every field has
// a fixed width, so that a message is its template with a dozen or two small copies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "simulate/rng.h"

namespace siploom::simulate::load {

enum class Field : uint8_t {
  CallId,  // a UUID
  FromTag,
  ToTag,
  Branch0,  // one for each transaction
  Branch1,
  Branch2,
  Branch3,
  FromUser,  // telephone numbers
  ToUser,
  Cseq0,
  Cseq1,
  Cseq2,
  ClientIp,  // as text
  ServerIp,
  RtpPortA,
  RtpPortB,
  SdpIdA,
  SdpIdB,
  Nonce,
  Response,
  Filler,
  NodeName,  // of the agent that reports it
  NodeId,    // binary, as in chunks
  ClientAddress,
  ServerAddress,
  Count
};
constexpr size_t kFields = static_cast<size_t>(Field::Count);
constexpr std::array<uint8_t, kFields> kWidths = {36, 10, 12, 16, 16, 16, 16, 11, 11, 5, 5, 5, 14,
                                                  14, 5,  5,  10, 10, 32, 32, 64, 6,  4, 4, 4};
constexpr std::array<uint16_t, kFields + 1> kOffsets = [] {
  std::array<uint16_t, kFields + 1> out{};
  for (size_t i = 0; i < kFields; ++i) out[i + 1] = static_cast<uint16_t>(out[i] + kWidths[i]);
  return out;
}();

struct Dialog {
  std::array<char, kOffsets[kFields]> octets{};
  uint16_t flow = 0;
  uint8_t next = 0;  // message of the flow

  // Another one. `node` is the number of its agent from 0; ids count from `first_node_id`.
  void begin(Rng& rng, uint32_t node, uint32_t first_node_id);
  const char* field(Field which) const { return &octets[kOffsets[static_cast<size_t>(which)]]; }

 private:
  char* slot(Field which) { return &octets[kOffsets[static_cast<size_t>(which)]]; }
  void put_hex(Field which, Rng& rng);
  void put_decimal(Field which, uint64_t number);
  void put_address(Field text, Field binary, const std::array<uint8_t, 4>& address);
};

}  // namespace siploom::simulate::load
