#include "store/utf8.h"

#include <cstdint>

#include "base/bytes.h"

namespace siploom::store {

namespace {

// Octets of the well-formed sequence at `at` (RFC 3629 4), 0: none.
size_t sequence(std::string_view text, size_t at) {
  const auto octet = [&](size_t i) {
    return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : uint8_t{0};
  };
  const auto tail = [&](size_t i) { return (octet(i) & 0xC0) == 0x80; };
  const uint8_t first = octet(0);
  if (first == 0) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool good = first == 0xE0 ? octet(1) >= 0xA0 : first == 0xED ? octet(1) < 0xA0 : true;
    return good && tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool good = first == 0xF0 ? octet(1) >= 0x90 : first == 0xF4 ? octet(1) < 0x90 : true;
    return good && tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_plain(std::string_view text) {
  size_t i = 0;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  for (; i + 8 <= text.size(); i += 8) {
    const uint64_t word = load_le64(bytes + i);
    const uint64_t has_nul = (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;
    if (((word & 0x8080808080808080ull) | has_nul) != 0) return false;
  }
  for (; i < text.size(); ++i) {
    if (bytes[i] == 0 || bytes[i] >= 0x80) return false;
  }
  return true;
}

}  // namespace

bool is_utf8(std::string_view text) {
  if (is_plain(text)) return true;
  for (size_t at = 0; at < text.size();) {
    const size_t octets = sequence(text, at);
    if (octets == 0) return false;
    at += octets;
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (size_t at = 0; at < text.size();) {
    const size_t octets = sequence(text, at);
    if (octets == 0) {
      out += "\xEF\xBF\xBD";
      ++at;
    } else {
      out += text.substr(at, octets);
      at += octets;
    }
  }
  return out;
}

}  // namespace siploom::store
