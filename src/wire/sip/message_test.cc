#include "wire/sip/message.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <memory>
#include <string>

#include "base/text.h"

using namespace siploom;
using namespace siploom::sip;

namespace {

// A view is large, so each test keeps one on the heap.
struct ParsedMessage {
  explicit ParsedMessage(std::string octets, bool datagram = true)
      : text(std::move(octets)), view(std::make_unique<MessageView>()) {
    ok = view->parse(as_bytes(text), datagram);
  }
  const MessageView* operator->() const { return view.get(); }
  const MessageView& operator*() const { return *view; }
  std::string text;
  std::unique_ptr<MessageView> view;
  bool ok = false;
};

const std::string kHeaders =
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@y>\r\n"
    "Call-ID: id@x\r\nCSeq: 7 INVITE\r\n";

std::string invite(const std::string& more = "\r\n") {
  return "INVITE sip:b@y SIP/2.0\r\n" + kHeaders + more;
}

}  // namespace

TEST_CASE("a request: start line, headers, body (RFC 3261 7.1)") {
  const ParsedMessage m(invite("Content-Length: 4\r\n\r\nbody"));
  REQUIRE(m.ok);
  CHECK(m->is_request());
  CHECK(m->method() == "INVITE");
  CHECK(m->method_id() == Method::Invite);
  CHECK(m->request_uri() == "sip:b@y");
  CHECK(m->call_id() == "id@x");
  CHECK(m->cseq() == 7);
  CHECK(m->cseq_method() == "INVITE");
  CHECK(m->body() == "body");
  CHECK(m->header_count() == 6);
  CHECK(m->notes().empty());
}

TEST_CASE("a response: status, phrase, method of its CSeq (RFC 3261 7.2)") {
  const ParsedMessage m("SIP/2.0 486 Busy Here\r\n" + kHeaders + "\r\n");
  REQUIRE(m.ok);
  CHECK_FALSE(m->is_request());
  CHECK(m->status() == 486);
  CHECK(m->reason_phrase() == "Busy Here");
  CHECK(m->method_id() == Method::Invite);
  const ParsedMessage bare("SIP/2.0 100 \r\n" + kHeaders + "\r\n");
  REQUIRE(bare.ok);
  CHECK(bare->reason_phrase().empty());
}

TEST_CASE("compact forms, any case and blanks around the colon (RFC 3261 7.3.1, 7.3.3)") {
  const ParsedMessage m(
      "OPTIONS sip:b@y SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK2\r\nF : <sip:a@x>;tag=9\r\n"
      "t\t:\t<sip:b@y>\r\ni:compact@x\r\ncSeQ: 1 OPTIONS\r\nM: <sip:a@h>\r\nl: 0\r\n"
      "c: application/sdp\r\nk: 100rel\r\n\r\n");
  REQUIRE(m.ok);
  CHECK(m->first(HeaderId::From) == "<sip:a@x>;tag=9");
  CHECK(m->first(HeaderId::To) == "<sip:b@y>");
  CHECK(m->call_id() == "compact@x");
  CHECK(m->cseq() == 1);
  CHECK(m->first(HeaderId::Contact) == "<sip:a@h>");
  CHECK(m->first("content-type") == "application/sdp");
  CHECK(m->first("SUPPORTED") == "100rel");
  CHECK(m->notes().empty());
}

TEST_CASE("folded lines are one value (RFC 3261 7.3.1)") {
  const ParsedMessage m(
      invite("Subject: I know you're there,\r\n    pick up\r\n\tthe phone\r\n\r\n"));
  REQUIRE(m.ok);
  std::string scratch;
  CHECK(unfold(m->first(HeaderId::Subject), scratch) == "I know you're there, pick up the phone");
  CHECK(m->notes().empty());
}

TEST_CASE("LF alone and blank lines in front are read, and named (RFC 3261 7, 7.5)") {
  std::string text = invite("Content-Length: 2\r\n\r\nok");
  std::erase(text, '\r');
  const ParsedMessage m("\r\n\r\n" + text);
  REQUIRE(m.ok);
  CHECK(m->call_id() == "id@x");
  CHECK(m->body() == "ok");
  CHECK(m->notes().has(Note::LfOnlyLines));
  CHECK(m->notes().has(Note::LeadingBlankLines));
  CHECK_FALSE(m->notes().malformed());
  CHECK(m->raw() == text);
}

TEST_CASE("Content-Length and the datagram (RFC 3261 18.3)") {
  const ParsedMessage without(invite("\r\nall of it"));
  CHECK(without->body() == "all of it");
  const ParsedMessage shorter(invite("Content-Length: 3\r\n\r\nbodyEXTRA"));
  CHECK(shorter->body() == "bod");
  CHECK(shorter->trailing() == "yEXTRA");
  CHECK(shorter->notes().has(Note::TrailingBytes));
  const ParsedMessage longer(invite("Content-Length: 9999\r\n\r\nbody"));
  CHECK(longer->body() == "body");
  CHECK(longer->notes().has(Note::ContentLengthTooLong));
  const ParsedMessage broken(invite("Content-Length: -4\r\n\r\nbody"));
  CHECK(broken->body() == "body");
  CHECK(broken->notes().has(Note::BadContentLength));
}

TEST_CASE("several instances and comma lists (RFC 3261 7.3.1)") {
  const ParsedMessage m(
      invite("Route: <sip:p1;lr>, \"a, b\" <sip:p2;x=\",\";lr>\r\nX-Other: 1\r\n"
             "Route: <sip:p3,p4@h>\r\n\r\n"));
  std::vector<std::string> routes;
  for_each_value(*m, HeaderId::Route, [&](std::string_view v) { routes.emplace_back(v); });
  CHECK(routes ==
        std::vector<std::string>{"<sip:p1;lr>", "\"a, b\" <sip:p2;x=\",\";lr>", "<sip:p3,p4@h>"});
  CHECK(m->first("x-other") == "1");
  CHECK(m->first("x-absent").data() == nullptr);
}

