// What becomes of calls, and when (RFC 3261; times as in RFC 6076).
#include "weave/call_weaver.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "weave/test_dialog.h"

using namespace siploom;
using namespace siploom::weave;
using namespace siploom::weave::test;
using model::CallState;

namespace {

const std::string kOffer =
    "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
const std::string kAnswer =
    "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP "
    "8\r\n";

Spec in_dialog(int cseq, const char* branch) {
  Spec spec;
  spec.cseq = cseq;
  spec.branch = branch;
  spec.to_tag = "callee";
  return spec;
}
Spec bye_spec() { return with(&Spec::cseq_method, "BYE", in_dialog(2, "z9hG4bK-bye")); }

// An answered call up to its ACK.
void answered(Feeder& f) {
  f.request(0, "INVITE");
  f.response(0.05, "100 Trying");
  f.response(1.5, "180 Ringing");
  f.response(4, "200 OK");
  f.request(4.1, "ACK", in_dialog(1, "z9hG4bK-ack"));
}

}  // namespace

TEST_CASE("a completed call and its times") {
  Feeder f;
  answered(f);
  f.request(64, "BYE", in_dialog(2, "z9hG4bK-bye"));
  f.response(64.02, "200 OK", bye_spec());
  const model::Call& call = f.only();
  CHECK(call.state == CallState::Completed);
  CHECK(call.status == 200);
  CHECK(call.hangup_by == model::HangupBy::Caller);
  CHECK(call.messages == 7);
  CHECK(call.retransmissions == 0);
  CHECK(model::pdd(call) == 1500 * kMillisecond);
  CHECK(model::setup_time(call) == 4 * kSecond);
  CHECK(model::ring_time(call) == 2500 * kMillisecond);
  CHECK(model::talk_time(call) == 60 * kSecond);
  CHECK(call.from.display == "Al");
  CHECK(call.from.user == "alice");
  CHECK(call.to.host == "example.org");
  CHECK(format_endpoint(call.src) == "10.0.0.1:5060");
}

TEST_CASE("the callee hangs up: From and To of the BYE are turned round") {
  Feeder f;
  answered(f);
  Spec bye = in_dialog(1, "z9hG4bK-bye");
  bye.from_tag = "callee";
  bye.to_tag = "caller";
  std::swap(bye.src, bye.dst);
  f.request(30, "BYE", bye);
  CHECK(f.only().hangup_by == model::HangupBy::Callee);
  CHECK(f.only().state == CallState::Completed);
}

TEST_CASE("states of calls that are going on") {
  Feeder f;
  f.request(0, "INVITE");
  CHECK(f.only(1).state == CallState::Calling);
  f.response(0.1, "100 Trying");
  CHECK(f.only(1).state == CallState::Calling);
  f.response(2, "180 Ringing");
  CHECK(f.only(3).state == CallState::Ringing);
  f.response(5, "200 OK");
  CHECK(f.only(5).state == CallState::InCall);
}

TEST_CASE(
    "no answer: timer B without anything, timer C after a provisional (RFC 3261 17.1.1.2, 16.6)") {
  Feeder silent;
  silent.request(0, "INVITE");
  CHECK(silent.only(31.9).state == CallState::Calling);
  CHECK(silent.only(32.1).state == CallState::NoResponse);
  Feeder ringing;
  ringing.request(0, "INVITE");
  ringing.response(1, "180 Ringing");
  CHECK(ringing.only(100).state == CallState::Ringing);
  CHECK(ringing.only(400).state == CallState::NoResponse);
  Feeder timeout;
  timeout.request(0, "INVITE");
  timeout.response(32, "408 Request Timeout");
  CHECK(timeout.only().state == CallState::NoResponse);
}

