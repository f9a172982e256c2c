#include "view/style.h"

#include <algorithm>

#include "base/text.h"

namespace siploom::view {

namespace {

std::string_view sgr(Role role) {
  switch (role) {
    case Role::Plain:
      return "";
    case Role::Dim:
      return "\x1b[2m";
    case Role::Heading:
      return "\x1b[1m";
    case Role::Request:
      return "\x1b[36m";
    case Role::Provisional:
      return "\x1b[33m";
    case Role::Success:
      return "\x1b[32m";
    case Role::Redirect:
      return "\x1b[35m";
    case Role::ClientError:
      return "\x1b[31m";
    case Role::ServerError:
      return "\x1b[1;31m";
    case Role::Warning:
      return "\x1b[1;33m";
    case Role::Key:
      return "\x1b[34m";
    case Role::Bar:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

std::string paint(Role role, std::string_view text, bool color) {
  const std::string_view code = sgr(role);
  if (!color || code.empty() || text.empty()) return std::string(text);
  return std::string(code).append(text).append("\x1b[0m");
}

Role role_of_status(uint16_t status) {
  if (status == 0) return Role::Request;
  if (status < 200) return Role::Provisional;
  if (status < 300) return Role::Success;
  if (status < 400) return Role::Redirect;
  return status < 500 || status >= 600 ? Role::ClientError : Role::ServerError;
}

std::string safe(std::string_view text) {
  std::string out = printable(text);
  for (char& c : out) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return out;
}

std::string fit(std::string_view text, size_t columns, Align align) {
  std::string out = fit_width(text, columns);
  const size_t width = display_width(out);
  const size_t missing = columns > width ? columns - width : 0;
  const size_t left = align == Align::Right ? missing : align == Align::Center ? missing / 2 : 0;
  return std::string(left, ' ') + out + std::string(missing - left, ' ');
}

std::string wrap(std::string_view text, size_t columns) {
  std::string out;
  size_t used = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const size_t width = display_width(word);
    const bool breaks = columns != 0 && used != 0 && used + 1 + width > columns;
    if (used != 0) out += breaks ? '\n' : ' ';
    used = breaks || used == 0 ? width : used + 1 + width;
    out += word;
  }
  return out;
}

}  // namespace siploom::view
