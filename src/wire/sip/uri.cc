#include "wire/sip/uri.h"

#include <algorithm>

#include "base/text.h"

namespace siploom::sip {

namespace {

bool is_scheme(std::string_view s) {
  return !s.empty() && is_alpha(s.front()) && std::all_of(s.begin(), s.end(), [](char c) {
    return is_alnum(c) || c == '+' || c == '-' || c == '.';
  });
}

void read_host(std::string_view text, Uri& uri) {
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const size_t close = std::min(text.find(']'), text.size());
    uri.host = text.substr(1, close - 1);
    port = close < text.size() ? text.substr(close + 1) : std::string_view{};
    if (!port.empty() && port.front() == ':') port.remove_prefix(1);
  } else {
    const Halves halves = split_once(text, ':');
    uri.host = trim(halves.before);
    port = halves.after;
  }
  uri.port = parse_number<uint16_t>(trim(port)).value_or(0);
}

void read_sip(std::string_view text, Uri& uri) {
  // The user part may hold ';' and '?' (RFC 3261 25.1 user-unreserved), so the '@' is looked for
  // first.
  const size_t at = text.rfind('@', text.find('?') == std::string_view::npos
                                        ? std::string_view::npos
                                        : std::max(text.find('?'), text.find('@')));
  if (at != std::string_view::npos) {
    const Halves user = split_once(text.substr(0, at), ':');
    uri.user = user.before;
    uri.password = user.after;
    text.remove_prefix(at + 1);
  }
  const size_t headers = text.find('?');
  if (headers != std::string_view::npos) {
    uri.headers = text.substr(headers + 1);
    text = text.substr(0, headers);
  }
  const size_t params = text.find(';');
  if (params != std::string_view::npos) {
    uri.params = text.substr(params);
    text = text.substr(0, params);
  }
  read_host(trim(text), uri);
}

}  // namespace

std::optional<Uri> parse_uri(std::string_view text) {
  text = trim(text);
  const Halves halves = split_once(text, ':');
  if (!halves.found || !is_scheme(trim(halves.before))) return std::nullopt;
  Uri uri;
  uri.scheme = trim(halves.before);
  if (iequals(uri.scheme, "sip") || iequals(uri.scheme, "sips")) {
    read_sip(halves.after, uri);
  } else if (iequals(uri.scheme, "tel")) {
    const size_t params = std::min(halves.after.find(';'), halves.after.size());
    uri.user = trim(halves.after.substr(0, params));
    uri.params = halves.after.substr(params);
    // "tel:number@host" is wrong and common.
    const Halves wrong = split_once(uri.user, '@');
    if (wrong.found) {
      uri.user = wrong.before;
      read_host(wrong.after, uri);
    }
  } else {
    uri.rest = halves.after;
  }
  return uri;
}

}  // namespace siploom::sip
