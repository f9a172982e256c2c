#include "wire/sip/framer.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/text.h"

using namespace siploom;
using namespace siploom::sip;

namespace {

std::string message(int number, const std::string& body, const char* length_name) {
  return fmt::format(
      "MESSAGE sip:b@y SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK{0}\r\nCall-ID: {0}\r\n"
      "{1}: {2}\r\nCSeq: {0} MESSAGE\r\n\r\n{3}",
      number, length_name, body.size(), body);
}

// What a stream that comes in the given pieces is cut into.
std::vector<std::string> framed(std::string_view stream, const std::vector<size_t>& cuts) {
  std::vector<std::string> out;
  std::string held;
  FramerState state;
  const auto drain = [&] {
    while (!held.empty()) {
      const FrameResult r = frame_stream(as_bytes(held), state);
      if (r.step == FrameStep::NeedMore) return;
      REQUIRE(r.size > 0);
      REQUIRE(r.size <= held.size());
      if (r.step == FrameStep::Message) out.push_back(held.substr(0, r.size));
      held.erase(0, r.size);
      state = {};
    }
  };
  size_t from = 0;
  for (const size_t cut : cuts) {
    held += stream.substr(from, cut - from);
    from = cut;
    drain();
  }
  held += stream.substr(from);
  drain();
  return out;
}

}  // namespace

TEST_CASE("a stream cut at any octet gives the same messages") {
  const std::vector<std::string> messages = {
      message(1, "", "Content-Length"), message(2, "INVITE sip:x SIP/2.0\r\n\r\n", "l"),
      message(3, std::string(300, 'b'), "content-length"), message(4, "\r\n\r\n", "L")};
  const std::string stream =
      "\r\n\r\n" + messages[0] + messages[1] + "\r\n\r\n\r\n" + messages[2] + messages[3] + "\r\n";
  REQUIRE(framed(stream, {}) == messages);
  for (size_t cut = 1; cut < stream.size(); ++cut) {
    REQUIRE(framed(stream, {cut}) == messages);
    if (cut + 1 < stream.size()) REQUIRE(framed(stream, {cut, cut + 1}) == messages);
  }
  std::vector<size_t> everywhere;
  for (size_t cut = 1; cut < stream.size(); ++cut) everywhere.push_back(cut);
  CHECK(framed(stream, everywhere) == messages);
}

TEST_CASE("LF-only messages are cut out, too") {
  std::string text = message(1, "body", "Content-Length");
  std::erase(text, '\r');
  CHECK(framed(text + text, {}) == std::vector<std::string>{text, text});
}

TEST_CASE("without Content-Length a message ends with its headers (RFC 3261 20.14)") {
  const std::string bare = "OPTIONS sip:b@y SIP/2.0\r\nCall-ID: 1\r\n\r\n";
  const std::string next = message(2, "x", "Content-Length");
  CHECK(framed(bare + next, {}) == std::vector<std::string>{bare, next});
}

TEST_CASE("what is no SIP between messages is skipped") {
  const std::string one = message(1, "x", "Content-Length");
  const auto found = framed("\x16\x03\x01 garbage\r\nmore garbage\r\n\r\n" + one, {});
  REQUIRE_FALSE(found.empty());
  CHECK(found.back() == one);
}

TEST_CASE("a message that claims more than it may does not hold up the stream for ever") {
  const std::string huge =
      "INVITE sip:b@y SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 4294967295\r\n\r\n";
  FramerState state;
  const FrameResult r = frame_stream(as_bytes(huge), state);
  CHECK(r.step != FrameStep::NeedMore);
  const std::string endless = "INVITE sip:b@y SIP/2.0\r\nX: " + std::string(70'000, 'x');
  FramerState other;
  CHECK(frame_stream(as_bytes(endless), other).step != FrameStep::NeedMore);
}

TEST_CASE("of a stream that broke off, what has its start line is kept") {
  const std::string whole = message(1, std::string(50, 'b'), "Content-Length");
  const std::string cut = whole.substr(0, whole.size() - 10);
  CHECK(as_text(take_truncated(as_bytes(cut))) == cut);
  CHECK(has_whole_headers(as_bytes(cut)));
  CHECK_FALSE(has_whole_headers(as_bytes(whole.substr(0, 40))));
  const std::string middle = "tail of something\r\n" + cut;
  CHECK(as_text(take_truncated(as_bytes(middle))) == cut);
  CHECK(take_truncated(as_bytes(std::string("nothing of the kind"))).empty());
}
