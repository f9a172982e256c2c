#include "wire/sdp/sdp.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <memory>
#include <string>

#include "wire/sdp/attributes.h"

using namespace siploom;
using namespace siploom::sdp;

namespace {

struct ParsedSession {
  explicit ParsedSession(std::string body)
      : text(std::move(body)), session(std::make_unique<Session>()) {
    ok = parse(text, *session);
  }
  const Session* operator->() const { return session.get(); }
  std::string text;
  std::unique_ptr<Session> session;
  bool ok = false;
};

const std::string kHead = "v=0\r\no=alice 2890844526 2890844527 IN IP4 host.example\r\ns=-\r\n";

}  // namespace

TEST_CASE("an offer of RFC 3264 10.1") {
  const ParsedSession s(kHead +
                        "c=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 62986 RTP/AVP 0 4 18\r\n"
                        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:4 G723/8000\r\na=rtpmap:18 G729/8000\r\n"
                        "a=inactive\r\nm=video 0 RTP/AVP 31\r\n");
  REQUIRE(s.ok);
  CHECK(s->origin_user == "alice");
  CHECK(s->session_version == "2890844527");
  CHECK(s->origin_host == "host.example");
  REQUIRE(s->media_count == 2);
  const Media& audio = s->media[0];
  CHECK(audio.media == "audio");
  CHECK(audio.port == 62986);
  CHECK(audio.protocol == "RTP/AVP");
  REQUIRE(audio.format_count == 3);
  CHECK(audio.formats[2].encoding == "G729");
  CHECK(audio.formats[2].payload_type == 18);
  CHECK(audio.direction == Direction::Inactive);
  REQUIRE(audio.address);
  CHECK(format_ip(*audio.address) == "192.0.2.7");
  CHECK(s->media[1].port == 0);  // refused
  CHECK(s->media[1].direction == Direction::SendRecv);
  CHECK_FALSE(s->malformed);
}

TEST_CASE("what the session says holds until the media says otherwise (RFC 8866 5.7, 6.7)") {
  const ParsedSession s(
      kHead +
      "c=IN IP4 192.0.2.1/127\r\na=sendonly\r\na=fingerprint:sha-256 AA\r\n"
      "a=group:BUNDLE 0 1\r\nm=audio 4000/2 RTP/AVP 8\r\nc=IN IP6 2001:db8::20\r\n"
      "a=recvonly\r\nm=audio 4002 RTP/AVP 8\r\n");
  REQUIRE(s->media_count == 2);
  CHECK(s->bundle == "0 1");
  CHECK(format_ip(*s->media[0].address) == "2001:db8::20");
  CHECK(s->media[0].port_count == 2);
  CHECK(s->media[0].direction == Direction::RecvOnly);
  CHECK(format_ip(*s->media[1].address) == "192.0.2.1");
  CHECK(s->media[1].direction == Direction::SendOnly);
  CHECK(s->media[1].fingerprint == "sha-256 AA");
}

TEST_CASE("attributes of a media section") {
  const ParsedSession s(
      kHead +
      "m=audio 9 UDP/TLS/RTP/SAVPF 111 101\r\na=rtpmap:111 opus/48000/2\r\n"
      "a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:101 telephone-event/8000\r\n"
      "a=fmtp:101 0-16\r\na=ptime:20\r\na=maxptime:60\r\na=rtcp:9001 IN IP4 192.0.2.9\r\n"
      "a=rtcp-mux\r\na=mid:0\r\na=setup:actpass\r\na=ice-ufrag:F7gI\r\na=ice-pwd:x9cml\r\n"
      "a=candidate:1 1 UDP 2130706431 192.0.2.1 8998 typ host\r\n"
      "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
      "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32\r\n");
  REQUIRE(s->media_count == 1);
  const Media& m = s->media[0];
  CHECK(m.formats[0].encoding == "opus");
  CHECK(m.formats[0].clock_hz == 48000);
  CHECK(m.formats[0].channels == 2);
  CHECK(m.formats[0].fmtp == "minptime=10;useinbandfec=1");
  CHECK(m.formats[1].fmtp == "0-16");
  CHECK(m.ptime_ms == 20);
  CHECK(m.maxptime_ms == 60);
  REQUIRE(m.rtcp);
  CHECK(format_endpoint(*m.rtcp) == "192.0.2.9:9001");
  CHECK(m.rtcp_mux);
  CHECK(m.mid == "0");
  CHECK(m.setup == "actpass");
  CHECK(m.candidate_count == 1);
  REQUIRE(m.crypto_count == 1);
  CHECK(m.crypto[0].suite == "AES_CM_128_HMAC_SHA1_80");
  CHECK(m.crypto[0].valid);
  CHECK_FALSE(s->malformed);
}

