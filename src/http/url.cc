#include "http/url.h"

#include <fmt/format.h>

#include "base/net.h"
#include "base/text.h"

namespace siploom::http {

namespace {

bool is_unreserved(char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// What an absolute-form target has before its path.
std::string_view without_authority(std::string_view target) {
  if (!istarts_with(target, "http://") && !istarts_with(target, "https://")) return target;
  const size_t authority = target.find("//") + 2;
  const size_t path = target.find_first_of("/?", authority);
  return path == std::string_view::npos ? std::string_view{} : target.substr(path);
}

}  // namespace

std::optional<std::string_view> Parameters::find(std::string_view name) const {
  for (const Parameter& p : list) {
    if (p.name == name) return p.value;
  }
  return std::nullopt;
}

std::string_view Parameters::get(std::string_view name, std::string_view otherwise) const {
  return find(name).value_or(otherwise);
}

std::vector<std::string_view> Parameters::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const Parameter& p : list) {
    if (p.name == name) out.push_back(p.value);
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus == Plus::IsBlank) {
      out += ' ';
    } else if (c != '%') {
      out += c;
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::string percent_encode(std::string_view text, std::string_view safe) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || safe.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[octet >> 4];
      out += kHex[octet & 15];
    }
  }
  return out;
}

Result<Parameters> parse_query(std::string_view query, size_t parameters_max) {
  Parameters out;
  while (!query.empty()) {
    const Halves pair = split_once(query, '&');
    query = pair.after;
    if (pair.before.empty()) continue;
    if (out.list.size() >= parameters_max) {
      return fail(ErrorCode::LimitExceeded,
                  fmt::format("the query has more than {} parameters", parameters_max));
    }
    const Halves halves = split_once(pair.before, '=');
    auto name = percent_decode(halves.before, Plus::IsBlank);
    auto value = percent_decode(halves.after, Plus::IsBlank);
    if (!name || !value) {
      return fail(ErrorCode::Malformed,
                  fmt::format("the parameter '{}' has a '%' that two hexadecimal digits do not "
                              "follow; write a percent sign as %25",
                              printable(halves.before.substr(0, 64))));
    }
    out.list.push_back({std::move(*name), std::move(*value)});
  }
  return out;
}

Result<Target> parse_target(std::string_view target) {
  Target out;
  if (target == "*") {
    out.raw_path = out.path = "*";
    return out;
  }
  const std::string_view path = without_authority(target);
  const bool absolute = path.size() != target.size();
  target = path;
  const Halves halves = split_once(split_once(target, '#').before, '?');
  out.query = halves.after;
  out.raw_path = halves.before.empty() && absolute ? "/" : std::string(halves.before);
  if (!out.raw_path.starts_with('/'))
    return fail(ErrorCode::Malformed, "the request's target does not begin with '/'");
  std::string_view rest = std::string_view(out.raw_path).substr(1);
  for (bool more = true; more;) {
    const Halves cut = split_once(rest, '/');
    rest = cut.after;
    more = cut.found;
    auto segment = percent_decode(cut.before);
    if (!segment)
      return fail(ErrorCode::Malformed, "the path has a '%' without two hexadecimal digits");
    if (*segment == "." || *segment == "..")
      return fail(ErrorCode::Malformed, "the path has a segment '.' or '..'");
    for (const char c : *segment) {
      if (is_control(c)) return fail(ErrorCode::Malformed, "the path has a control character");
    }
    if (out.segments.size() >= kPathSegmentsMax) {
      return fail(ErrorCode::LimitExceeded,
                  fmt::format("the path has more than {} segments", kPathSegmentsMax));
    }
    (out.path += '/') += *segment;
    out.segments.push_back(std::move(*segment));
  }
  return out;
}

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
  if (port != (tls ? 443 : 80)) out += fmt::format(":{}", port);
  return out;
}

Result<Url> parse_url(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}' is no URL that can be asked: {}; write https://host:port",
                            printable(text.substr(0, 200)), why));
  };
  Url out;
  const bool plain = istarts_with(text, "http://");
  out.tls = istarts_with(text, "https://");
  if (!plain && !out.tls) return wrong("it begins neither with http:// nor with https://");
  std::string_view rest = text.substr(plain ? 7 : 8);
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, end);
  rest = split_once(rest.substr(end), '#').before;
  if (authority.find('@') != std::string_view::npos) return wrong("it has a user name");
  if (!is_authority(authority)) return wrong("its host is not a name or an address");
  for (const char c : rest) {
    if (is_control(c) || c == ' ') return wrong("it has a blank or a control character");
  }
  out.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  out.port = out.tls ? 443 : 80;
  const size_t bracket = authority.find(']');
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const auto port = parse_number<uint16_t>(authority.substr(colon + 1));
    if (!port || *port == 0) return wrong("its port is not a number from 1 to 65535");
    out.port = *port;
    authority = authority.substr(0, colon);
  }
  if (bracket != std::string_view::npos) authority = authority.substr(1, bracket - 1);
  out.host = authority;
  return out;
}

bool is_authority(std::string_view host) {
  if (host.empty() || host.size() > 300) return false;
  std::string_view port;
  if (host.front() == '[') {
    const size_t close = host.find(']');
    if (close == std::string_view::npos || !parse_ip(host.substr(0, close + 1))) return false;
    port = host.substr(close + 1);
    if (!port.empty() && port.front() != ':') return false;
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const Halves halves = split_once(host, ':');
    if (halves.before.empty()) return false;
    for (const char c : halves.before) {
      if (!is_unreserved(c)) return false;
    }
    port = halves.after;
  }
  return port.empty() || parse_number<uint16_t>(port).has_value();
}

}  // namespace siploom::http