TEST_CASE("final responses") {
  const struct {
    const char* status;
    CallState state;
  } cases[] = {{"486 Busy Here", CallState::Busy},
               {"600 Busy Everywhere", CallState::Busy},
               {"404 Not Found", CallState::Rejected},
               {"480 Temporarily Unavailable", CallState::Rejected},
               {"603 Decline", CallState::Rejected},
               {"302 Moved Temporarily", CallState::Redirected},
               {"503 Service Unavailable", CallState::Failed},
               {"407 Proxy Authentication Required", CallState::AuthFailed},
               {"401 Unauthorized", CallState::AuthFailed}};
  for (const auto& each : cases) {
    CAPTURE(each.status);
    Feeder f;
    f.request(0, "INVITE");
    f.response(0.5, each.status);
    CHECK(f.only().state == each.state);
    CHECK(f.only().status == std::stoi(each.status));
  }
}

TEST_CASE("a challenge that is met is one call (RFC 3261 22.2)") {
  Feeder f;
  f.request(0, "INVITE");
  f.response(0.1, "407 Proxy Authentication Required");
  f.request(0.11, "ACK", with(&Spec::to_tag, "callee"));
  Spec again = with(&Spec::cseq, 2, with(&Spec::branch, "z9hG4bK2"));
  again.more = "Proxy-Authorization: Digest username=\"alice\"\r\n";
  f.request(0.2, "INVITE", again);
  CHECK(f.only(0.3).state == CallState::Calling);
  f.response(3, "200 OK", with(&Spec::cseq, 2, with(&Spec::branch, "z9hG4bK2")));
  CHECK(f.only().state == CallState::InCall);
  CHECK(f.only().status == 200);
  CHECK(f.only().invite == kStart);
}

TEST_CASE("a retry after a refusal may come with another From tag") {
  for (const char* method : {"INVITE", "REGISTER"}) {
    Feeder f;
    Spec retry;
    retry.cseq_method = method;
    f.request(0, method, retry);
    f.response(0.1, "401 Unauthorized", retry);
    retry.cseq = 2;
    retry.branch = "z9hG4bK2";
    retry.from_tag = "another";
    f.request(0.2, method, retry);
    f.response(1, "200 OK", retry);
    CHECK(f.only().status == 200);
    CHECK(f.only().state == (*method == 'I' ? CallState::InCall : CallState::Completed));
  }
  // But an INVITE with another tag before anything was refused is none of the caller's.
  Feeder f;
  f.request(0, "INVITE");
  Spec other;
  other.cseq = 2;
  other.branch = "z9hG4bK2";
  other.from_tag = "another";
  f.request(0.2, "INVITE", other);
  f.response(1, "486 Busy Here", other);
  CHECK(f.only().status == 0);
}

TEST_CASE("cancelled calls; a 200 that crosses the CANCEL makes a call (RFC 3261 9.1)") {
  Feeder f;
  f.request(0, "INVITE");
  f.response(1, "180 Ringing");
  Spec cancel;
  cancel.more = "Reason: Q.850;cause=16;text=\"Terminated\"\r\n";
  f.request(5, "CANCEL", cancel);
  f.response(5.1, "200 OK", with(&Spec::cseq_method, "CANCEL"));
  f.response(5.2, "487 Request Terminated");
  const model::Call& call = f.only();
  CHECK(call.state == CallState::Cancelled);
  CHECK(call.status == 487);
  CHECK(call.hangup_by == model::HangupBy::Caller);
  CHECK(call.cause == 16);
  CHECK(call.cause_protocol == "Q.850");
  CHECK(call.cause_text == "Terminated");
  Feeder crossing;
  crossing.request(0, "INVITE");
  crossing.request(5, "CANCEL");
  crossing.response(5.001, "200 OK");
  CHECK(crossing.only().state == CallState::InCall);
}

TEST_CASE("retransmissions are counted; the next hop's request is none") {
  Feeder f;
  f.request(0, "INVITE");
  f.request(0.5, "INVITE");
  f.request(1.5, "INVITE");
  CHECK(f.only().retransmissions == 2);
  CHECK(f.only().messages == 3);
  Spec forwarded = with(&Spec::branch, "z9hG4bK-proxy");
  forwarded.src = "10.0.0.2";
  forwarded.dst = "10.0.0.3";
  f.request(1.6, "INVITE", forwarded);
  CHECK(f.only().retransmissions == 2);
  f.response(2, "200 OK");
  f.response(2.5, "200 OK");
  f.response(2.6, "180 Ringing", with(&Spec::to_tag, "other"));
  CHECK(f.only().retransmissions == 3);
}

