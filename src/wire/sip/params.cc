#include "wire/sip/params.h"

#include "base/text.h"

namespace siploom::sip {

namespace {

// Index just behind the quoted string that begins at `at`; the end of the text when it is not
// closed.
size_t skip_quoted(std::string_view text, size_t at) {
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return text.size();
}

}  // namespace

bool take_param(std::string_view& rest, Param& out, char separator) {
  rest = trim_left(rest);
  while (!rest.empty() && rest.front() == separator) rest = trim_left(rest.substr(1));
  if (rest.empty()) return false;
  size_t end = 0;
  while (end < rest.size() && rest[end] != separator)
    end = rest[end] == '"' ? skip_quoted(rest, end) : end + 1;
  const std::string_view param = trim(rest.substr(0, end));
  rest.remove_prefix(end);
  const Halves halves = split_once(param, '=');
  out.name = trim(halves.before);
  out.value = trim(halves.after);
  out.has_value = halves.found;
  if (!out.value.empty() && out.value.front() == '"') {
    out.value.remove_prefix(1);
    if (!out.value.empty() && out.value.back() == '"') out.value.remove_suffix(1);
  }
  return true;
}

std::optional<std::string_view> find_param(std::string_view params, std::string_view name,
                                           char separator) {
  Param param;
  while (take_param(params, param, separator)) {
    if (iequals(param.name, name)) return param.value;
  }
  return std::nullopt;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::string unquote(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

}  // namespace siploom::sip
