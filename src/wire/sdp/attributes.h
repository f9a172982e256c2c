// a= lines of session and media (RFC 8866 6 and the documents that add to it).
#pragma once

#include "base/text.h"
#include "wire/sdp/sdp.h"

namespace siploom::sdp {

// The next word of a line's value, taken off its front.
inline std::string_view take_word(std::string_view& rest) {
  rest = trim_left(rest);
  const size_t end = find_where(rest, is_blank);
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

void read_session_attribute(std::string_view attribute, Session& out);
void read_media_attribute(std::string_view attribute, Media& media, Session& out);

// a=crypto (RFC 4568 9): tag, suite, inline key and salt; whether the key can be one of this suite.
Crypto parse_crypto(std::string_view value);

}  // namespace siploom::sdp
