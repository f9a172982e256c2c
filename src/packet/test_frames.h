// Builds packets for tests: each function puts a header in front of what it is given.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace siploom::packet::test {

using Bytes = std::vector<uint8_t>;

inline Bytes bytes_of(std::string_view text) {
  const ByteSpan octets = as_bytes(text);
  return {octets.begin(), octets.end()};
}

inline Bytes join(Bytes front, const Bytes& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

inline void put16(Bytes& to, size_t value) {
  to.push_back(static_cast<uint8_t>(value >> 8));
  to.push_back(static_cast<uint8_t>(value));
}
inline void put32(Bytes& to, uint32_t value) {
  put16(to, value >> 16);
  put16(to, value & 0xFFFF);
}

inline Bytes udp(uint16_t src, uint16_t dst, const Bytes& payload) {
  Bytes header;
  put16(header, src);
  put16(header, dst);
  put16(header, payload.size() + 8);
  put16(header, 0);
  return join(header, payload);
}

struct Ipv4Fields {
  uint8_t protocol = 17;
  uint16_t id = 7;
  uint16_t flags_and_offset = 0;  // offset in units of eight
  uint8_t last_src = 1, last_dst = 2;
  Bytes options{};
};

inline Bytes ipv4(const Bytes& payload, const Ipv4Fields& fields = {}) {
  Bytes header{static_cast<uint8_t>(0x45 + fields.options.size() / 4), 0};
  put16(header, 20 + fields.options.size() + payload.size());
  put16(header, fields.id);
  put16(header, fields.flags_and_offset);
  header.insert(header.end(), {64, fields.protocol, 0, 0});
  header.insert(header.end(), {10, 0, 0, fields.last_src, 10, 0, 0, fields.last_dst});
  return join(join(header, fields.options), payload);
}

inline Bytes ipv6(const Bytes& payload, uint8_t next = 17) {
  Bytes header{0x60, 0, 0, 0};
  put16(header, payload.size());
  header.insert(header.end(), {next, 64});
  for (uint8_t last = 1; last <= 2; ++last) {
    header.insert(header.end(), {0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
  }
  return join(header, payload);
}

inline Bytes ethernet(uint16_t type, const Bytes& payload) {
  Bytes header{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
  put16(header, type);
  return join(header, payload);
}

inline Bytes vlan(uint16_t id, uint16_t type, const Bytes& payload) {
  Bytes header;
  put16(header, id);
  put16(header, type);
  return join(header, payload);
}

inline Bytes label(uint32_t number, bool bottom, const Bytes& payload) {
  Bytes header;
  put32(header, number << 12 | (bottom ? 0x100u : 0u) | 64u);
  return join(header, payload);
}

}  // namespace siploom::packet::test
