#include "capture/text/sip_text.h"

#include <algorithm>
#include <array>

#include "base/find.h"
#include "base/text.h"

namespace siploom::capture::dump {
namespace {

constexpr std::string_view kVersion = "SIP/2.0";
constexpr size_t kLongestMethod = 32;

bool is_token(char c) {
  return is_alnum(c) || std::string_view("-.!%*_+`'~").find(c) != std::string_view::npos;
}

bool is_status_line(std::string_view line) {
  return line.starts_with("SIP/2.0 ") && line.size() >= 11 && is_digit(line[8]) &&
         is_digit(line[9]) && is_digit(line[10]) && (line.size() == 11 || line[11] == ' ');
}

bool is_method(std::string_view word) {
  return !word.empty() && word.size() <= kLongestMethod &&
         std::all_of(word.begin(), word.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || c == '_' || c == '-'; });
}

bool is_known_method(std::string_view word) {
  constexpr std::array<std::string_view, 15> kMethods = {
      "INVITE", "ACK",     "BYE",  "CANCEL", "REGISTER", "OPTIONS", "PRACK",  "SUBSCRIBE",
      "NOTIFY", "PUBLISH", "INFO", "REFER",  "MESSAGE",  "UPDATE",  "SERVICE"};
  return std::find(kMethods.begin(), kMethods.end(), word) != kMethods.end();
}

std::string_view next_line(std::string_view& rest) { return take_line(rest); }

bool names(std::string_view line, std::string_view name, std::string_view compact) {
  const size_t size = header_name_size(line);
  const std::string_view found = trim_right(line.substr(0, size));
  return size > 0 && (iequals(found, name) || (!compact.empty() && iequals(found, compact)));
}

std::string_view header_value(std::string_view line) {
  return trim(line.substr(line.find(':') + 1));
}

// The value of ";name=..." in a header; empty when not there.
std::string_view parameter(std::string_view header, std::string_view name) {
  for (size_t at = header.find(';'); at != std::string_view::npos; at = header.find(';', at)) {
    ++at;
    std::string_view rest = trim_left(header.substr(at));
    if (!istarts_with(rest, name)) continue;
    rest = trim_left(rest.substr(name.size()));
    if (rest.empty() || rest.front() != '=') continue;
    rest = trim_left(rest.substr(1));
    return rest.substr(0, rest.find_first_of("; ,\t>"));
  }
  return {};
}

// Host and port of the first URI in `text`.
Party uri_party(std::string_view text) {
  size_t at = find_any_case(text, "sip:");
  if (at == std::string_view::npos) at = find_any_case(text, "sips:");
  if (at == std::string_view::npos) return {};
  text.remove_prefix(text.find(':', at) + 1);
  text = text.substr(0, text.find_first_of("> ,\t\"?"));
  if (const size_t user = text.rfind('@'); user != std::string_view::npos) {
    text.remove_prefix(user + 1);
  }
  return parse_party(text.substr(0, text.find(';'))).value_or(Party{});
}

void read_via(std::string_view value, Glimpse& out) {
  // "SIP/2.0/UDP host:port;params": RFC 3261 20.42; blanks may stand around the slashes.
  const size_t slash = value.rfind('/', value.find_first_of(" \t", value.find('/') + 1));
  const size_t second = value.find('/', value.find('/') + 1);
  const size_t from = second != std::string_view::npos ? second : slash;
  if (from == std::string_view::npos) return;
  std::string_view rest = trim_left(value.substr(from + 1));
  const size_t end = rest.find_first_of(" \t");
  if (end == std::string_view::npos) return;
  out.via_transport = transport_named(rest.substr(0, end));
  rest = trim_left(rest.substr(end));
  out.via_sent_by = parse_party(trim(rest.substr(0, rest.find_first_of(";,")))).value_or(Party{});
  rest = rest.substr(0, rest.find(','));
  out.branch = parameter(rest, "branch");
  out.via = out.via_sent_by;
  if (const std::string_view received = parameter(rest, "received"); !received.empty()) {
    out.via.host = parse_party(received).value_or(out.via).host;
  }
  if (const auto rport = parse_number<uint16_t>(parameter(rest, "rport"))) out.via.port = *rport;
}

void read_header(std::string_view line, Glimpse& out) {
  switch (line.empty() ? '\0' : to_lower(line.front())) {
    case 'v':
      if (!out.via.known() && names(line, "Via", "v")) read_via(header_value(line), out);
      break;
    case 'r':
      if (!out.route.known() && names(line, "Route", "")) out.route = uri_party(header_value(line));
      break;
    case 'm':
    case 'c':
      if (!out.contact.known() && names(line, "Contact", "m")) {
        out.contact = uri_party(header_value(line));
      }
      [[fallthrough]];
    case 'l':
      if (names(line, "Content-Length", "l")) {
        out.content_length = parse_number<size_t>(header_value(line));
      }
      break;
    default:
      break;
  }
}

}  // namespace

