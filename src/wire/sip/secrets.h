// Credentials and keys inside messages, overwritten one for one with '*', so that lengths inside
// the message stay true.
#pragma once

#include <string>

namespace siploom::sip {

// Digest responses and whole credentials of other schemes (RFC 3261 22, RFC 7235), SDES keys
// (RFC 4568), k= lines (RFC 4566 5.12) and ICE passwords (RFC 8839 5.4) become '*'.
void mask_secrets(std::string& message);
// The same of a session description, or another body, alone.
void mask_body(std::string& body);

}  // namespace siploom::sip
