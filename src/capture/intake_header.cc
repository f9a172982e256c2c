#include "capture/intake_header.h"

namespace siploom::capture {

namespace {

constexpr uint8_t kVersion = 1;

void store_be16(uint8_t* out, uint16_t value) {
  value = __builtin_bswap16(value);
  std::memcpy(out, &value, sizeof value);
}

}  // namespace

std::string_view carrier_name(Carrier carrier) {
  constexpr std::string_view kNames[kCarriers] = {"udp", "tcp",  "tls",   "ws",
                                                  "wss", "http", "https", "sctp"};
  const auto at = static_cast<size_t>(carrier);
  return at < kCarriers ? kNames[at] : "unknown";
}

void encode_intake_header(const IntakeHeader& header, uint8_t* out) {
  std::memcpy(out, header.peer.address.octets.data(), 16);
  store_be16(out + 16, header.peer.port);
  store_be16(out + 18, header.local_port);
  out[20] = static_cast<uint8_t>(header.carrier);
  out[21] = header.flags;
  out[22] = kVersion;
  out[23] = 0;
}

std::optional<IntakeHeader> decode_intake_header(ByteSpan frame) {
  if (frame.size() < kIntakeHeaderBytes || frame[20] >= kCarriers || frame[22] != kVersion)
    return std::nullopt;
  IntakeHeader header;
  header.peer.address = IpAddress::v6(frame.data());
  header.peer.port = load_be16(&frame[16]);
  header.local_port = load_be16(&frame[18]);
  header.carrier = static_cast<Carrier>(frame[20]);
  header.flags = frame[21];
  return header;
}

}  // namespace siploom::capture
