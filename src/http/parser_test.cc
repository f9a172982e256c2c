#include "http/parser.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace siploom;
using namespace siploom::http;

namespace {

// What a parser makes of `bytes`, fed in pieces of these sizes.
std::string heard(const std::string& bytes, const std::vector<uint8_t>& sizes) {
  Parser parser(Parser::Kind::Request, 4096);
  std::string in, out;
  size_t next = 0, size_index = 0;
  for (int steps = 0; steps < 100'000; ++steps) {
    size_t used = 0;
    const ParseStep step = parser.feed(in, used);
    if (step == ParseStep::Header) {
      out += parser.method() + " " + parser.target() + "\n";
      for (const auto& [name, value] : parser.headers()) out += name + "=" + value + "\n";
    }
    if (step == ParseStep::Body) out += parser.piece();
    in.erase(0, used);
    if (step == ParseStep::Failed) return out + "(failed)";
    if (step == ParseStep::Done)
      return out + "(done " + std::to_string(bytes.size() - next + in.size()) + ")";
    if (step != ParseStep::NeedMore) continue;
    if (next == bytes.size()) return out + "(more)";
    const size_t size = sizes.empty() ? bytes.size() : sizes[size_index++ % sizes.size()] % 9 + 1u;
    in += bytes.substr(next, size);
    next = std::min(bytes.size(), next + size);
  }
  return "(endless)";
}

const std::string kChunked =
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;ext=\"1\"\r\nhello\r\n1\r\n!\r\n0\r\nHost: evil\r\n\r\n";

}  // namespace

TEST_CASE("requests are the same however they come in") {
  const std::string expected = "POST /x\nHost=a\nTransfer-Encoding=chunked\nhello!(done 0)";
  CHECK(heard(kChunked, {}) == expected);
  CHECK(rc::check([&](const std::vector<uint8_t>& sizes) {
    RC_ASSERT(heard(kChunked, sizes) == expected);
    RC_ASSERT(heard("GET / HTTP/1.1\r\nA: b\r\n\r\nGET", sizes).starts_with("GET /\nA=b\n(done "));
  }));
}

TEST_CASE("what could be read in two ways is refused") {
  for (const char* bad :
       {"GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1\r\nA : b\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        "fffffffffffffffff\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\x02"})
    CHECK_MESSAGE(heard(bad, {}).ends_with("(failed)"), bad);
}

TEST_CASE("a header has an end") {
  CHECK(heard("GET / HTTP/1.1\r\nA: " + std::string(5000, 'x'), {}).ends_with("(failed)"));
  CHECK(heard("GET /" + std::string(5000, 'x'), {}).ends_with("(failed)"));
}

TEST_CASE("any octets, in any pieces, come to an end") {
  CHECK(rc::check([](const std::vector<uint8_t>& picks, const std::vector<uint8_t>& sizes) {
    constexpr const char* kParts[] = {
        "\r\n", "0", "a",  ": ",   ";", "GET / HTTP/1.1\r\n",    "\r\n\r\n", "5\r\nhello\r\n", "\"",
        ",",    " ", "\t", "\xFF", "=", "Content-Length: 3\r\n", "\n",       "0\r\n\r\n"};
    for (const std::string& start : {std::string(), kChunked.substr(0, 57)}) {
      std::string text = start;
      for (const uint8_t pick : picks) text += kParts[pick % std::size(kParts)];
      RC_ASSERT(heard(text, sizes) != "(endless)");
    }
  }));
}

TEST_CASE("responses: bodies by length, by chunks, to the end, and none") {
  const auto body = [](std::string_view head, std::string_view rest, Parser::Kind kind) {
    Parser parser(kind, 4096);
    std::string in = std::string(head) + std::string(rest), out;
    for (;;) {
      size_t used = 0;
      const ParseStep step = parser.feed(in, used);
      if (step == ParseStep::Body) out += parser.piece();
      in.erase(0, used);
      if (step == ParseStep::Done) return out;
      if (step == ParseStep::Failed) return std::string("(failed)");
      if (step == ParseStep::NeedMore)
        return out + (parser.feed_end() == ParseStep::Done ? "" : "(cut)");
    }
  };
  constexpr auto kResponse = Parser::Kind::Response;
  CHECK(body("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "ab", kResponse) == "ab");
  CHECK(body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "ab", kResponse) == "ab(cut)");
  CHECK(body("HTTP/1.1 200 OK\r\n\r\n", "to the end", kResponse) == "to the end");
  CHECK(body("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "", kResponse) == "");
  CHECK(body("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "", Parser::Kind::HeadResponse) == "");
  CHECK(body("SMTP ready\r\n\r\n", "", kResponse) == "(failed)");
}
