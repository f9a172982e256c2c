#include "capture/text/clean.h"

#include <algorithm>

#include "base/bytes.h"

namespace siploom::capture::dump {
namespace {

constexpr char kEscape = '\x1B';

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Surrogates become U+FFFD: nothing of the traffic is written with them.
std::string from_utf16(std::string_view text, bool big_endian) {
  std::string out;
  out.reserve(text.size() / 2);
  const ByteSpan bytes = as_bytes(text);
  for (size_t i = 2; i + 1 < bytes.size(); i += 2) {
    const uint32_t code = big_endian ? load_be16(&bytes[i]) : load_le16(&bytes[i]);
    append_utf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
  }
  return out;
}

// ECMA-48 5.4: a control sequence is ESC [, parameters 0x20-0x3F and one final octet 0x40-0x7E.
std::string without_escape_sequences(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (true) {
    const size_t escape = text.find(kEscape);
    out += text.substr(0, escape);
    if (escape == std::string_view::npos) return out;
    text.remove_prefix(escape + 1);
    if (text.empty() || text.front() != '[') continue;
    size_t end = 1;
    while (end < text.size() && text[end] >= 0x20 && text[end] < 0x40) ++end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

std::optional<std::string> clean_text(std::string_view text) {
  std::optional<std::string> cleaned;
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    cleaned = from_utf16(text, text.starts_with("\xFE\xFF"));
    text = *cleaned;
  } else if (text.starts_with("\xEF\xBB\xBF")) {
    cleaned = std::string(text.substr(3));
    text = *cleaned;
  }
  if (text.find(kEscape) != std::string_view::npos) cleaned = without_escape_sequences(text);
  return cleaned;
}

bool is_text(std::string_view head) {
  size_t controls = 0;
  for (const char c : head) {
    const auto octet = static_cast<uint8_t>(c);
    if (octet == 0) return false;
    if (octet < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != kEscape)
      ++controls;
  }
  return controls * 200 <= head.size();
}

}  // namespace siploom::capture::dump
