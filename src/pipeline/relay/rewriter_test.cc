#include "pipeline/relay/rewriter.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "intake/test_support.h"
#include "wire/hep/encode.h"
#include "wire/hep/hep.h"

namespace siploom::pipeline::relay {

namespace {

using intake::test::be16;
using intake::test::chunk;
using intake::test::hep1;
using intake::test::hep3;
using Outcome = Rewriter::Outcome;

const std::string kHead =
    "INVITE sip:b@y SIP/2.0\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\nContent-Length: 6\r\n\r\n";

struct Rewritten {
  Rewritten(const std::string& message, Rewriter::Edits edits) {
    Rewriter rewriter(std::move(edits));
    outcome = rewriter.rewrite(as_bytes(message), octets);
    if (outcome == Outcome::AsItWas) octets = message;
    ok = hep::decode(as_bytes(octets), packet, scratch);
  }
  Outcome outcome;
  std::string octets, scratch;
  hep::Packet packet;
  bool ok = false;
};

Rewriter::Edits mask() { return {{}, false, true}; }
Rewriter::Edits key(std::string text) { return {std::move(text), false, false}; }

std::string framed(const std::string& chunks) { return "HEP3" + be16(chunks.size() + 6) + chunks; }

}  // namespace

TEST_CASE("without edits a message stays as it was, whatever it is") {
  rc::check([](const std::string& octets) {
    std::string out = "before";
    RC_ASSERT(Rewriter({}).rewrite(as_bytes(octets), out) == Outcome::AsItWas);
    RC_ASSERT(out == "before");
  });
}

TEST_CASE("a key is replaced, or put in front of the payload; unknown chunks stay") {
  const std::string vendors = chunk(0x80, "conversation", 8) + chunk(0x77, "later", 0);
  const std::string plain = hep3(kHead);
  const std::string message = framed(plain.substr(6) + vendors);
  const Rewritten added(message, key("new one"));
  REQUIRE(added.outcome == Outcome::Changed);
  CHECK(added.octets.size() == message.size() + 6 + 7);
  CHECK(added.packet.auth_key == "new one");
  CHECK(added.octets.ends_with(vendors));
  CHECK(added.octets.find("new one") < added.octets.find("INVITE"));
  CHECK(added.packet.quirks.empty());

  const Rewritten replaced(hep3(kHead, "old"), key("new one"));
  CHECK(replaced.packet.auth_key == "new one");
  CHECK(replaced.octets.find("old") == std::string::npos);
  CHECK(replaced.octets.size() == hep3(kHead).size() + 6 + 7);
  // Twice, and behind the payload.
  const Rewritten twice(framed(hep3(kHead, "old").substr(6) + chunk(14, "older")), key("k"));
  CHECK(twice.octets.find("old") == std::string::npos);
  CHECK(twice.packet.auth_key == "k");
}

TEST_CASE("a key goes into a message that is gzip as a whole, and not into v1") {
  const std::string zipped = hep::compress(as_bytes(hep3(kHead, "old")), hep::Compression::Gzip);
  const Rewritten read(zipped, key("new"));
  CHECK(read.outcome == Outcome::Changed);
  CHECK(read.packet.auth_key == "new");
  CHECK(as_text(read.packet.payload) == kHead);
  CHECK(Rewritten(hep1(), key("new")).outcome == Outcome::AsItWas);
}

TEST_CASE("what a key would make longer than a HEP message is told") {
  const std::string message = hep3(std::string(65'450, 'p'));
  CHECK(Rewritten(message, key("k")).outcome == Outcome::Changed);
  CHECK(Rewritten(message, key(std::string(100, 'k'))).outcome == Outcome::TooLarge);
}

TEST_CASE("a payload is compressed when that gains, and means the same") {
  const std::string large = kHead + std::string(3'000, 'b') + "end";
  const Rewritten read(hep3(large), {{}, true, false});
  CHECK(read.octets.size() < 1'000);
  CHECK(as_text(read.packet.payload) == large);
  CHECK(read.packet.inflated);
  const Rewritten small(hep3("SIP"), {{}, true, false});
  CHECK(small.octets == hep3("SIP"));
}

TEST_CASE("bodies of SIP are masked in every form of message") {
  const std::string sip = kHead + "secret";
  const std::string masked = kHead + "xxxxxx";
  const Rewritten plain(hep3(sip), mask());
  CHECK(plain.octets == hep3(masked));
  const std::string zlib = hep::compress(as_bytes(sip), hep::Compression::Zlib);
  std::string compressed = hep3("");
  compressed = framed(compressed.substr(6, compressed.size() - 12) + chunk(0x10, zlib));
  const Rewritten inner(compressed, mask());
  CHECK(inner.packet.inflated);
  CHECK(as_text(inner.packet.payload) == masked);
  const Rewritten whole(hep::compress(as_bytes(hep3(sip)), hep::Compression::Gzip), mask());
  CHECK(whole.octets == hep3(masked));
  CHECK(Rewritten(hep1() + "secret", mask()).octets == hep1() + "xxxxxx");
  // Both payloads, and one that runs over the end.
  const Rewritten both(framed(hep3(sip).substr(6) + chunk(0x10, zlib) + chunk(0x0f, sip)), mask());
  CHECK(both.octets.find("secret") == std::string::npos);
  std::string cut = hep3(sip);
  cut.pop_back();
  CHECK(as_text(Rewritten(cut, mask()).packet.payload) == kHead + "xxxxx");
}

TEST_CASE("what is no SIP is not masked; what cannot be masked is withheld") {
  CHECK(Rewritten(hep3("{\"ssrc\": 1}"), mask()).octets == hep3("{\"ssrc\": 1}"));
  CHECK(Rewritten(hep3("{\"payload\": \"SIP/2.0 200 OK\"}"), mask()).outcome == Outcome::Withheld);
  CHECK(Rewritten("\x1f\x8b\x08garbage", mask()).outcome == Outcome::Withheld);
  CHECK(Rewritten(framed(hep3(kHead).substr(6) + be16(0) + be16(9) + be16(3) + "abc"), mask())
            .outcome == Outcome::Withheld);
}

TEST_CASE("headers with other line ends, and blank lines before the message") {
  const auto masked = [](std::string text) {
    REQUIRE(mask_sip_body({reinterpret_cast<uint8_t*>(text.data()), text.size()}));
    return text;
  };
  CHECK(masked("OPTIONS sip:a SIP/2.0\nCall-ID: 1\n\nbody") ==
        "OPTIONS sip:a SIP/2.0\nCall-ID: 1\n\nxxxx");
  CHECK(masked("\r\n\r\nOPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\nbody") ==
        "\r\n\r\nOPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\nxxxx");
  CHECK(masked("SIP/2.0 200 OK\r\nCall-ID: 1") == "SIP/2.0 200 OK\r\nCall-ID: 1");
}

TEST_CASE("hostile octets change nothing they should not and are bounded") {
  rc::check([](std::string tail, bool compress, bool masks) {
    std::string message = framed(hep3(kHead + "v=0").substr(6) + tail);
    std::string out;
    Rewriter rewriter({"key", compress, masks});
    const Outcome outcome = rewriter.rewrite(as_bytes(message), out);
    RC_ASSERT(outcome == Outcome::Changed || outcome == Outcome::Withheld);
    if (outcome == Outcome::Changed) {
      RC_ASSERT(out.size() <= hep::kMaxMessageBytes);
      RC_ASSERT(load_be16(as_bytes(out).data() + 4) == out.size());
    }
  });
}

}  // namespace siploom::pipeline::relay
