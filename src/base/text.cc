#include "base/text.h"

#include <algorithm>
#include <vector>

namespace siploom {

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = to_lower(c);
  return out;
}

std::string_view take_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

namespace {

struct CodePoint {
  uint32_t value = 0;
  size_t length = 0;  // 0: broken
};

CodePoint decode_utf8(std::string_view s) {
  const auto byte = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(s[i]));
  };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || lead > 0xF4 || s.size() < length) return {};
  uint32_t value = lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3F);
  }
  const uint32_t smallest = length == 2 ? 0x80u : length == 3 ? 0x800u : 0x10000u;
  if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {};
  return {value, length};
}

// East Asian wide and emoji blocks, coarse: enough for columns to line up.
bool is_wide(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
         (c >= 0x20000 && c <= 0x3FFFD);
}
bool is_combining(uint32_t c) {
  return (c >= 0x300 && c <= 0x36F) || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F) ||
         (c >= 0x200B && c <= 0x200F);
}
size_t columns_of(const CodePoint& c) {
  if (c.length == 0) return 1;
  return is_combining(c.value) ? 0 : is_wide(c.value) ? 2 : 1;
}

}  // namespace

size_t ascii_prefix(std::string_view s) {
  size_t at = 0;
  for (; at + 8 <= s.size(); at += 8) {
    uint64_t eight;
    std::memcpy(&eight, s.data() + at, 8);
    if ((eight & 0x8080808080808080) != 0) break;
  }
  while (at < s.size() && static_cast<unsigned char>(s[at]) < 0x80) ++at;
  return at;
}

bool is_plain_ascii(std::string_view s) {
  // Sixteen octets at a time: as signed numbers all are above zero.
  using Octets = signed char __attribute__((vector_size(16)));
  Octets good = ~Octets{};
  size_t at = 0;
  for (; at + sizeof(Octets) <= s.size(); at += sizeof(Octets)) {
    Octets octets;
    std::memcpy(&octets, s.data() + at, sizeof octets);
    good &= octets > 0;
  }
  uint64_t halves[2];
  std::memcpy(halves, &good, sizeof halves);
  if ((halves[0] & halves[1]) != ~uint64_t{0}) return false;
  for (; at < s.size(); ++at) {
    if (static_cast<signed char>(s[at]) <= 0) return false;
  }
  return true;
}

bool is_utf8(std::string_view s) {
  while (true) {
    s.remove_prefix(ascii_prefix(s));
    if (s.empty()) return true;
    const CodePoint c = decode_utf8(s);
    if (c.length == 0) return false;
    s.remove_prefix(c.length);
  }
}

std::string to_utf8(std::string_view s, bool no_nul) {
  std::string out;
  out.reserve(s.size() + 16);
  while (!s.empty()) {
    const CodePoint c = decode_utf8(s);
    const bool good = c.length != 0 && !(no_nul && c.value == 0);
    out += good ? s.substr(0, c.length) : std::string_view("\xEF\xBF\xBD");
    s.remove_prefix(good ? c.length : 1);
  }
  return out;
}

void append_utf8(std::string& out, uint32_t c) {
  const auto put = [&](uint32_t octet) { out += static_cast<char>(octet); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

size_t display_width(std::string_view s) {
  size_t width = 0;
  while (true) {
    const size_t ascii = ascii_prefix(s);
    width += ascii;
    s.remove_prefix(ascii);
    if (s.empty()) return width;
    const CodePoint c = decode_utf8(s);
    width += columns_of(c);
    s.remove_prefix(c.length == 0 ? 1 : c.length);
  }
}

std::string fit_width(std::string_view s, size_t columns) {
  if (display_width(s) <= columns) return std::string(s);
  if (columns == 0) return {};
  std::string out;
  size_t used = 0;
  while (!s.empty()) {
    const CodePoint c = decode_utf8(s);
    const size_t length = c.length == 0 ? 1 : c.length;
    if (used + columns_of(c) > columns - 1) break;
    used += columns_of(c);
    out.append(s.substr(0, length));
    s.remove_prefix(length);
  }
  return out + "…";
}

std::string printable(std::string_view s) {
  const auto special = [](char c) { return static_cast<unsigned char>(c - 0x20) >= 0x5F; };
  std::string out(s.substr(0, find_where(s, special)));
  s.remove_prefix(out.size());
  if (s.empty()) return out;
  out.reserve(out.size() + s.size());
  constexpr char kHex[] = "0123456789abcdef";
  while (!s.empty()) {
    const CodePoint c = decode_utf8(s);
    const auto byte = static_cast<unsigned char>(s.front());
    const bool control =
        c.length == 1 && (byte < 0x20 || byte == 0x7F) && byte != '\t' && byte != '\n';
    const bool c1 = c.length == 2 && c.value < 0xA0;
    if (c.length == 0 || control) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
      s.remove_prefix(1);
      continue;
    }
    if (c1) {
      out += "\xEF\xBF\xBD";
    } else {
      out.append(s.substr(0, c.length));
    }
    s.remove_prefix(c.length);
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      const bool pad = i + k > bytes.size();
      out += pad ? '=' : kAlphabet[group >> (18 - 6 * k) & 63];
    }
  }
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<uint32_t>(c - 'a') + 26;
    } else if (is_digit(c)) {
      value = static_cast<uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '/') {
      value = c == '+' ? 62 : 63;
    } else {
      return std::nullopt;
    }
    bits = bits << 6 | value;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>(bits >> have & 0xFF);
  }
  if (have >= 6) return std::nullopt;  // a single character left over
  return out;
}

std::optional<uint64_t> parse_size(std::string_view text) {
  text = trim(text);
  size_t digits = 0;
  while (digits < text.size() && (is_digit(text[digits]) || text[digits] == '.')) ++digits;
  const auto value = parse_number<double>(text.substr(0, digits));
  if (!value) return std::nullopt;
  const std::string unit = lower(trim(text.substr(digits)));
  double scale = 1;
  if (!unit.empty() && unit != "b") {
    const size_t power = std::string_view("kmgt").find(unit.front());
    const std::string_view rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) {
      return std::nullopt;
    }
    for (size_t i = 0; i <= power; ++i) scale *= rest == "b" ? 1000 : 1024;
  }
  constexpr double kMost = 1ull << 60;
  const double size = *value * scale;
  if (!(size <= kMost)) return std::nullopt;
  return static_cast<uint64_t>(size);
}

size_t edit_distance(std::string_view a, std::string_view b, size_t limit) {
  if (a.size() > b.size() + limit || b.size() > a.size() + limit) return limit;
  std::vector<size_t> before(b.size() + 1), row(b.size() + 1), two_before(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) before[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t cost = to_lower(a[i - 1]) == to_lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, before[j - 1] + cost});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_before[j - 2] + 1);
    }
    two_before.swap(before);
    before.swap(row);
  }
  return std::min(before[b.size()], limit);
}

}  // namespace siploom
