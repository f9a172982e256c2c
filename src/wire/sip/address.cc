#include "wire/sip/address.h"

#include <algorithm>

#include "base/text.h"

namespace siploom::sip {

namespace {

// Index of the quote that closes the string beginning at 0, or npos.
size_t closing_quote(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<Address> parse_address(std::string_view value) {
  value = trim(value);
  Address out;
  if (value == "*") {
    out.any = true;
    return out;
  }
  std::string_view rest = value;
  if (!rest.empty() && rest.front() == '"') {
    const size_t close = closing_quote(rest);
    if (close != std::string_view::npos) {
      out.display = rest.substr(1, close - 1);
      rest = rest.substr(close + 1);
    }
  }
  const size_t open = rest.find('<');
  if (open != std::string_view::npos) {
    if (out.display.data() == nullptr) out.display = trim(rest.substr(0, open));
    const size_t close = std::min(rest.find('>', open), rest.size());
    out.uri_text = trim(rest.substr(open + 1, close - open - 1));
    out.params = close < rest.size() ? rest.substr(close + 1) : std::string_view{};
  } else {
    // RFC 3261 20.10: without <> everything behind a ';' belongs to the header.
    const size_t semicolon = std::min(rest.find(';'), rest.size());
    out.uri_text = trim(rest.substr(0, semicolon));
    out.params = rest.substr(semicolon);
  }
  const auto uri = parse_uri(out.uri_text);
  if (!uri) return std::nullopt;
  out.uri = *uri;
  return out;
}

}  // namespace siploom::sip
