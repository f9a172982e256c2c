// a= lines of session and media (RFC 8866 6 and the documents that add to it).
#pragma once

#include "wire/sdp/sdp.h"

namespace siploom::sdp {

void read_session_attribute(std::string_view attribute, Session& out);
void read_media_attribute(std::string_view attribute, Media& media, Session& out);

// a=crypto (RFC 4568 9): tag, suite, inline key and salt; whether the key can be one of this suite.
Crypto parse_crypto(std::string_view value);

}  // namespace siploom::sdp
