#include "view/call_view.h"

#include <doctest/doctest.h>

#include "support/golden.h"
#include "view/message_text.h"
#include "view/stats_view.h"

using namespace siploom;
using namespace siploom::view;

namespace {

constexpr Timestamp kCallStart{1'700'000'000'250'000'000};

model::Call call_in(model::CallState state, uint16_t status, std::string_view reason) {
  model::Call call;
  call.kind = model::CallKind::Call;
  call.state = state;
  call.status = status;
  call.reason = reason;
  call.method = "INVITE";
  call.from = {"", "alice", "example.org"};
  call.to = {"", "bob", "example.org"};
  call.src = *parse_endpoint("10.0.0.1:5060");
  call.dst = *parse_endpoint("10.0.0.2:5060");
  call.start = call.invite = kCallStart;
  call.last = call.final_response = kCallStart + 3 * kSecond;
  call.messages = 4;
  call.legs.push_back({"abc@h", "1", {}});
  return call;
}

}  // namespace

TEST_CASE("one sentence on what became of a call") {
  using model::CallState;
  model::Call call = call_in(CallState::Busy, 486, "Busy Here");
  CHECK(summarize(call) == "call busy: 486 Busy Here after 3.000 s");
  call.cause = 17;
  call.cause_protocol = "Q.850";
  call.cause_text = "User busy";
  call.retransmissions = 2;
  CHECK(summarize(call) ==
        "call busy: 486 Busy Here after 3.000 s (Q.850 cause 17: User busy), 2 retransmissions");

  call = call_in(CallState::Completed, 200, "OK");
  call.progress = kCallStart + kSecond;
  call.answer = kCallStart + 3 * kSecond;
  call.bye = call.end = call.last = kCallStart + 128 * kSecond;
  call.hangup_by = model::HangupBy::Caller;
  CHECK(summarize(call) ==
        "call completed: answered after 3.000 s (PDD 1.000 s), talked 2:05, the caller hung up");
  call.bye = call.end = kNoTime;
  call.state = CallState::InCall;
  call.hangup_by = model::HangupBy::Nobody;
  CHECK(summarize(call) == "call in-call: answered after 3.000 s (PDD 1.000 s), talking for 2:05");

  CHECK(summarize(call_in(CallState::NoResponse, 0, "")) ==
        "call no-response: nothing final came back after 3.000 s");
  CHECK(summarize(call_in(CallState::Ringing, 180, "Ringing")) ==
        "call ringing: still ringing after 3.000 s");
  CHECK(summarize(call_in(CallState::Partial, 0, "")) ==
        "call partial: its beginning is not in the capture");
}

TEST_CASE("the call list") {
  std::vector<Column> columns;
  for (const CallColumn& each : call_columns()) columns.push_back(each.column);
  Table table(columns);
  std::vector<model::Call> calls = {call_in(model::CallState::Busy, 486, "Busy Here"),
                                    call_in(model::CallState::Failed, 503, "Service Unavailable"),
                                    call_in(model::CallState::Calling, 0, "")};
  calls[1].retransmissions = 12;
  calls[2].from.user = "a\x1b[31mx";
  for (size_t i = 0; i < calls.size(); ++i) {
    std::vector<Cell> row;
    for (const CallColumn& each : call_columns()) {
      row.push_back(call_cell(each.name, calls[i], i + 1));
    }
    table.add(row);
  }
  const std::string text = table.text(0, false) + "\n" + table.text(100, false) + "\n" +
                           table.text(60, false) + "\n" + table.text(80, true);
  CHECK(text == test::golden("view/calls.txt", text));
}

TEST_CASE("a message as text") {
  const MessageHead head{kCallStart, *parse_endpoint("10.0.0.1:5060"),
                         *parse_endpoint("[2001:db8::1]:5060"), Transport::Tcp, 0};
  CHECK(message_head(head, false) ==
        "2023-11-14 22:13:20.250000  10.0.0.1:5060 -> [2001:db8::1]:5060  tcp\n");
  CHECK(
      message_body("BYE sip:a SIP/2.0\r\nVia: x\r\n folded: no\r\n\r\nbody: b\x1b\r\n", 0, true) ==
      "\x1b[36mBYE sip:a SIP/2.0\x1b[0m\n\x1b[34mVia\x1b[0m: x\n folded: no\n\nbody: b\\x1b\n");
}

TEST_CASE("a message in one line") {
  const MessageHead head{kCallStart, *parse_endpoint("10.0.0.1:5060"),
                         *parse_endpoint("10.0.0.2:5060"), Transport::Udp, 486};
  const std::string where = "22:13:20.250000 10.0.0.1:5060 -> 10.0.0.2:5060 udp";
  CHECK(message_line(head, "SIP/2.0 486 Busy Here", "abc@h", 0, false) ==
        where + " SIP/2.0 486 Busy Here abc@h\n");
  CHECK(message_line(head, "SIP/2.0 486 Busy Here", "0123456789@example.org", 84, false) ==
        where + " SIP/2.0 486 Busy Here 0123456789\u2026\n");
  CHECK(message_line(head, "SIP/2.0 486 Busy Here", "0123456789@example.org", 60, false) ==
        where + " SIP/2.0 \u2026\n");
}

TEST_CASE("stats as text") {
  model::Stats stats;
  stats.packets = 2000;
  stats.bytes = 1'000'000;
  stats.sip_messages = 1500;
  stats.call_ids = 200;
  stats.requests = {{"INVITE", 300}, {"REGISTER", 50}};
  stats.responses = {{200, 700}, {486, 100}, {503, 50}};
  stats.transports[0] = 1500;
  stats.user_agents = {{"Phone \x1b[2J", 900}, {"", 5}};
  model::CallTally& peer = stats.peers[*parse_endpoint("10.0.0.2:0")];
  peer.attempts = 10;
  peer.answered = 6;
  peer.failed = 2;
  for (int i = 1; i <= 10; ++i) peer.pdd.add(i * kSecond);
  stats.calls = peer;
  stats.talkers[*parse_endpoint("10.0.0.1:0")] = 1000;
  stats.not_understood = {{"arp", 7}};
  stats.first = kCallStart;
  stats.last = kCallStart + 100 * kSecond;
  const std::string text =
      stats_text(stats, 10, 100, false) + "\n" + stats_text(stats, 10, 60, false);
  CHECK(text == test::golden("view/stats.txt", text));
  CHECK(text.find('\x1b') == std::string::npos);
}
