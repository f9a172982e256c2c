// Values of headers: URIs, addresses, parameters, Via, bodies; and what SIP looks like.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <memory>

#include "base/text.h"
#include "wire/sip/address.h"
#include "wire/sip/body.h"
#include "wire/sip/header_id.h"
#include "wire/sip/lint.h"
#include "wire/sip/message.h"
#include "wire/sip/params.h"
#include "wire/sip/shape.h"
#include "wire/sip/uri.h"
#include "wire/sip/via.h"

using namespace siploom;
using namespace siploom::sip;

TEST_CASE("URIs (RFC 3261 19.1.1)") {
  const auto full =
      parse_uri("sips:alice:secret@[2001:db8::10]:5071;transport=tcp;lr?Subject=a%20b");
  REQUIRE(full);
  CHECK(full->scheme == "sips");
  CHECK(full->user == "alice");
  CHECK(full->password == "secret");
  CHECK(full->host == "2001:db8::10");
  CHECK(full->port == 5071);
  CHECK(full->params == ";transport=tcp;lr");
  CHECK(full->headers == "Subject=a%20b");
  const auto host_only = parse_uri("sip:example.com");
  REQUIRE(host_only);
  CHECK(host_only->user.empty());
  CHECK(host_only->host == "example.com");
  CHECK(host_only->port == 0);
  const auto number = parse_uri("tel:+1-201-555-0123;ext=7");
  REQUIRE(number);
  CHECK(number->user == "+1-201-555-0123");
  CHECK(number->host.empty());
  // RFC 4475 3.1.1.9: parameters inside the user part.
  const auto semicolon = parse_uri("sip:user;par=u%40example.net@example.com");
  REQUIRE(semicolon);
  CHECK(semicolon->user == "user;par=u%40example.net");
  CHECK(semicolon->host == "example.com");
  // RFC 5118 4.3: the last group belongs to the address.
  const auto ambiguous = parse_uri("sip:[2001:db8::10:5070]");
  REQUIRE(ambiguous);
  CHECK(ambiguous->host == "2001:db8::10:5070");
  CHECK(ambiguous->port == 0);
  CHECK_FALSE(parse_uri("no scheme at all"));
}

TEST_CASE("addresses (RFC 3261 20.10, 25.1)") {
  const auto quoted = parse_address("\"A. \\\"B\\\" <x>\" <sip:a@h;p=1>;tag=77;x=\"y;z\"");
  REQUIRE(quoted);
  CHECK(unquote(quoted->display) == "A. \"B\" <x>");
  CHECK(quoted->uri.user == "a");
  CHECK(quoted->uri.params == ";p=1");
  CHECK(quoted->tag() == "77");
  CHECK(find_param(quoted->params, "X") == "y;z");
  // Without <> the parameters are the header's.
  const auto bare = parse_address("sip:a@h;tag=9");
  REQUIRE(bare);
  CHECK(bare->uri.host == "h");
  CHECK(bare->tag() == "9");
  const auto close = parse_address("caller<sip:caller@example.com>;tag=323");  // RFC 4475 3.1.1.6
  REQUIRE(close);
  CHECK(close->display == "caller");
  CHECK(close->tag() == "323");
  const auto any = parse_address("*");
  REQUIRE(any);
  CHECK(any->any);
}

TEST_CASE("parameters") {
  std::string_view rest = ";a=1 ; flag ;c=\"x;\\\"y\" ;d=";
  Param p;
  REQUIRE(take_param(rest, p));
  CHECK((p.name == "a" && p.value == "1"));
  REQUIRE(take_param(rest, p));
  CHECK((p.name == "flag" && !p.has_value));
  REQUIRE(take_param(rest, p));
  CHECK((p.name == "c" && p.value == "x;\\\"y"));
  REQUIRE(take_param(rest, p));
  CHECK((p.name == "d" && p.value.empty() && p.has_value));
  CHECK_FALSE(take_param(rest, p));
  CHECK(find_param("realm=\"a,b\", nonce=\"n\"", "nonce", ',') == "n");
  CHECK(find_param(";lr;x=1", "LR") == "");
  CHECK_FALSE(find_param(";lr;x=1", "l"));
  CHECK(unescape("%41%62%00c%zz%4") == std::string("Ab\0c%zz%4", 9));
}

TEST_CASE("Via (RFC 3261 20.42, RFC 3581)") {
  const auto spaced = parse_via("SIP / 2.0 / UDP\t192.0.2.1 : 5060 ;branch=z9hG4bK77;rport;x");
  REQUIRE(spaced);
  CHECK(spaced->transport == "UDP");
  CHECK(spaced->host == "192.0.2.1");
  CHECK(spaced->port == 5060);
  CHECK(spaced->branch == "z9hG4bK77");
  CHECK(spaced->has_rport);
  CHECK(spaced->rport == 0);
  const auto v6 = parse_via("SIP/2.0/TLS [2001:db8::1];received=[2001:db8::9];rport=4711;branch=b");
  REQUIRE(v6);
  CHECK(v6->host == "2001:db8::1");
  CHECK(v6->port == 0);
  CHECK(v6->received.find("2001:db8::9") != std::string_view::npos);
  CHECK(v6->rport == 4711);
  CHECK_FALSE(parse_via("nonsense"));
}

