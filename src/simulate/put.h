// Fields of headers in network order.
#pragma once

#include <cstdint>

namespace siploom::simulate {

inline void put_be16(uint8_t* at, uint64_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}
inline void put_be32(uint8_t* at, uint64_t value) {
  put_be16(at, value >> 16);
  put_be16(at + 2, value & 0xFFFF);
}

}  // namespace siploom::simulate
