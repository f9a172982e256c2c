// What every fuzz target gives the driver to begin with; and the check that makes a target fail.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace siploom::fuzz {

std::vector<std::string> seeds();

// The octets of a literal, its NULs too.
template <size_t N>
std::string octets(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

inline void require(bool truth, const char* what) {
  if (truth) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

// A view that is not empty lies within `whole`.
inline bool within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

inline const std::string kInvite =
    "INVITE sip:bob@example.org;user=phone SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776;rport, SIP/2.0/TCP [2001:db8::1]\r\n"
    "From: \"Al \\\"x\\\"\" <sip:alice@example.org;p=1>;tag=1928\r\nTo: <tel:+1-201-555-0123>\r\n"
    "Call-ID: a84b4c76e66710@h\r\nCSeq: 314159 INVITE\r\nContact: *\r\nSubject: folded\r\n  "
    "line\r\n"
    "Content-Type: application/sdp\r\nContent-Length: 132\r\n\r\n"
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n";
inline const std::string kResponse =
    "SIP/2.0 486 Busy Here\r\nv: SIP/2.0/UDP h;branch=1\r\nf: <sip:a@x>;tag=1\r\nt: "
    "sip:b@y;tag=2\r\n"
    "i: 1@h\r\nCSeq: 1 INVITE\r\nl: 0\r\n\r\n";

}  // namespace siploom::fuzz