bool is_start_line(std::string_view line) {
  line = trim_right(line);
  if (line.starts_with(kVersion)) return is_status_line(line);
  if (line.size() < 12 || !line.ends_with(" SIP/2.0")) return false;
  const size_t blank = line.find(' ');
  const std::string_view method = line.substr(0, blank);
  const std::string_view uri = trim(line.substr(blank, line.size() - blank - kVersion.size()));
  if (!is_method(method) || uri.empty()) return false;
  return is_known_method(method) || (method.size() >= 3 && uri.find(':') != std::string_view::npos);
}

size_t find_start_line(std::string_view line) {
  const size_t version = line.find(kVersion);
  if (version == std::string_view::npos) return version;
  if (is_status_line(line.substr(version))) return version;
  const std::string_view trimmed = trim_right(line);
  if (!trimmed.ends_with(" SIP/2.0")) return std::string_view::npos;
  // A Request-URI has no blanks, so the method is the third word from the end.
  const size_t uri_end = trimmed.size() - kVersion.size() - 1;
  const size_t uri = uri_end == 0 ? std::string_view::npos : trimmed.rfind(' ', uri_end - 1);
  if (uri == std::string_view::npos || uri == 0) return std::string_view::npos;
  const size_t before = trimmed.find_last_of(" \t", uri - 1);
  const size_t start = before == std::string_view::npos ? 0 : before + 1;
  return is_start_line(trimmed.substr(start)) ? start : std::string_view::npos;
}

size_t header_name_size(std::string_view line) {
  constexpr size_t kLongestName = 64;
  const size_t colon = line.substr(0, kLongestName).find(':');
  if (colon == std::string_view::npos || colon == 0) return 0;
  const std::string_view name = trim_right(line.substr(0, colon));
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token) ? colon : 0;
}

bool is_common_header(std::string_view line) {
  constexpr std::array<std::string_view, 22> kNames = {"Via",
                                                       "v",
                                                       "From",
                                                       "f",
                                                       "To",
                                                       "t",
                                                       "Call-ID",
                                                       "i",
                                                       "CSeq",
                                                       "Contact",
                                                       "m",
                                                       "Max-Forwards",
                                                       "Record-Route",
                                                       "Route",
                                                       "Content-Type",
                                                       "c",
                                                       "Content-Length",
                                                       "l",
                                                       "User-Agent",
                                                       "Server",
                                                       "Allow",
                                                       "Supported"};
  const size_t size = header_name_size(line);
  if (size == 0) return false;
  const std::string_view name = trim_right(line.substr(0, size));
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view known) { return iequals(name, known); });
}

std::optional<Party> parse_party(std::string_view text) {
  if (text.empty() || text.size() > 255) return std::nullopt;
  Party party{text, 0};
  const size_t bracket = text.front() == '[' ? text.find(']') : std::string_view::npos;
  if (bracket != std::string_view::npos) {
    party.host = text.substr(1, bracket - 1);
    text.remove_prefix(bracket + 1);
    if (!text.empty() && text.front() != ':') return std::nullopt;
    if (!text.empty()) text.remove_prefix(1);
  } else if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    const bool whole_v6 =
        text.find(':') != colon && parse_ip(text) &&
        (!parse_ip(text.substr(0, colon)) || !parse_number<uint16_t>(text.substr(colon + 1)));
    party.host = whole_v6 ? text : text.substr(0, colon);
    text = whole_v6 ? std::string_view{} : text.substr(colon + 1);
  } else {
    text = {};
  }
  if (!text.empty()) {
    const auto port = parse_number<uint16_t>(text);
    if (!port) return std::nullopt;
    party.port = *port;
  }
  if (party.host.empty()) return std::nullopt;
  const bool is_host = std::all_of(party.host.begin(), party.host.end(), [](char c) {
    return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '*' || c == '%';
  });
  return is_host ? std::optional(party) : std::nullopt;
}

Glimpse glimpse(std::string_view message) {
  Glimpse out;
  std::string_view rest = message;
  const std::string_view start = next_line(rest);
  out.is_sip = is_start_line(start);
  if (!out.is_sip) return out;
  out.is_request = !start.starts_with(kVersion);
  if (out.is_request) out.uri = uri_party(start);
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    if (line.empty()) {
      out.header_bytes = message.size() - rest.size();
      break;
    }
    read_header(line, out);
  }
  return out;
}

Transport transport_named(std::string_view word) {
  if (iequals(word, "udp")) return Transport::Udp;
  if (iequals(word, "tcp")) return Transport::Tcp;
  if (iequals(word, "tls")) return Transport::Tls;
  if (iequals(word, "ws")) return Transport::Ws;
  if (iequals(word, "wss")) return Transport::Wss;
  if (iequals(word, "sctp")) return Transport::Sctp;
  return Transport::Unknown;
}

}  // namespace siploom::capture::dump
