// HEP messages for tests, put together octet by octet rather than by the encoder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/hep/hep.h"

namespace siploom::hep::test {

inline const std::string kPayload = "PING sip:a@b SIP/2.0\r\n\r\n";
constexpr Timestamp kTime{1'700'000'000 * kSecond + 123'456'000};

inline std::string octets(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    while (hex[i] == ' ') ++i;
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

inline std::string be16(size_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }
inline std::string be32(uint32_t v) { return be16(v >> 16) + be16(v & 0xFFFF); }

inline std::string chunk(uint16_t type, const std::string& value, uint16_t vendor = 0) {
  return be16(vendor) + be16(type) + be16(value.size() + 6) + value;
}
inline std::string v3(const std::string& chunks, const char* magic = "HEP3") {
  return magic + be16(chunks.size() + 6) + chunks;
}
inline std::string hop_chunks() {
  return chunk(1, "\x02") + chunk(2, "\x11") + chunk(3, octets("c000020a")) +
         chunk(4, octets("c6336414")) + chunk(7, be16(5060)) + chunk(8, be16(5080));
}
inline std::string v4_chunks() {
  return hop_chunks() + chunk(9, be32(1'700'000'000)) + chunk(10, be32(123'456)) +
         chunk(11, "\x01") + chunk(12, be32(2001));
}
inline std::string v1() { return octets("01100211 13c413d8 c000020a c6336414") + kPayload; }
inline std::string v2() {
  return octets("02100206 13c413d8 c000020a c6336414 00f15365 40e20100 d107a5a5") + kPayload;
}

struct Decoded {
  explicit Decoded(std::string octets_of) : text(std::move(octets_of)) {
    ok = decode(as_bytes(text), packet, scratch);
  }
  std::string text, scratch;
  Packet packet;
  bool ok = false;
};

}  // namespace siploom::hep::test