TEST_CASE("RFC 2543 branches, or none: CSeq, tags and hop tell transactions") {
  Feeder f;
  const Spec old = with(&Spec::branch, "1");
  f.request(0, "INVITE", old);
  f.request(0.5, "INVITE", old);
  f.response(1, "200 OK", old);
  f.request(1.1, "ACK", with(&Spec::to_tag, "callee", old));
  f.request(9, "BYE", with(&Spec::cseq, 2, with(&Spec::to_tag, "callee", old)));
  CHECK(f.only().retransmissions == 1);
  CHECK(f.only().state == CallState::Completed);
}

TEST_CASE("forks: each To tag is a dialog (RFC 3261 12.1), a 2xx wins over failures") {
  Feeder f;
  f.request(0, "INVITE");
  f.response(1, "180 Ringing", with(&Spec::to_tag, "phone"));
  f.response(1.2, "180 Ringing", with(&Spec::to_tag, "mobile"));
  f.response(2, "486 Busy Here", with(&Spec::to_tag, "phone"));
  f.response(3, "200 OK", with(&Spec::to_tag, "mobile"));
  const model::Call& call = f.only();
  CHECK(call.state == CallState::InCall);
  REQUIRE(call.legs.size() == 1);
  REQUIRE(call.legs[0].forks.size() == 2);
  CHECK(call.legs[0].forks[0].to_tag == "phone");
  CHECK(call.legs[0].forks[0].status == 486);
  CHECK(call.legs[0].forks[1].status == 200);
}

TEST_CASE("of several hops the caller's own speaks for the call") {
  Feeder f;
  f.request(0, "INVITE");
  Spec onward = with(&Spec::branch, "z9hG4bK-p");
  onward.src = "10.0.0.2";
  onward.dst = "10.0.0.3";
  f.request(0.01, "INVITE", onward);
  f.response(1, "500 Server Internal Error", onward);
  f.response(1.01, "404 Not Found");
  CHECK(f.only().status == 404);
  CHECK(f.only().state == CallState::Rejected);
}

TEST_CASE("a re-INVITE changes neither answer nor status") {
  Feeder f;
  answered(f);
  f.request(20, "INVITE", in_dialog(2, "z9hG4bK-re"));
  f.response(20.1, "491 Request Pending", in_dialog(2, "z9hG4bK-re"));
  f.request(60, "BYE", in_dialog(3, "z9hG4bK-bye"));
  const model::Call& call = f.only();
  CHECK(call.state == CallState::Completed);
  CHECK(call.status == 200);
  CHECK(model::talk_time(call) == 56 * kSecond);
}

TEST_CASE("captures that begin in the middle") {
  Feeder bye;
  bye.request(0, "BYE", in_dialog(5, "z9hG4bK-bye"));
  CHECK(bye.only().state == CallState::Partial);
  CHECK(bye.only().begins_before);
  Feeder response;
  response.response(0, "200 OK");
  CHECK(response.only().begins_before);
  CHECK(format_endpoint(response.only().src) == "10.0.0.1:5060");  // turned round
  Feeder overtaken;  // the first response overtook its request in the capture
  overtaken.response(0.001, "100 Trying");
  overtaken.request(0, "INVITE");
  overtaken.response(1, "200 OK");
  CHECK_FALSE(overtaken.only().begins_before);
  CHECK(overtaken.only().state == CallState::InCall);
}

