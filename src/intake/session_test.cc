// A connection's octets without sockets: HTTP, WebSocket and HEP told apart and read.
#include "intake/session.h"

#include <rapidcheck.h>
#include <zlib.h>

#include "intake/hep_framer.h"
#include "intake/http_session.h"
#include "intake/test_support.h"
#include "intake/websocket_session.h"

using namespace siploom;
using namespace siploom::intake;
using namespace siploom::intake::test;
using capture::Carrier;

namespace {

struct Talk {
  explicit Talk(bool secure = false) : session(secure) {}
  Talk& say(std::string octets) {
    session.feed({reinterpret_cast<uint8_t*>(octets.data()), octets.size()}, notes);
    return *this;
  }
  std::string heard() { return std::exchange(session.output(), {}); }
  int status() {
    const std::string text = heard();
    return text.starts_with("HTTP/1.1 ") ? std::stoi(text.substr(9, 3)) : 0;
  }
  Session session;
  Notes notes;
};

int status_of(const std::string& request) { return Talk().say(request).status(); }

std::string chunked(const std::string& body, size_t step) {
  std::string out;
  char size[32];
  for (size_t at = 0; at < body.size(); at += step) {
    const std::string piece = body.substr(at, step);
    std::snprintf(size, sizeof size, "%zx;x=y\r\n", piece.size());
    out += size + piece + "\r\n";
  }
  return out + "0\r\nTrailer: x\r\n\r\n";
}

const std::string kChunkedHead = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("session: what it is shows in its first octets") {
  CHECK(Talk().say(hep3("a")).notes.last_carrier == Carrier::Tcp);
  CHECK(Talk(true).say(hep3("a")).notes.last_carrier == Carrier::Tls);
  CHECK(Talk().say(post(hep3("a"))).notes.last_carrier == Carrier::Http);
  CHECK(Talk(true).say(post(hep3("a"))).notes.last_carrier == Carrier::Https);
  CHECK(Talk().say(kUpgrade).say(websocket_frame(2, hep3("a"))).notes.last_carrier == Carrier::Ws);
  CHECK(Talk(true).say(kUpgrade + websocket_frame(2, hep3("a"))).notes.last_carrier ==
        Carrier::Wss);
  Talk head;
  head.say("HE");  // of HEP3 or of HEAD
  CHECK(head.session.phase() == Session::Phase::Opening);
  head.say("AD / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(head.status() == 405);
}

TEST_CASE("session: HEP without framing on a stream is refused") {
  for (const std::string& begin :
       {hep1(), std::string("\x02\x28\x0a"), std::string("\x1f\x8b\x08")}) {
    Talk talk;
    talk.say(begin);
    CHECK(talk.session.is_over());
    CHECK(talk.notes.dropped(Drop::Unframed) == 1);
    CHECK(talk.heard().empty());
  }
}

TEST_CASE("session: an agent that goes on in the middle of a message is found again") {
  Talk talk;
  talk.say(hep3("lost").substr(9) + hep3("good"));
  CHECK(talk.notes.messages == std::vector<std::string>{hep3("good")});
  CHECK(talk.notes.dropped(Drop::Resync) == 1);
}

TEST_CASE("http: a body is one message or several") {
  Talk talk;
  CHECK(talk.say(post(hep3("a") + hep3("b"))).heard() == "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(talk.say(post(hep1())).status() == 204);
  CHECK(talk.notes.messages == std::vector<std::string>{hep3("a"), hep3("b"), hep1()});
  CHECK_FALSE(talk.session.is_over());
}

TEST_CASE("http: pipelined requests cut at every octet") {
  const std::string all = post(hep3("a")) + kChunkedHead + chunked(hep3("b") + hep3("c"), 7) +
                          post(gzip(hep3("d")), "Content-Encoding: gzip\r\n");
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    Talk talk;
    talk.say(all.substr(0, cut)).say(all.substr(cut));
    REQUIRE(talk.notes.messages.size() == 4);
    CHECK(talk.heard() ==
          "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
          "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(talk.session.phase() == Session::Phase::Idle);
  }
}

TEST_CASE("http: Expect: 100-continue is answered before the body comes") {
  Talk talk;
  const std::string request = post(hep3("a"), "Expect: 100-continue\r\n");
  talk.say(request.substr(0, request.find("\r\n\r\n") + 4));
  CHECK(talk.heard() == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(talk.say(hep3("a")).status() == 204);
}

TEST_CASE("http: what was refused is said") {
  Talk talk;
  talk.notes.refuse_with = Drop::BadKey;
  const std::string text = talk.say(post(hep3("a"))).heard();
  CHECK(text.starts_with("HTTP/1.1 401 "));
  CHECK(text.find("WWW-Authenticate: ") != std::string::npos);
  CHECK(text.find("key") != std::string::npos);
  talk.notes.refuse_with = Drop::NotHep;
  CHECK(talk.say(post("no hep, but long enough to be")).status() == 400);
  talk.notes.refuse_with = Drop::NotAllowed;
  CHECK(talk.say(post(hep3("a"))).status() == 403);
  talk.notes.refuse_with = Drop::None;
  CHECK(talk.say(post(hep3("a") + hep3("cut").substr(0, 9))).status() == 202);
  CHECK(talk.say(post(std::string(70'000, 'x'))).status() == 413);
  CHECK(talk.say(post("")).status() == 400);
  CHECK_FALSE(talk.session.is_over());
}

TEST_CASE("http: heads that are refused") {
  const std::string host = "Host: x\r\n";
  CHECK(status_of("POST / HTTP/1.1\r\n" + host + "\r\n") == 411);
  CHECK(status_of("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n") == 400);  // no Host
  CHECK(status_of("POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\n" + host + "Content-Length: 5, 5\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\n" + host +
                  "Content-Length: 5\r\nContent-Length: 6\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\n" + host +
                  "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n") ==
        501);
  CHECK(status_of("POST / HTTP/1.1\r\n" + host + "Content-Length : 5\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\n" + host + "A: b\r\n folded\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/2.0\r\n" + host + "\r\n") == 505);
  CHECK(status_of("POST /\r\n" + host + "\r\n") == 505);
  CHECK(status_of("POST / HTTP/1.1\r\n" + host + host + "Content-Length: 5\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.1\r\n" + host + "Content-Encoding: br\r\n\r\n") == 415);
  CHECK(status_of("POST / HTTP/1.1\r\n" + host + "Expect: tea\r\n\r\n") == 417);
  CHECK(status_of("POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999\r\n\r\n") == 413);
  CHECK(status_of("DELETE / HTTP/1.1\r\n" + host + "\r\n") == 405);
  CHECK(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
  CHECK(status_of("GET / HTTP/1.1\r\n" + host + std::string("X: a\0b\r\n\r\n", 10)) == 400);
}

TEST_CASE("http: heads are bounded in octets and lines, however they come") {
  Talk large;
  large.say("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 2'000 && !large.session.is_over(); ++i) large.say("X: yyyyyyyyyy\r\n");
  CHECK(large.session.is_over());
  CHECK(large.status() == 431);
  CHECK(large.session.held_bytes() < 64 * 1024);
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "X: y\r\n";
  CHECK(status_of("GET / HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n") == 431);
  CHECK(status_of("GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n\r\n") == 431);
}

TEST_CASE("http: GET says what this port is, and the connection stays") {
  Talk talk;
  const std::string text = talk.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n").heard();
  CHECK(text.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(text.find("HEP") != std::string::npos);
  CHECK_FALSE(talk.session.is_over());
  CHECK(talk.say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status() == 200);
  CHECK(talk.session.is_over());
  Talk old;
  CHECK(old.say("GET / HTTP/1.0\r\n\r\n").status() == 200);
  CHECK(old.session.is_over());
}

TEST_CASE("http: broken and bottomless bodies") {
  CHECK(status_of(kChunkedHead + "xyz\r\n") == 400);
  CHECK(status_of(kChunkedHead + "3\r\nabcdef") == 400);
  CHECK(status_of(kChunkedHead + "3\nabc\r\n") == 400);
  CHECK(status_of(kChunkedHead + "ffffffffffffffff\r\n") == 400);
  CHECK(status_of(kChunkedHead + std::string(1'000, '1')) == 400);
  CHECK(status_of(post("not gzip at all", "Content-Encoding: gzip\r\n")) == 400);
  const std::string whole = gzip(hep3("a"));
  CHECK(status_of(post(whole.substr(0, whole.size() - 4), "Content-Encoding: gzip\r\n")) == 400);
  CHECK(status_of(post(whole + "more", "Content-Encoding: gzip\r\n")) == 400);
  CHECK(status_of(post(gzip(hep3("a"), 15), "Content-Encoding: deflate\r\n")) == 204);
  const std::string bomb = gzip(std::string(16u << 20, 'x'));
  Talk talk;
  CHECK(talk.say(post(bomb, "Content-Encoding: gzip\r\n")).status() == 413);
  CHECK(talk.session.is_over());
  CHECK(talk.notes.dropped(Drop::Oversize) == 1);
  // Chunks without an end.
  Talk endless;
  endless.say(kChunkedHead);
  const std::string chunk_of_it = "10000\r\n" + std::string(65'536, 'x') + "\r\n";
  for (int i = 0; i < 200 && !endless.session.is_over(); ++i) endless.say(chunk_of_it);
  CHECK(endless.session.is_over());
  CHECK(endless.status() == 413);
}

TEST_CASE("http: a sender that never reads its answers is cut off") {
  Talk talk;
  std::string requests;
  for (int i = 0; i < 4'000; ++i) requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  talk.say(requests);
  CHECK(talk.session.is_over());
  CHECK(talk.heard().empty());
}

TEST_CASE("websocket: the handshake of RFC 6455 1.3") {
  Talk talk;
  const std::string text = talk.say(kUpgrade).heard();
  CHECK(text.starts_with("HTTP/1.1 101 "));
  CHECK(text.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  CHECK(text.find("Sec-WebSocket-Protocol: hep\r\n") != std::string::npos);
  std::string old = kUpgrade, keyless = kUpgrade;
  old.replace(old.find("Version: 13"), 11, "Version: 8 ");
  CHECK(status_of(old) == 426);
  keyless.replace(keyless.find("dGhl"), 4, "####");
  CHECK(status_of(keyless) == 400);
}

TEST_CASE("websocket: messages, fragments and control frames, cut at every octet") {
  const std::string all = kUpgrade + websocket_frame(2, hep3("a") + hep3("b")) +
                          websocket_frame(2, hep3("c").substr(0, 11), false) +
                          websocket_frame(9, "are you there") + websocket_frame(0, "", false) +
                          websocket_frame(0, hep3("c").substr(11)) + websocket_frame(2, hep1()) +
                          websocket_frame(10, "") + websocket_frame(8, "\x03\xe8 bye");
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    Talk talk;
    talk.say(all.substr(0, cut)).say(all.substr(cut));
    REQUIRE(talk.notes.messages ==
            std::vector<std::string>{hep3("a"), hep3("b"), hep3("c"), hep1()});
    const std::string heard = talk.heard();
    CHECK(heard.ends_with(std::string("\x8a\x0d") + "are you there" + "\x88\x02\x03\xe8"));
    CHECK(talk.session.is_over());
  }
}

TEST_CASE("websocket: frames that end the connection") {
  const auto closes_with = [](const std::string& frame, const std::string& code) {
    Talk talk;
    talk.say(kUpgrade).heard();
    talk.say(frame);
    CHECK(talk.session.is_over());
    CHECK(talk.heard() == "\x88\x02" + code);
  };
  closes_with(std::string("\x82\x03"
                          "abc"),
              "\x03\xea");                                             // not masked
  closes_with(websocket_frame(1, "text"), "\x03\xeb");                 // no binary
  closes_with(websocket_frame(0, "from nowhere"), "\x03\xea");         // nothing to continue
  closes_with(websocket_frame(0x42, "reserved"), "\x03\xea");          // RSV1
  closes_with(websocket_frame(9, std::string(126, 'x')), "\x03\xea");  // long control
  closes_with(websocket_frame(9, "x", false), "\x03\xea");             // control in fragments
  closes_with(websocket_frame(3, "x"), "\x03\xea");                    // no such opcode
  closes_with(std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14),
              "\x03\xf1");  // too large
}

TEST_CASE("websocket: what is no HEP is counted and does not end the connection") {
  Talk talk;
  talk.say(kUpgrade).say(websocket_frame(2, hep3("cut").substr(0, 15)));
  talk.say(websocket_frame(2, "HEP3" + std::string(200'000, 'x')));
  talk.say(websocket_frame(2, hep3("good")));
  CHECK(talk.notes.messages.back() == hep3("good"));
  CHECK(talk.notes.dropped(Drop::BadFrame) >= 1);
  CHECK_FALSE(talk.session.is_over());
}

TEST_CASE("session: phases tell the timers what is waited for") {
  Talk talk;
  CHECK(talk.session.phase() == Session::Phase::Opening);
  talk.say("HEP3");
  CHECK(talk.session.phase() == Session::Phase::Begun);
  talk.say(hep3("a").substr(4));
  CHECK(talk.session.phase() == Session::Phase::Idle);
  const uint64_t units = talk.session.units();
  talk.say(hep3("b"));
  CHECK(talk.session.units() > units);
  Talk http;
  http.say("POST / HT");
  CHECK(http.session.phase() == Session::Phase::Begun);
  http.session.finish(http.notes);
  CHECK(http.notes.dropped(Drop::BadFrame) == 1);
}

TEST_CASE("session: any octets, cut anyhow, leave it bounded and alive or over") {
  rc::check([](std::vector<std::string> pieces, uint8_t begin) {
    const std::string begins[] = {"", "HEP3", kChunkedHead, kUpgrade, "POST ", hep3("x")};
    Talk talk;
    talk.say(begins[begin % 6]);
    for (const std::string& piece : pieces) talk.say(piece);
    talk.session.finish(talk.notes);
    RC_ASSERT(talk.session.is_over());
    RC_ASSERT(talk.session.held_bytes() < 512 * 1024);
  });
}