TEST_CASE("static payload types need no rtpmap (RFC 3551 6)") {
  const ParsedSession s(kHead + "m=audio 4000 RTP/AVP 0 8 9 13 97\r\n");
  CHECK(s->media[0].formats[1].encoding == "PCMA");
  CHECK(s->media[0].formats[2].clock_hz == 8000);  // G722 runs on a clock of 8000 (RFC 3551 4.5.2)
  CHECK(s->media[0].formats[4].encoding.empty());
  CHECK(static_type(34).encoding == "H263");
}

TEST_CASE("T.38 over UDPTL") {
  const ParsedSession s(kHead +
                        "c=IN IP4 192.0.2.1\r\nm=image 4000 udptl t38\r\na=T38FaxVersion:0\r\n");
  REQUIRE(s->media_count == 1);
  CHECK(s->media[0].formats[0].text == "t38");
  CHECK(s->media[0].formats[0].payload_type == 255);
}

TEST_CASE("LF, lone CR and a missing last line end are taken (RFC 8866 5)") {
  for (const char* end : {"\n", "\r", "\r\n", "\n\n"}) {
    const std::string e = end;
    const ParsedSession s("v=0" + e + "c=IN IP4 192.0.2.1" + e + "m=audio 4000 RTP/AVP 8" + e +
                          "a=ptime:30");
    REQUIRE(s.ok);
    CHECK(s->media[0].ptime_ms == 30);
    CHECK(s->media[0].port == 4000);
  }
}

TEST_CASE("lines that cannot be read are passed over and noted") {
  const ParsedSession s(kHead +
                        "nonsense\r\nm=audio x RTP/AVP 8\r\na=rtpmap:8 PCMA/abc\r\na=ptime:20\r\n");
  REQUIRE(s.ok);
  CHECK(s->malformed);
  CHECK(s->media[0].port == 0);
  CHECK(s->media[0].ptime_ms == 20);
  CHECK_FALSE(ParsedSession("hello\r\nworld\r\n").ok);
  CHECK_FALSE(ParsedSession("").ok);
}

TEST_CASE("tables that are full say so, and hold what fits") {
  std::string body = kHead;
  for (int i = 0; i < 40; ++i) {
    body += "m=audio 4000 RTP/AVP";
    for (int k = 0; k < 100; ++k) body += " 96";
    body += "\r\na=ptime:20\r\n";
  }
  const ParsedSession s(body);
  REQUIRE(s.ok);
  CHECK(s->truncated);
  CHECK(s->media_count == Session::kMaxMedia);
  CHECK(s->media[0].format_count == Media::kMaxFormats);
}

TEST_CASE("a session is read anew each time") {
  const auto session = std::make_unique<Session>();
  REQUIRE(
      parse(kHead + "a=sendonly\r\nm=audio 1 RTP/AVP 0\r\na=mid:x\r\na=rtcp-mux\r\n", *session));
  REQUIRE(parse("v=0\r\nm=video 2 RTP/AVP 31\r\n", *session));
  CHECK(session->media_count == 1);
  CHECK(session->media[0].media == "video");
  CHECK(session->media[0].mid.empty());
  CHECK_FALSE(session->media[0].rtcp_mux);
  CHECK(session->direction == Direction::SendRecv);
  CHECK(session->origin_user.empty());
}

TEST_CASE("property: any lines") {
  CHECK(rc::check("views lie within the body", [](const std::string& noise) {
    const auto line = *rc::gen::elementOf(std::vector<std::string>{
        "m=audio 1 RTP/AVP 0 8\r\n", "a=rtpmap:0 x/8000\r\n", "c=IN IP4 1.2.3.4\r\n",
        "a=rtcp:1\r\n", "a=crypto:1 x inline:y\r\n"});
    const ParsedSession s("v=0\r\n" + line + noise + "\r\n" + line);
    RC_ASSERT(s.ok);
    for (const Media& m : s->media_list()) {
      for (const Format& f : m.format_list()) {
        RC_ASSERT(f.text.data() >= s.text.data() &&
                  f.text.data() + f.text.size() <= s.text.data() + s.text.size());
      }
    }
  }));
}
