// RTP, RTCP, STUN, TLS and DTLS by shape: what shares a port is told apart (RFC 5761, RFC 7983).
#include "wire/rtp/rtp.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "base/text.h"
#include "wire/stun/stun.h"
#include "wire/tls/tls.h"

using namespace siploom;

namespace {

std::string rtp_packet(unsigned first, unsigned second, const std::string& rest) {
  return std::string{static_cast<char>(first), static_cast<char>(second)} +
         std::string("\x12\x34\x00\x00\x03\xe8\xca\xfe\xba\xbe", 10) + rest;
}

rtp::Header parsed(const std::string& octets) {
  rtp::Header header;
  REQUIRE(rtp::parse(as_bytes(octets), header));
  return header;
}
bool refused(const std::string& octets) {
  rtp::Header header;
  return !rtp::parse(as_bytes(octets), header);
}

}  // namespace

TEST_CASE("an RTP header (RFC 3550 5.1)") {
  const rtp::Header h = parsed(rtp_packet(0x80, 0x88, std::string(160, 'a')));
  CHECK(h.sequence == 0x1234);
  CHECK(h.timestamp == 1000);
  CHECK(h.ssrc == 0xCAFEBABE);
  CHECK(h.payload_type == 8);
  CHECK(h.marker);
  CHECK(h.header_size == 12);
}

TEST_CASE("CSRCs, extension and padding belong to the header's account") {
  CHECK(parsed(rtp_packet(0x82, 0, std::string(8 + 160, 'a'))).header_size == 20);
  const std::string extension("\xbe\xde\x00\x01wxyz", 8);
  CHECK(parsed(rtp_packet(0x90, 0, extension + std::string(160, 'a'))).header_size == 20);
  const rtp::Header padded = parsed(rtp_packet(0xA0, 0, std::string(20, 'a') + '\x04'));
  CHECK(padded.padding == 4);
  CHECK(refused(rtp_packet(0x8F, 0, "short")));                             // 15 CSRCs do not fit
  CHECK(refused(rtp_packet(0x90, 0, std::string("\xbe\xde\x40\x00", 4))));  // nor this extension
  CHECK(parsed(rtp_packet(0xA0, 0, std::string(20, 'a') + '\x40')).padding == 0);  // cut off
}

TEST_CASE("payload types 64 to 95 with the marker are RTCP's (RFC 5761 4)") {
  CHECK(refused(rtp_packet(0x80, 200, std::string(16, 'a'))));
  CHECK(refused("\x80"));
  CHECK(refused(rtp_packet(0x40, 0, "version 1")));
}

TEST_CASE("RTCP compounds: lengths add up (RFC 3550 6.1)") {
  const std::string rr("\x80\xc9\x00\x01\xca\xfe\xba\xbe", 8);
  const std::string sdes("\x81\xca\x00\x02\xca\xfe\xba\xbe\x01\x01x\x00", 12);
  CHECK(rtp::looks_like_rtcp(as_bytes(rr)));
  CHECK(rtp::looks_like_rtcp(as_bytes(rr + sdes)));
  CHECK_FALSE(rtp::looks_like_rtcp(as_bytes(rtp_packet(0x80, 8, std::string(160, 'a')))));
  CHECK_FALSE(rtp::looks_like_rtcp(as_bytes(std::string("\x80\xc9\x00\x40\xca\xfe\xba\xbe", 8))));
  CHECK_FALSE(rtp::looks_like_rtcp(as_bytes(std::string("\x80\xc9", 2))));
}

TEST_CASE("STUN (RFC 8489 5)") {
  const std::string request =
      std::string("\x00\x01\x00\x00\x21\x12\xa4\x42", 8) + std::string(12, 't');
  CHECK(stun::looks_like_stun(as_bytes(request)));
  std::string without = request;
  without[4] = 'x';
  CHECK(stun::looks_like_stun(as_bytes(without)));  // RFC 3489
  without[3] = 8;
  CHECK_FALSE(stun::looks_like_stun(as_bytes(without)));
  CHECK_FALSE(stun::looks_like_stun(as_bytes(std::string("\x00\x01", 2))));
}

TEST_CASE("TLS and DTLS records") {
  CHECK(tls::looks_like_tls(as_bytes(std::string("\x16\x03\x01\x02\x00", 5))));
  CHECK_FALSE(tls::looks_like_tls(as_bytes(std::string("GET /", 5))));
  const std::string dtls =
      std::string("\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03", 13) + "abc";
  CHECK(tls::looks_like_dtls(as_bytes(dtls)));
  CHECK_FALSE(tls::looks_like_dtls(as_bytes(dtls.substr(0, 12))));
}

TEST_CASE("property: any octets") {
  CHECK(rc::check("a header that is accepted lies within the datagram", [](const std::string& s) {
    rtp::Header header;
    if (rtp::parse(as_bytes(s), header)) RC_ASSERT(header.header_size + header.padding <= s.size());
    rtp::looks_like_rtcp(as_bytes(s));
    stun::looks_like_stun(as_bytes(s));
    tls::looks_like_dtls(as_bytes(s));
  }));
}