TEST_CASE("other kinds") {
  const struct {
    const char* method;
    model::CallKind kind;
  } cases[] = {
      {"REGISTER", model::CallKind::Registration}, {"SUBSCRIBE", model::CallKind::Subscription},
      {"MESSAGE", model::CallKind::Message},       {"OPTIONS", model::CallKind::Options},
      {"PUBLISH", model::CallKind::Publish},       {"FOO", model::CallKind::Other}};
  for (const auto& each : cases) {
    CAPTURE(each.method);
    Feeder f;
    f.request(0, each.method);
    f.response(0.1, "200 OK", with(&Spec::cseq_method, each.method));
    CHECK(f.only().kind == each.kind);
    CHECK(f.only().state == CallState::Completed);
    CHECK(f.only().method == each.method);
  }
}

TEST_CASE("a registration that is challenged and met") {
  Feeder f;
  f.request(0, "REGISTER");
  f.response(0.1, "401 Unauthorized", with(&Spec::cseq_method, "REGISTER"));
  Spec again = with(&Spec::cseq, 2, with(&Spec::branch, "z9hG4bK2"));
  f.request(0.2, "REGISTER", again);
  again.cseq_method = "REGISTER";
  again.more = "Expires: 300\r\n";
  f.response(0.3, "200 OK", again);
  CHECK(f.only().state == CallState::Completed);
  CHECK(f.only().expires_s == 300);
}

TEST_CASE("codecs offered and agreed, media endpoints, user agents (RFC 3264)") {
  Feeder f;
  Spec offer = with(&Spec::body, kOffer);
  offer.more = "Content-Type: application/sdp\r\nUser-Agent: Phone 1\r\n";
  f.request(0, "INVITE", offer);
  CHECK(f.only().codecs == std::vector<std::string_view>{"PCMA", "PCMU"});
  Spec answer = with(&Spec::body, kAnswer);
  answer.more = "Content-Type: application/sdp\r\nServer: Switch\r\n";
  f.response(1, "200 OK", answer);
  const model::Call& call = f.only();
  CHECK(call.offered == std::vector<std::string_view>{"PCMA", "PCMU"});
  CHECK(call.codecs == std::vector<std::string_view>{"PCMA"});
  CHECK(call.user_agents == std::vector<std::string_view>{"Phone 1", "Switch"});
  REQUIRE(call.media.size() == 2);
  CHECK(format_endpoint(call.media[0].where) == "10.0.0.1:4000");
  CHECK(call.media[0].from_caller);
  CHECK_FALSE(call.media[1].from_caller);
}

TEST_CASE("property: small disorder in the capture does not change the call") {
  CHECK(rc::check("messages within 50 ms in any order", [] {
    struct Step {
      double at;
      bool request;
      std::string line;
      Spec spec;
    };
    std::vector<Step> steps = {{0, true, "INVITE", {}},
                               {0.01, false, "100 Trying", {}},
                               {0.02, false, "180 Ringing", {}},
                               {0.03, false, "200 OK", {}},
                               {0.04, true, "ACK", in_dialog(1, "z9hG4bK-a")},
                               {9, true, "BYE", in_dialog(2, "z9hG4bK-b")}};
    const auto order =
        *rc::gen::container<std::vector<uint32_t>>(5, rc::gen::arbitrary<uint32_t>());
    std::vector<size_t> places{0, 1, 2, 3, 4};
    std::stable_sort(places.begin(), places.end(),
                     [&](size_t a, size_t b) { return order[a] < order[b]; });
    places.push_back(5);
    Feeder f;
    for (const size_t i : places) {
      const Step& step = steps[i];
      step.request ? f.request(step.at, step.line, step.spec)
                   : f.response(step.at, step.line, step.spec);
    }
    const model::Call& call = f.only();
    RC_ASSERT(call.state == CallState::Completed);
    RC_ASSERT(call.status == 200);
    RC_ASSERT(call.start == kStart);
    RC_ASSERT(model::pdd(call) == 20 * kMillisecond);
    RC_ASSERT(model::talk_time(call) == 8970 * kMillisecond);
    RC_ASSERT(call.hangup_by == model::HangupBy::Caller);
  }));
}
