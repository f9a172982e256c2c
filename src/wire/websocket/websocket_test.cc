#include "wire/websocket/websocket.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "base/text.h"

using namespace siploom;
using websocket::Reader;
using websocket::Step;

namespace {

std::string frame_of(std::string_view payload, unsigned opcode, bool last, bool masked) {
  std::string out(1, static_cast<char>((last ? 0x80u : 0u) | opcode));
  const unsigned mask_bit = masked ? 0x80u : 0u;
  if (payload.size() < 126) {
    out += static_cast<char>(mask_bit | payload.size());
  } else if (payload.size() < 65'536) {
    out += static_cast<char>(mask_bit | 126u);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size());
  } else {
    out += static_cast<char>(mask_bit | 127u);
    for (int shift = 56; shift >= 0; shift -= 8) {
      out += static_cast<char>(uint64_t{payload.size()} >> shift);
    }
  }
  if (!masked) return out.append(payload);
  const std::string key = "\x37\xfa\x21\x3d";
  out += key;
  for (size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ key[i % 4]);
  return out;
}

std::vector<std::string> read(std::string_view stream, size_t piece) {
  std::vector<std::string> out;
  Reader reader;
  std::string held;
  for (size_t at = 0; at < stream.size(); at += piece) {
    held += stream.substr(at, piece);
    while (true) {
      size_t used = 0;
      const Step step = reader.next(as_bytes(held), used);
      REQUIRE(used <= held.size());
      if (step == Step::NeedMore || step == Step::Bad) break;
      if (step == Step::Message) out.emplace_back(as_text(reader.message()));
      held.erase(0, used);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("the examples of RFC 6455 5.7") {
  const std::string single("\x81\x05Hello", 7);
  CHECK(read(single, 100) == std::vector<std::string>{"Hello"});
  const std::string masked("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
  CHECK(read(masked, 100) == std::vector<std::string>{"Hello"});
  const std::string fragments = std::string("\x01\x03Hel", 5) + std::string("\x80\x02lo", 4);
  CHECK(read(fragments, 100) == std::vector<std::string>{"Hello"});
}

TEST_CASE("any cut of a stream gives the same messages") {
  const std::string ping = frame_of("are you there", 9, true, true);
  const std::string large(70'000, 'L');
  const std::string stream = frame_of("INVITE sip:a SIP/2.0\r\n", 1, false, true) + ping +
                             frame_of("", 0, false, true) + frame_of("\r\n", 0, true, true) +
                             frame_of(std::string(126, 'm'), 2, true, false) + ping;
  const std::vector<std::string> expected{"INVITE sip:a SIP/2.0\r\n\r\n", std::string(126, 'm')};
  for (size_t piece = 1; piece <= stream.size(); ++piece) REQUIRE(read(stream, piece) == expected);
  CHECK(read(frame_of(large, 1, true, true), 1000) == std::vector<std::string>{large});
}

TEST_CASE("a frame that is too large is bad, not waited for") {
  Reader reader;
  size_t used = 0;
  const std::string huge("\x81\x7f\x00\x00\x00\x7f\xff\xff\xff\xff", 10);
  CHECK(reader.next(as_bytes(huge), used) == Step::Bad);
}

TEST_CASE("fragments that never end stay within the limit") {
  Reader reader;
  const std::string part = frame_of(std::string(60'000, 'x'), 0, false, false);
  size_t used = 0;
  reader.next(as_bytes(frame_of("x", 1, false, false)), used);
  Step step = Step::Control;
  for (int i = 0; i < 100 && step != Step::Bad; ++i) step = reader.next(as_bytes(part), used);
  CHECK(step == Step::Bad);
}

TEST_CASE("the HTTP upgrade is passed over (RFC 7118 4)") {
  const std::string head =
      "GET /ws HTTP/1.1\r\nHost: h\r\nupgrade: WebSocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
  CHECK(websocket::upgrade_head_length(as_bytes(head + "rest")) == head.size());
  CHECK(websocket::upgrade_head_length(as_bytes(head.substr(0, 40))) == websocket::kNeedMore);
  const std::string plain = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  CHECK(websocket::upgrade_head_length(as_bytes(plain)) == 0);
  CHECK(websocket::upgrade_head_length(as_bytes(std::string("INVITE sip:a SIP/2.0\r\n"))) == 0);
}

TEST_CASE("a frame in mid stream is known by the SIP in it") {
  CHECK(websocket::looks_like_sip_frame(
      as_bytes(frame_of("INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n", 1, true, true))));
  CHECK_FALSE(websocket::looks_like_sip_frame(as_bytes(frame_of("{\"json\":1}", 1, true, true))));
  CHECK_FALSE(websocket::looks_like_sip_frame(as_bytes(std::string("SIP/2.0 200 OK\r\n"))));
}

TEST_CASE("property: any octets") {
  CHECK(rc::check("no more is used than there is", [](const std::string& stream) {
    Reader reader;
    std::string_view rest = stream;
    while (!rest.empty()) {
      size_t used = 0;
      const Step step = reader.next(as_bytes(rest), used);
      RC_ASSERT(used <= rest.size());
      if (step == Step::NeedMore || step == Step::Bad || used == 0) break;
      rest.remove_prefix(used);
    }
  }));
}
