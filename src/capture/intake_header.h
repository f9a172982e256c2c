// What stands before each HEP message that the network intake hands on (LinkType::HepIntake): who
// sent it, by what carrier and to which port. 24 octets, network order:
//
//   0  16  peer address (IPv4 as ::ffff:a.b.c.d)    20  1  carrier
//   16  2  peer port                                21  1  flags
//   18  2  local port                               22  2  version (1), zero
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/net.h"

namespace siploom::capture {

enum class Carrier : uint8_t { Udp, Tcp, Tls, Ws, Wss, Http, Https, Sctp };
constexpr size_t kCarriers = 8;
std::string_view carrier_name(Carrier carrier);  // "udp", "tcp", ...

constexpr uint8_t kIntakeKeyMatched = 0x01;         // the shared key was asked for and was right
constexpr uint8_t kIntakeClientCertificate = 0x02;  // TLS: the peer's certificate was verified
constexpr uint8_t kIntakeQuarantined = 0x04;  // the key was wrong or missing; kept all the same
constexpr uint8_t kIntakeOverQuota = 0x08;    // the sender was over its rate; kept

struct IntakeHeader {
  Endpoint peer;
  uint16_t local_port = 0;
  Carrier carrier = Carrier::Udp;
  uint8_t flags = 0;  // kIntake...

  bool operator==(const IntakeHeader&) const = default;
};

constexpr size_t kIntakeHeaderBytes = 24;

// Writes kIntakeHeaderBytes octets to `out`.
void encode_intake_header(const IntakeHeader& header, uint8_t* out);
// The header of a frame; nothing when it is cut short, of another version or names no carrier.
std::optional<IntakeHeader> decode_intake_header(ByteSpan frame);

}  // namespace siploom::capture
