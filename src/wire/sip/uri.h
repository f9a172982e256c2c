// URIs as SIP carries them (RFC 3261 19.1, RFC 3966): views into the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace siploom::sip {

struct Uri {
  std::string_view scheme;  // "sip", "sips", "tel", or what stands there
  std::string_view user;    // with its escapes; the number of a tel: URI
  std::string_view password;
  std::string_view
      host;  // without the brackets of an IPv6 reference; empty for tel: and other schemes
  std::string_view params;   // from the first ';'
  std::string_view headers;  // behind the '?'
  std::string_view rest;     // of an unknown scheme: all behind the colon
  uint16_t port = 0;         // 0: none
};

// Nothing when there is no scheme. Reads as much as makes sense of the rest.
std::optional<Uri> parse_uri(std::string_view text);

}  // namespace siploom::sip
