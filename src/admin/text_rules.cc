#include "admin/text_rules.h"

#include <fmt/format.h>

#include "base/text.h"

namespace siploom::admin {

namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The next code point of text that is known to be UTF-8.
char32_t take_letter(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  char32_t letter = lead < 0x80   ? lead
                    : lead < 0xE0 ? lead & 0x1Fu
                    : lead < 0xF0 ? lead & 0x0Fu
                                  : lead & 0x07u;
  text.remove_prefix(1);
  while (!text.empty() && is_continuation(text.front())) {
    letter = letter << 6 | (static_cast<unsigned char>(text.front()) & 0x3Fu);
    text.remove_prefix(1);
  }
  return letter;
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

// Letters that cannot be seen or that turn the text around: two names could look the same.
bool is_invisible(char32_t c) {
  return c == 0xA0 || c == 0xAD || c == 0x34F || c == 0x61C || c == 0x115F || c == 0x1160 ||
         c == 0x180E || (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) ||
         (c >= 0x205F && c <= 0x206F) || c == 0x3000 || c == 0x3164 ||
         (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || c == 0xFFA0 ||
         (c >= 0xFFF0 && c <= 0xFFFB) || c >= 0xE0000;
}

char32_t folded(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 0x20;
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;
  // Latin Extended-A in pairs; two stretches of it have the capital on the odd number.
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c % 2 == 1 ? c + 1 : c;
  if (c == 0x178) return 0xFF;
  if (c >= 0x100 && c <= 0x177 && c != 0x130 && c != 0x131 && c != 0x138) return c | 1;
  if (c >= 0x391 && c <= 0x3A9) return c + 0x20;
  if (c >= 0x410 && c <= 0x42F) return c + 0x20;
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  return c;
}

}  // namespace

size_t count_letters(std::string_view utf8) {
  size_t count = 0;
  for (const char c : utf8) count += is_continuation(c) ? 0 : 1;
  return count;
}

Result<void> check_text(std::string_view what, std::string_view text, size_t octets_max,
                        Lines lines) {
  if (text.size() > octets_max) {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("{}: {} octets, at most {}", what, text.size(), octets_max));
  }
  if (!is_utf8(text)) return fail(ErrorCode::InvalidArgument, fmt::format("{}: no UTF-8", what));
  while (!text.empty()) {
    const char32_t c = take_letter(text);
    const bool of_lines = c == '\n' || c == '\r' || c == '\t';
    if (is_control(c) && !(of_lines && lines == Lines::Many)) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("{}: it holds the control character {:#04x}", what,
                              static_cast<uint32_t>(c)));
    }
  }
  return {};
}

Result<void> check_name(std::string_view what, std::string_view name) {
  SL_TRY_VOID(check_text(what, name, kMaxNameLetters * 4));
  const size_t letters = count_letters(name);
  if (letters == 0 || letters > kMaxNameLetters) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}: {} letters, it takes 1 to {}", what, letters, kMaxNameLetters));
  }
  if (trim(name) != name) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}: a blank stands at an end of \"{}\"", what, name));
  }
  for (std::string_view rest = name; !rest.empty();) {
    const char32_t c = take_letter(rest);
    if (!is_invisible(c)) continue;
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("{}: it holds the invisible letter U+{:04X}", what, static_cast<uint32_t>(c)));
  }
  return {};
}

std::string name_key(std::string_view name) {
  std::string out;
  if (!is_utf8(name)) return out;
  while (!name.empty()) append_utf8(out, folded(take_letter(name)));
  return out;
}

std::string tamed(std::string_view text, size_t octets_max) {
  // What printable() makes of an octet is four octets at most, so more than this is not looked at.
  std::string out = printable(text.substr(0, octets_max + 1));
  if (out.size() <= octets_max && text.size() <= octets_max) return out;
  constexpr std::string_view kCut = "…";
  size_t end = std::min(out.size(), octets_max - std::min(octets_max, kCut.size()));
  while (end > 0 && end < out.size() && is_continuation(out[end])) --end;
  out.resize(end);
  return out.append(kCut);
}

}  // namespace siploom::admin
