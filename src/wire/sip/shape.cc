#include "wire/sip/shape.h"

#include <array>

#include "base/text.h"
#include "wire/sip/message.h"

namespace siploom::sip {

namespace {

constexpr size_t kMaxMethod = 32;

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) {
    const char ch = static_cast<char>(c);
    table[static_cast<size_t>(c)] = is_alnum(ch);
  }
  for (const char c : std::string_view("-.!%*_+`'~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

bool is_status_line(std::string_view line) {
  size_t at = 4;
  while (at < line.size() && (is_digit(line[at]) || line[at] == '.')) ++at;
  if (at == 4) return false;
  while (at < line.size() && line[at] == ' ') ++at;
  if (at + 3 > line.size()) return false;
  for (size_t i = 0; i < 3; ++i) {
    if (!is_digit(line[at + i])) return false;
  }
  return at + 3 == line.size() || line[at + 3] == ' ';
}

// "... SIP/2.0", some other version included.
bool ends_in_version(std::string_view line) {
  line = trim_right(line);
  size_t at = line.size();
  while (at > 0 && (is_digit(line[at - 1]) || line[at - 1] == '.')) --at;
  return at < line.size() && at >= 5 && iequals(line.substr(at - 4, 4), "SIP/") &&
         line[at - 5] == ' ';
}

bool has_known_scheme(std::string_view uri) {
  return istarts_with(uri, "sip:") || istarts_with(uri, "sips:") || istarts_with(uri, "tel:");
}

}  // namespace

bool looks_like_sip(ByteSpan bytes) {
  std::string_view text = as_text(bytes);
  while (!text.empty() && (text.front() == '\r' || text.front() == '\n')) text.remove_prefix(1);
  if (text.size() < 10 || !kToken[static_cast<unsigned char>(text[0])]) return false;
  if (!kToken[static_cast<unsigned char>(text[1])]) return false;
  if (iequals(text.substr(0, 4), "SIP/")) {
    return is_status_line(
        text.substr(0, find_where(text, [](char c) { return c == '\r' || c == '\n'; })));
  }
  size_t method = 0;
  while (method < text.size() && method <= kMaxMethod &&
         kToken[static_cast<unsigned char>(text[method])]) {
    ++method;
  }
  if (method > kMaxMethod || method == text.size() || text[method] != ' ') return false;
  const size_t end = text.substr(0, kMaxStartLine).find('\n', method);
  const std::string_view line = text.substr(0, end);
  if (ends_in_version(line)) return line.find(':', method) != std::string_view::npos;
  const bool cut = end == std::string_view::npos;
  return cut && method_from(line.substr(0, method)) != Method::Unknown &&
         has_known_scheme(trim_left(line.substr(method)));
}

}  // namespace siploom::sip
