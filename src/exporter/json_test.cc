#include "exporter/json.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace siploom;
using namespace siploom::exporter;

namespace {

constexpr Timestamp kStart{1'700'000'000'250'000'000};

model::Call full_call() {
  model::Call call;
  call.kind = model::CallKind::Call;
  call.state = model::CallState::Completed;
  call.hangup_by = model::HangupBy::Callee;
  call.status = 200;
  call.method = "INVITE";
  call.reason = "OK";
  call.request_uri = "sip:bob@example.org";
  call.from = {"Alice \"A\"", "alice", "example.org"};
  call.to = {"", "bob", "example.org"};
  call.src = *parse_endpoint("10.0.0.1:5060");
  call.dst = *parse_endpoint("[2001:db8::2]:5061");
  call.start = call.invite = kStart;
  call.trying = kStart + 10 * kMillisecond;
  call.ringing = call.progress = kStart + 500 * kMillisecond;
  call.answer = kStart + 4 * kSecond;
  call.bye = call.end = call.last = kStart + 64 * kSecond;
  call.messages = 7;
  call.retransmissions = 1;
  call.legs.push_back({"abc@h", "1", {}});
  call.user_agents = {"Phone 1", "PBX"};
  call.offered = {"PCMA", "PCMU"};
  call.codecs = {"PCMA"};
  call.cause = 16;
  call.cause_protocol = "Q.850";
  call.cause_text = "Normal";
  return call;
}

std::string call_json(const model::Call& call) {
  std::string out;
  JsonWriter json(out);
  write_call(json, call);
  return out;
}

}  // namespace

TEST_CASE("a call in JSON has every name, in order") {
  CHECK(call_json(full_call()) ==
        R"({"call_id":"abc@h","call_ids":["abc@h"],"kind":"call","state":"completed",)"
        R"("method":"INVITE","status":200,"reason":"OK",)"
        R"("from":{"user":"alice","host":"example.org","display":"Alice \"A\""},)"
        R"("to":{"user":"bob","host":"example.org","display":null},)"
        R"("request_uri":"sip:bob@example.org","src":"10.0.0.1:5060","dst":"[2001:db8::2]:5061",)"
        R"("transport":"udp","start":"2023-11-14T22:13:20.250000Z","trying_s":0.01,)"
        R"("ringing_s":0.5,"answer_s":4,"end_s":64,"pdd_s":0.5,)"
        R"("setup_s":4,"duration_s":60,"hangup_by":"callee","messages":7,)"
        R"("retransmissions":1,"user_agents":["Phone 1","PBX"],"codecs":["PCMA"],)"
        R"("offered":["PCMA","PCMU"],"ring_s":3.5,"total_s":64,)"
        R"("cause":{"protocol":"Q.850","code":16,"text":"Normal"},"partial":false,"copies":0,)"
        R"("malformed":0,"media":[]})");
}

TEST_CASE("what is not known is null") {
  const std::string json = call_json({});
  for (const char* name :
       {"call_id", "status", "reason", "request_uri", "start", "trying_s", "ringing_s", "answer_s",
        "end_s", "pdd_s", "setup_s", "duration_s", "hangup_by", "cause"}) {
    INFO(name);
    CHECK(json.find("\"" + std::string(name) + "\":null") != std::string::npos);
  }
}

TEST_CASE("octets that are no text do not break JSON") {
  model::Call call = full_call();
  call.from.display = std::string_view("a\x00\x1b[31m\xff\xc3(\xe2\x82", 12);
  const std::string json = call_json(call);
  CHECK(std::none_of(json.begin(), json.end(), [](char c) { return c >= 0 && c < ' '; }));
  CHECK(json.find("\\u0000\\u001b[31m") != std::string::npos);
  CHECK(json.find('\xff') == std::string::npos);
}

TEST_CASE("a message that is not UTF-8 comes as Base64") {
  MessageRow row;
  row.time = kStart;
  row.method = "OPTIONS";
  row.raw = "OPTIONS sip:a SIP/2.0\r\n\r\n";
  std::string out;
  JsonWriter json(out);
  write_message(json, row);
  CHECK(out.find(R"("raw":"OPTIONS sip:a SIP/2.0\r\n\r\n")") != std::string::npos);
  CHECK(out.find("raw_base64") == std::string::npos);
  CHECK(out.find(R"("status":null)") != std::string::npos);

  row.raw = "\xff\xfe";
  out.clear();
  JsonWriter again(out);
  write_message(again, row);
  CHECK(out.find(R"("raw_base64":"//4=")") != std::string::npos);
  CHECK(out.find(R"("raw":)") == std::string::npos);
}

TEST_CASE("stats in JSON begin with the fixed names") {
  model::Stats stats;
  stats.packets = 12;
  stats.bytes = 3400;
  stats.sip_messages = 3;
  stats.call_ids = 1;
  stats.requests["INVITE"] = 1;
  stats.responses[200] = 2;
  stats.transports[static_cast<size_t>(Transport::Tcp)] = 3;
  stats.not_understood["dns"] = 1;
  std::string out;
  JsonWriter json(out);
  write_stats(json, stats, 10);
  CHECK(
      out.starts_with(R"({"packets":12,"bytes":3400,"sip":{"messages":3,"requests":{"INVITE":1},)"
                      R"("responses":{"200":2},)"
                      R"("transports":{"udp":0,"tcp":3,"tls":0,"ws":0,"wss":0,"sctp":0},)"
                      R"("call_ids":1,"malformed":0,"duplicates":0,"retransmissions":0},)"
                      R"("rtp":{"packets":0,"streams":0},"rtcp":{"packets":0},"hep":{"packets":0},)"
                      R"("not_understood":{"dns":1},)"));
  CHECK(out.find(R"("asr":null)") != std::string::npos);
}

TEST_CASE("CSV quotes what it must and has as many cells as names") {
  model::Call call = full_call();
  call.reason = "OK, \"fine\"";
  call.from.user = "=HYPERLINK(1)";
  call.to.user = "+49123";  // a number is no formula
  std::string out;
  append_csv(out, call);
  CHECK(out.find(R"("OK, ""fine""")") != std::string::npos);
  CHECK(out.find("\"'=HYPERLINK(1)\"") != std::string::npos);
  CHECK(out.find(",+49123,") != std::string::npos);
  CHECK(out.ends_with(",PCMA,Phone 1 PBX\n"));

  // Cells that are empty, the first one too, keep their place.
  out.clear();
  append_csv(out, {});
  const std::string names = csv_header();
  CHECK(std::count(out.begin(), out.end(), ',') == std::count(names.begin(), names.end(), ','));
  CHECK(out.starts_with(",other,calling,"));
}
