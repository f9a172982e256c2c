// Bytes from outside: spans of them, and ByteReader, the one way to read binary fields.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#if defined(__clang__)
#define SL_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define SL_LIFETIMEBOUND
#endif

namespace siploom {

using ByteSpan = std::span<const uint8_t>;

inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline ByteSpan as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Unaligned loads; the caller has checked the bounds.
inline uint16_t load_be16(const uint8_t* p) {
  uint16_t v;
  std::memcpy(&v, p, sizeof v);
  return __builtin_bswap16(v);
}
inline uint32_t load_be32(const uint8_t* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return __builtin_bswap32(v);
}
inline uint64_t load_be64(const uint8_t* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return __builtin_bswap64(v);
}
inline uint16_t load_le16(const uint8_t* p) {
  uint16_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline uint32_t load_le32(const uint8_t* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline uint64_t load_le64(const uint8_t* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
static_assert(std::endian::native == std::endian::little,
              "load_le* assume a little-endian machine");

// Reads fields in order. A read past the end gives zero and makes ok() false for good: check once,
// at the end.
class ByteReader final {
 public:
  explicit ByteReader(ByteSpan bytes SL_LIFETIMEBOUND) : bytes_(bytes) {}

  uint8_t u8() { return take(1) ? bytes_[at_ - 1] : uint8_t{0}; }
  uint16_t be16() { return take(2) ? load_be16(&bytes_[at_ - 2]) : uint16_t{0}; }
  uint32_t be24() {
    return take(3) ? (uint32_t{bytes_[at_ - 3]} << 16 | load_be16(&bytes_[at_ - 2])) : uint32_t{0};
  }
  uint32_t be32() { return take(4) ? load_be32(&bytes_[at_ - 4]) : uint32_t{0}; }
  uint64_t be64() { return take(8) ? load_be64(&bytes_[at_ - 8]) : uint64_t{0}; }
  uint16_t le16() { return take(2) ? load_le16(&bytes_[at_ - 2]) : uint16_t{0}; }
  uint32_t le32() { return take(4) ? load_le32(&bytes_[at_ - 4]) : uint32_t{0}; }
  uint64_t le64() { return take(8) ? load_le64(&bytes_[at_ - 8]) : uint64_t{0}; }
  ByteSpan bytes(size_t count) {
    return take(count) ? bytes_.subspan(at_ - count, count) : ByteSpan{};
  }
  void skip(size_t count) { take(count); }

  bool ok() const { return ok_; }
  size_t offset() const { return at_; }
  size_t remaining() const { return ok_ ? bytes_.size() - at_ : 0; }
  ByteSpan rest() const { return ok_ ? bytes_.subspan(at_) : ByteSpan{}; }

 private:
  bool take(size_t count) {
    if (!ok_ || count > bytes_.size() - at_) {
      ok_ = false;
      return false;
    }
    at_ += count;
    return true;
  }

  ByteSpan bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace siploom
