// Octets of HEP messages, put together by hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/net.h"

namespace siploom::simulate::hep {

inline void put_be(std::string& out, uint64_t value, size_t octets) {
  for (size_t i = octets; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xFF);
}
inline void put_le(std::string& out, uint64_t value, size_t octets) {
  for (size_t i = 0; i < octets; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

// A message of v3 in the order its sender wants.
class Chunks final {
 public:
  Chunks() : out_("HEP3") { put_be(out_, 0, 2); }

  Chunks& number(uint16_t type, uint64_t value, size_t octets) {
    head(0, type, octets);
    put_be(out_, value, octets);
    return *this;
  }
  Chunks& text(uint16_t type, std::string_view value, uint16_t vendor = 0) {
    head(vendor, type, value.size());
    out_ += value;
    return *this;
  }
  // Only what is there.
  Chunks& optional_text(uint16_t type, std::string_view value, uint16_t vendor = 0) {
    return value.empty() ? *this : text(type, value, vendor);
  }
  // 3 and 4 or, with `wide`, 5 and 6: each 16 octets.
  Chunks& addresses(const IpAddress& src, const IpAddress& dst, bool wide) {
    for (const uint16_t type : {uint16_t{3}, uint16_t{4}}) {
      const ByteSpan octets(type == 3 ? src.octets : dst.octets);
      text(wide ? static_cast<uint16_t>(type + 2) : type, as_text(octets.subspan(wide ? 0 : 12)));
    }
    return *this;
  }
  // With the total length.
  std::string finish() {
    out_[4] = static_cast<char>(out_.size() >> 8 & 0xFF);
    out_[5] = static_cast<char>(out_.size() & 0xFF);
    return std::move(out_);
  }
  size_t size() const { return out_.size(); }

 private:
  void head(uint16_t vendor, uint16_t type, size_t size) {
    put_be(out_, vendor, 2);
    put_be(out_, type, 2);
    put_be(out_, size + 6, 2);
  }
  std::string out_;
};

}  // namespace siploom::simulate::hep
