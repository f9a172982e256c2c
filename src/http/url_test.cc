#include "http/url.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace siploom;
using namespace siploom::http;

TEST_CASE("percent coding there and back, of any octets") {
  CHECK(percent_encode("a b/c~%") == "a%20b%2Fc~%25");
  CHECK(percent_encode("a/b", "/") == "a/b");
  CHECK(percent_decode("a+b%2fc").value() == "a+b/c");
  CHECK(percent_decode("a+b", Plus::IsBlank).value() == "a b");
  for (const char* bad : {"%", "%1", "%zz", "a%2", "%%20"}) CHECK_FALSE(percent_decode(bad));
  CHECK(rc::check("decode(encode(x)) == x", [](const std::string& text) {
    RC_ASSERT(percent_decode(percent_encode(text)).value() == text);
  }));
}

TEST_CASE("queries: order, names that come again, empty ones, limits") {
  const auto q = parse_query("a=1&b=x+y&a=%C3%A4&flag&=v&&c=a=b");
  REQUIRE(q);
  CHECK(q->list.size() == 6);
  CHECK(q->get("a") == "1");
  CHECK(q->all("a").size() == 2);
  CHECK(q->all("a")[1] == "\xC3\xA4");
  CHECK(q->get("b") == "x y");
  CHECK(q->find("flag").value() == "");
  CHECK(q->get("c") == "a=b");
  CHECK(q->get("none", "other") == "other");
  CHECK_FALSE(q->find("none"));
  CHECK(parse_query("a=%4").error().code == ErrorCode::Malformed);
  std::string many;
  for (size_t i = 0; i <= kParametersMax; ++i) many += "a=1&";
  CHECK(parse_query(many).error().code == ErrorCode::LimitExceeded);
}

TEST_CASE("targets: segments tell %2F from a slash; dot segments and controls are refused") {
  const auto t = parse_target("/api/calls/a%2Fb@c?x=1&y");
  REQUIRE(t);
  CHECK(t->segments == std::vector<std::string>{"api", "calls", "a/b@c"});
  CHECK(t->path == "/api/calls/a/b@c");
  CHECK(t->query == "x=1&y");
  CHECK(parse_target("http://host:80/x?q")->path == "/x");
  CHECK(parse_target("https://host")->raw_path == "/");
  CHECK(parse_target("/a/")->segments == std::vector<std::string>{"a", ""});
  CHECK(parse_target("*")->segments.empty());
  for (const char* bad : {"", "x", "/..", "/a/../b", "/%2e%2E/x", "/.", "/a%00b", "/a%0ab", "/%q"})
    CHECK_MESSAGE(!parse_target(bad).has_value(), bad);
  std::string deep;
  for (size_t i = 0; i <= kPathSegmentsMax; ++i) deep += "/a";
  CHECK(parse_target(deep).error().code == ErrorCode::LimitExceeded);
}

TEST_CASE("no target makes a path that leaves its folder") {
  CHECK(rc::check([](const std::vector<uint8_t>& picks) {
    constexpr const char* kParts[] = {"/", "..",  ".", "%2e", "%2E%2e",
                                      "a", "%2f", "?", "\\",  "%5c"};
    std::string text = "/";
    for (const uint8_t pick : picks) text += kParts[pick % std::size(kParts)];
    const auto target = parse_target(text);
    if (!target) return;
    for (const std::string& segment : target->segments) RC_ASSERT(segment != "..");
  }));
}

TEST_CASE("URLs of servers") {
  const auto url = parse_url("https://desk.example.org/api?x=1#top");
  REQUIRE(url);
  CHECK(url->tls);
  CHECK(url->host == "desk.example.org");
  CHECK(url->port == 443);
  CHECK(url->target == "/api?x=1");
  CHECK(url->authority() == "desk.example.org");
  const auto v6 = parse_url("http://[2001:db8::1]:8080");
  REQUIRE(v6);
  CHECK(v6->host == "2001:db8::1");
  CHECK(v6->port == 8080);
  CHECK(v6->target == "/");
  CHECK(v6->authority() == "[2001:db8::1]:8080");
  CHECK(parse_url("http://h?x")->target == "/?x");
  for (const char* bad :
       {"", "desk", "ftp://x", "http://", "http://u:p@h/", "http://h:0/", "http://h:99999",
        "http://h/a b", "http://h\r\n/", "http://[::1", "http://h:"})
    CHECK_MESSAGE((!parse_url(bad).has_value() || parse_url(bad)->port == 80), bad);
  CHECK_FALSE(parse_url("http://h/a\r\nX: y"));
  CHECK(parse_url("gopher://x").error().message.find("https://") != std::string::npos);
}

TEST_CASE("what may stand in a Host header") {
  for (const char* good : {"a", "a.b-c:80", "10.0.0.1", "[::1]:443", "[::1]"})
    CHECK_MESSAGE(is_authority(good), good);
  for (const char* bad : {"", "a b", "a/b", "u@h", "[::1", "[x]", "a:b", "a:1:2", ":80", "a\"b"})
    CHECK_MESSAGE(!is_authority(bad), bad);
}
