#include "wire/sip/via.h"

#include <algorithm>

#include "base/text.h"
#include "wire/sip/params.h"

namespace siploom::sip {

std::optional<Via> parse_via(std::string_view value) {
  value = trim(value);
  // "SIP / 2.0 / UDP host": blanks are allowed around the slashes.
  const Halves name = split_once(value, '/');
  const Halves version = split_once(name.after, '/');
  if (!name.found || !version.found || trim(name.before).empty()) return std::nullopt;
  std::string_view rest = trim_left(version.after);
  const size_t blank = rest.find_first_of(" \t\r\n");
  if (blank == std::string_view::npos || blank == 0) return std::nullopt;
  Via via;
  via.transport = rest.substr(0, blank);
  rest = trim_left(rest.substr(blank));
  const size_t semicolon = std::min(rest.find(';'), rest.size());
  std::string_view sent_by = trim(rest.substr(0, semicolon));
  via.params = rest.substr(semicolon);
  std::string_view port;
  if (!sent_by.empty() && sent_by.front() == '[') {
    const size_t close = std::min(sent_by.find(']'), sent_by.size());
    via.host = sent_by.substr(1, close - 1);
    port = split_once(sent_by.substr(close), ':').after;
  } else {
    const Halves halves = split_once(sent_by, ':');
    via.host = trim(halves.before);
    port = halves.after;
  }
  if (via.host.empty()) return std::nullopt;
  via.port = parse_number<uint16_t>(trim(port)).value_or(0);
  std::string_view params = via.params;
  Param param;
  while (take_param(params, param)) {
    if (iequals(param.name, "branch")) via.branch = param.value;
    if (iequals(param.name, "received")) via.received = param.value;
    if (iequals(param.name, "rport")) {
      via.has_rport = true;
      via.rport = parse_number<uint16_t>(param.value).value_or(0);
    }
  }
  if (!via.received.empty() && via.received.front() == '[' && via.received.back() == ']') {
    via.received = via.received.substr(1, via.received.size() - 2);
  }
  return via;
}

}  // namespace siploom::sip