TEST_CASE("unknown methods are methods (RFC 3261 7.1)") {
  const ParsedMessage m("N0nstandard!M%+_'~. sip:b@y SIP/2.0\r\n" + kHeaders + "\r\n");
  REQUIRE(m.ok);
  CHECK(m->method() == "N0nstandard!M%+_'~.");
  CHECK(m->method_id() == Method::Unknown);
  CHECK(method_from("invite") == Method::Unknown);  // case-sensitive
  for (const char* known :
       {"INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK", "SUBSCRIBE", "NOTIFY",
        "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE"}) {
    CHECK(method_from(known) != Method::Unknown);
  }
}

TEST_CASE("defects are named and the message stands") {
  const struct {
    std::string text;
    Note note;
  } cases[] = {{"INVITE sip:b@y SIP/2.0\r\nCall-ID: x\r\n\r\n", Note::MissingVia},
               {"INVITE sip:b@y SIP/2.0\r\nCall-ID: x\r\n\r\n", Note::MissingCSeq},
               {"INVITE sip:b@y SIP/2.0\r\nVia: x\r\n\r\n", Note::MissingCallId},
               {"INVITE  sip:b@y  SIP/2.0\r\n" + kHeaders + "\r\n", Note::StartLineSpacing},
               {"INVITE <sip:b@y> SIP/2.0\r\n" + kHeaders + "\r\n", Note::UriInBrackets},
               {"INVITE sip:b@y SIP/7.0\r\n" + kHeaders + "\r\n", Note::BadVersion},
               {"OPTIONS sip:b@y SIP/2.0\r\n" + kHeaders + "\r\n", Note::CSeqMethodMismatch},
               {invite("no colon here\r\n\r\n"), Note::BadHeaderLine},
               {invite("Call-ID: again\r\n\r\n"), Note::RepeatedHeader},
               {invite("X: 1"), Note::HeadersCut},
               {"INVITE sip:b@y SIP/2.0\r\nCSeq: 99999999999 INVITE\r\n\r\n", Note::BadCSeq},
               {"INVITE sip:b@y SIP/2.0\r\nCSeq: x INVITE\r\n\r\n", Note::BadCSeq},
               {"SIP/2.0 700 Odd\r\n" + kHeaders + "\r\n", Note::BadStatusCode}};
  for (const auto& each : cases) {
    CAPTURE(each.text);
    const ParsedMessage m(each.text);
    REQUIRE(m.ok);
    CHECK(m->notes().has(each.note));
    CHECK(m->notes().malformed());
    CHECK(note_text(each.note).find("RFC") != std::string_view::npos);
  }
}

TEST_CASE("what is no SIP message is refused") {
  for (const char* text : {"", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "SIP/2.0 20 OK\r\n\r\n",
                           "SIP/2.0 OK 200\r\n\r\n", "INVITE\r\n\r\n", " sip:x SIP/2.0\r\n\r\n"}) {
    CAPTURE(text);
    CHECK_FALSE(ParsedMessage(text).ok);
  }
}

TEST_CASE("more headers than the table holds: the first are kept, and it is said") {
  std::string text = invite("");
  for (int i = 0; i < 2000; ++i) text += fmt::format("X-{}: {}\r\n", i, i);
  const ParsedMessage m(text + "\r\nbody");
  REQUIRE(m.ok);
  CHECK(m->header_count() == MessageView::kMaxHeaders);
  CHECK(m->notes().has(Note::TooManyHeaders));
  CHECK(m->call_id() == "id@x");
  CHECK(m->body() == "body");
}

TEST_CASE("headers are found wherever the 64-octet blocks fall") {
  for (size_t pad = 0; pad < 200; ++pad) {
    const std::string filler(pad, 'p');
    const ParsedMessage m("INVITE sip:" + filler + "@y SIP/2.0\r\nX: " + filler + ":\r\n" +
                          kHeaders + "Z: " + filler + "\r\n\r\n" + filler);
    REQUIRE(m.ok);
    REQUIRE(m->call_id() == "id@x");
    REQUIRE(m->first("x") == filler + ":");
    REQUIRE(m->first("z") == filler);
    REQUIRE(m->body() == filler);
  }
}

TEST_CASE("property: whatever the octets, views lie within them") {
  CHECK(rc::check("a message with octets changed, taken out and put in", [] {
    std::string text = invite("Content-Length: 4\r\nContact: \"q\" <sip:a@h>\r\n\r\nbody");
    const int changes = *rc::gen::inRange(0, 12);
    for (int i = 0; i < changes && !text.empty(); ++i) {
      const auto at = *rc::gen::inRange<size_t>(0, text.size());
      const auto octet = *rc::gen::arbitrary<char>();
      switch (*rc::gen::inRange(0, 3)) {
        case 0:
          text[at] = octet;
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, octet);
      }
    }
    const ParsedMessage m(text);
    if (!m.ok) return;
    const auto within = [&](std::string_view v) {
      return v.data() == nullptr ||
             (v.data() >= m.text.data() && v.data() + v.size() <= m.text.data() + m.text.size());
    };
    RC_ASSERT(within(m->raw()) && within(m->body()) && within(m->call_id()) &&
              within(m->method()) && within(m->request_uri()) && within(m->trailing()));
    for (size_t i = 0; i < m->header_count(); ++i) {
      RC_ASSERT(within(m->name(m->slot(i))) && within(m->value(m->slot(i))));
    }
  }));
}