TEST_CASE("multipart bodies are opened (RFC 2046 5.1)") {
  const std::string text =
      "INVITE sip:b@y SIP/2.0\r\nCall-ID: 1\r\nContent-Type: "
      "multipart/mixed;boundary=\"xx\"\r\n\r\n"
      "preamble\r\n--xx\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 "
      "h\r\n\r\n--xx\r\n"
      "Content-Type: application/ISUP;version=x\r\n\r\n\x01\x02\r\n--xx--\r\n";
  const auto view = std::make_unique<MessageView>();
  REQUIRE(view->parse(as_bytes(text)));
  const auto parts = body_parts(*view);
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].content_type == "application/sdp");
  CHECK(parts[1].content_type == "application/ISUP");
  CHECK(parts[1].content == "\x01\x02");
  CHECK(find_sdp(*view).starts_with("v=0"));
}

TEST_CASE("header names: full, compact, any case; others are others") {
  CHECK(header_id("Call-ID") == HeaderId::CallId);
  CHECK(header_id("CALL-id") == HeaderId::CallId);
  CHECK(header_id("I") == HeaderId::CallId);
  CHECK(header_id("v") == HeaderId::Via);
  CHECK(header_id("x") == HeaderId::SessionExpires);
  CHECK(header_id("Proxy-Authorization") == HeaderId::ProxyAuthorization);
  CHECK(header_id("P-Asserted-Identity") == HeaderId::PAssertedIdentity);
  for (const char* other : {"", "X-Trunk", "Call-I", "Call-IDs", "q", "Vio", "\xff\xfe"}) {
    CHECK(header_id(other) == HeaderId::Other);
  }
}

TEST_CASE("SIP is told by its shape, on any port") {
  for (const char* sip :
       {"INVITE sip:a@b SIP/2.0\r\n", "SIP/2.0 200 OK\r\n", "\r\n\r\nOPTIONS sip:x SIP/2.0\r\n",
        "NEWMETHOD tel:+1 SIP/2.0\r\n", "sip/2.0 180 Ringing\r\n", "REGISTER sip:a;b=c SIP/2.0\n",
        "OPTIONS sip:t.watson@example.org SIP/7.0\r\n", "INVITE sip:someone-cut-off-by-snaplen"}) {
    CAPTURE(sip);
    CHECK(looks_like_sip(as_bytes(std::string_view(sip))));
  }
  for (const char* other :
       {"", "\r\n\r\n", "GET / HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", "OPTIONS * RTSP/1.0\r\n",
        "MSRP a786hjs2 SEND\r\n", "NOTIFY * HTTP/1.1\r\n", "SIP is a protocol", "SIP/2.0",
        "M-SEARCH * HTTP/1.1\r\n", "<xml/>", "INVITE everybody to the party", "\x80\x00\x01\x02"}) {
    CAPTURE(other);
    CHECK_FALSE(looks_like_sip(as_bytes(std::string_view(other))));
  }
}

TEST_CASE("lint names what a look does not (RFC 4475 3.1.2)") {
  const auto notes = [](const std::string& headers) {
    const auto view = std::make_unique<MessageView>();
    const std::string text =
        "INVITE sip:b@y SIP/2.0\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" + headers + "\r\n";
    REQUIRE(view->parse(as_bytes(text)));
    return lint(*view);
  };
  CHECK(notes("Via: SIP/2.0/UDP h;branch=z9hG4bK\r\n").has(Note::BadBranch));
  CHECK(notes("Date: Fri, 01 Jan 2010 16:00:00 EST\r\n").has(Note::BadDate));
  CHECK_FALSE(notes("Date: Fri, 01 Jan 2010 16:00:00 GMT\r\n").has(Note::BadDate));
  CHECK(notes("To: \"Mr. J. User <sip:j@h>\r\n").has(Note::UnbalancedQuotes));
}

TEST_CASE("property: value parsers take any octets") {
  CHECK(rc::check("views lie within the text", [](const std::string& text) {
    const auto within = [&](std::string_view v) {
      return v.data() == nullptr ||
             (v.data() >= text.data() && v.data() + v.size() <= text.data() + text.size());
    };
    if (const auto uri = parse_uri(text)) {
      RC_ASSERT(within(uri->user) && within(uri->host) && within(uri->params));
    }
    if (const auto address = parse_address(text)) {
      RC_ASSERT(within(address->display) && within(address->uri_text) && within(address->params));
    }
    if (const auto via = parse_via(text)) RC_ASSERT(within(via->host) && within(via->branch));
    std::string_view rest = text;
    size_t items = 0;
    while (!rest.empty()) {
      RC_ASSERT(within(take_list_item(rest)));
      RC_ASSERT(++items <= text.size() + 1);
    }
    unescape(text);
    unquote(text);
    looks_like_sip(as_bytes(text));
  }));
}
