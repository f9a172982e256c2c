// ASCII text without a locale: case, trimming, numbers, splitting.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace siploom {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// -1: no hexadecimal digit.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char low = to_lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

constexpr bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}
constexpr bool istarts_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

constexpr std::string_view trim_left(std::string_view s) {
  while (!s.empty() && is_space(s.front())) s.remove_prefix(1);
  return s;
}
constexpr std::string_view trim_right(std::string_view s) {
  while (!s.empty() && is_space(s.back())) s.remove_suffix(1);
  return s;
}
constexpr std::string_view trim(std::string_view s) { return trim_left(trim_right(s)); }

std::string lower(std::string_view s);

// Equality of short texts without a call: names and tokens that mostly are what they are compared
// with.
inline bool equal_short(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  const auto load = [](auto v, const char* p) {
    std::memcpy(&v, p, sizeof v);
    return v;
  };
  // The last step overlaps the one before it rather than going on octet by octet.
  const auto same = [&](auto v) {
    constexpr size_t kStep = sizeof v;
    for (size_t i = 0; i + kStep < size; i += kStep) {
      if (load(v, a.data() + i) != load(v, b.data() + i)) return false;
    }
    return load(v, a.data() + size - kStep) == load(v, b.data() + size - kStep);
  };
  if (size >= 8) return same(uint64_t{});
  if (size >= 4) return same(uint32_t{});
  if (size >= 2) return same(uint16_t{});
  return size == 0 || a[0] == b[0];
}

// Offset of the first octet that `stops` holds for, or the size. (find_first_of asks memchr about
// each octet.)
template <class Stops>
constexpr size_t find_where(std::string_view text, Stops&& stops, size_t from = 0) {
  while (from < text.size() && !stops(text[from])) ++from;
  return from;
}

// The whole of `text` as a number (`base` is for integers); nothing when it is not one or does not
// fit.
template <class Int>
std::optional<Int> parse_number(std::string_view text, int base = 10) {
  // Most numbers are short and decimal, and need no library.
  constexpr size_t kShort = sizeof(Int) >= 8 ? 18 : sizeof(Int) >= 4 ? 9 : sizeof(Int) >= 2 ? 4 : 2;
  if constexpr (std::is_unsigned_v<Int>) {
    if (base == 10 && !text.empty() && text.size() <= kShort) {
      uint64_t sum = 0;
      for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        sum = sum * 10 + static_cast<uint64_t>(c - '0');
      }
      return static_cast<Int>(sum);
    }
  }
  Int value{};
  const char* end = text.data() + text.size();
  std::from_chars_result result{};
  if constexpr (std::is_floating_point_v<Int>) {
    result = std::from_chars(text.data(), end, value);
  } else {
    result = std::from_chars(text.data(), end, value, base);
  }
  const auto [stop, code] = result;
  if (code != std::errc{} || stop != end || text.empty()) return std::nullopt;
  return value;
}

// Cuts `text` at the first `separator`; the second part is empty when there is none.
struct Halves {
  std::string_view before;
  std::string_view after;
  bool found = false;
};
constexpr Halves split_once(std::string_view text, char separator) {
  const size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, at), text.substr(at + 1), true};
}

// Takes the next line from `rest` without its line end (CRLF, LF or a lone CR at the end of the
// text).
std::string_view take_line(std::string_view& rest);

// How many octets at the beginning are ASCII.
size_t ascii_prefix(std::string_view bytes);
// True when every octet is 1 to 127: ASCII without NULs.
bool is_plain_ascii(std::string_view bytes);
// True when the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view bytes);
// Octets that are no part of it become U+FFFD, NULs too when `no_nul`.
std::string to_utf8(std::string_view bytes, bool no_nul = false);
// A code point (below 0x110000) as UTF-8.
void append_utf8(std::string& out, uint32_t code_point);
// Columns that a terminal needs for UTF-8 text; control characters and broken bytes count as one.
size_t display_width(std::string_view utf8);
// Cuts UTF-8 text to at most `columns`, ending in an ellipsis when something was cut.
std::string fit_width(std::string_view utf8, size_t columns);
// Text safe for a terminal: control characters and broken UTF-8 become U+FFFD or \xNN forms.
std::string printable(std::string_view bytes);

std::string base64(std::string_view bytes);
// With or without padding; nothing for what is none (RFC 4648 4).
std::optional<std::string> decode_base64(std::string_view text);

// "512MiB", "5GB", "1.5TiB", "100k"; a bare number is octets. k and KiB are 1024, kB is 1000, any
// case; up to TiB.
std::optional<uint64_t> parse_size(std::string_view text);

// Edit distance with transpositions, for "did you mean"; capped at `limit`.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit = 8);

}  // namespace siploom
