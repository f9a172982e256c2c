#include "capture/text/flat_message.h"

#include <algorithm>

#include "base/text.h"
#include "capture/text/sip_text.h"

namespace siploom::capture::dump {
namespace {

// A header begins here: a token and a colon, not a URI's.
bool header_follows(std::string_view rest) {
  const size_t size = header_name_size(rest);
  return size > 0 && rest.substr(0, size).find('.') == std::string_view::npos &&
         !iequals(rest.substr(0, size), "sip") && !iequals(rest.substr(0, size), "sips");
}

bool sdp_follows(std::string_view rest) {
  return rest.size() >= 2 && rest[0] >= 'a' && rest[0] <= 'z' && rest[1] == '=';
}

}  // namespace

std::string unflatten(std::string_view flat) {
  std::string out;
  out.reserve(flat.size());
  bool in_body = false;
  while (!flat.empty()) {
    const size_t dots = flat.find("..");
    out += flat.substr(0, dots);
    if (dots == std::string_view::npos) break;
    flat.remove_prefix(dots);
    const size_t run = std::min(flat.find_first_not_of('.'), flat.size());
    const std::string_view rest = flat.substr(run);
    size_t ends = 0;  // how many line ends the run closes with
    if (in_body) {
      ends = rest.empty() || sdp_follows(rest) || header_follows(rest) ? run / 2 : 1;
    } else if (run >= 4 && (rest.empty() || !header_follows(rest) || sdp_follows(rest))) {
      ends = 2;
    } else if (rest.empty() || header_follows(rest) || is_blank(rest.front())) {
      ends = 1;
    }
    out.append(run - 2 * ends, '.');
    for (size_t i = 0; i < ends; ++i) out += "\r\n";
    in_body = in_body || ends == 2;
    flat = rest;
  }
  return out;
}

}  // namespace siploom::capture::dump
