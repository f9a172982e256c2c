// Payloads as the real senders write them: kind, event, summary, ids, figures, secrets.
#include "wire/report/report.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

#include "wire/report/header_statistics.h"

using namespace siploom;
using report::Description;
using report::IdSpace;
using report::Kind;
using report::Severity;

namespace {

struct Told {
  Told(uint8_t type, std::string payload_of, std::string correlation = {}, std::string extra = {})
      : payload(std::move(payload_of)), id(std::move(correlation)), extra_ids(std::move(extra)) {
    packet.version = 3;
    packet.protocol_type = type;
    packet.payload = as_bytes(payload);
    packet.correlation_id = id;
    packet.extra_ids = extra_ids;
    report::describe(packet, d, scratch);
  }
  std::string payload, id, extra_ids;
  hep::Packet packet;
  Description d;
  report::Scratch scratch;
};

bool has_id(const Description& d, IdSpace space, std::string_view value) {
  const auto is = [&](const report::Id& id) { return id.space == space && id.value == value; };
  return (d.primary_id && is(*d.primary_id)) ||
         std::any_of(d.extra_ids().begin(), d.extra_ids().end(), is);
}

bool is_primary(const Description& d, IdSpace space, std::string_view value) {
  return d.primary_id && d.primary_id->space == space && d.primary_id->value == value;
}

const std::string kInvite = "INVITE sip:bob@example.org SIP/2.0\r\nCall-ID: c1@h\r\n\r\n";
const std::string kVq =
    "VQSessionReport: CallTerm\r\nCallID: call-7@h\r\nLocalMetrics:\r\n"
    "SessionDesc: PT=1 PD=opus SR=48000 FMTP=\"a=1;b=2\"\r\n"
    "LocalAddr: IP=192.0.2.1 PORT=7078 SSRC=1234\r\n"
    "PacketLoss: NLR=2.50 JDR=0.00\r\nDelay: RTD=10 ESD=0 IAJ=3\r\n"
    "QualityEst: MOSLQ=4.1 MOSCQ=4.0\r\nRemoteMetrics:\r\nQualityEst: MOSLQ=2.0\r\n"
    "DialogID: call-7@h;to-tag=a;from-tag=b\r\n";

}  // namespace

TEST_CASE("SIP is SIP, plain or wrapped, whatever its type number says") {
  for (const Told& told :
       {Told(1, kInvite, "c1@h"), Told(100, kInvite, "c1@h"),
        Told(1, R"({"payload": "INVITE sip:bob@example.org SIP/2.0\r\nCall-ID: c1@h\r\n\r\n"})",
             "c1@h"),
        Told(50, R"({"payload":"INVITE sip:bob@example.org SIP/2.0\r\nCall-ID: c1@h\r\n\r\n"})",
             "c1@h")}) {
    CHECK(told.d.kind == Kind::Sip);
    CHECK(told.d.sip.size() == kInvite.size());
    CHECK(told.d.event == "INVITE");
    CHECK(is_primary(told.d, IdSpace::Call, "c1@h"));
  }
  const Told chosen(1, kInvite, "operators-own");
  CHECK(is_primary(chosen.d, IdSpace::Other, "operators-own"));
}

TEST_CASE("type 1 that is no SIP") {
  CHECK(Told(1, "\r\n\r\n").d.kind == Kind::KeepAlive);
  CHECK(Told(1, "").d.kind == Kind::KeepAlive);
  CHECK(Told(1, "hello").d.kind == Kind::Other);
  CHECK(Told(1, "hello").d.summary == "hello");
}

TEST_CASE("RTCP of rtpengine") {
  const Told told(
      5,
      R"({"sender_information":{"ntp_timestamp_sec":3913000000,"ntp_timestamp_usec":4000000000,)"
      R"("octets":160000,"rtp_timestamp":160,"packets":1000},"ssrc":305419896,"type":200,)"
      R"("report_count":1,"report_blocks":[{"source_ssrc":77,"highest_seq_no":1000,)"
      R"("fraction_lost":1,"ia_jitter":96,"packets_lost":4294967293,"lsr":1,"dlsr":2}]})",
      "call@h");
  CHECK(told.d.kind == Kind::RtcpReport);
  CHECK(told.d.event == "SR");
  CHECK(told.d.summary == "SR ssrc 0x12345678 lost -3 (0.4 %) jitter 96 ticks");
  CHECK(is_primary(told.d, IdSpace::Call, "call@h"));
  CHECK(told.d.quality.packets == 1000);
  CHECK(told.d.quality.octets == 160'000);
  CHECK(told.d.quality.source_ssrc == 77);
  CHECK(told.d.quality.lsr == 1);
  CHECK(told.d.quality.dlsr == 2);
  CHECK_FALSE(told.d.malformed);
}

TEST_CASE("RTCP of Asterisk: numbers in texts, no sender, a channel's name") {
  const Told told(5,
                  R"({"ssrc":1,"type":201,"report_count":1,"sender_information":null,)"
                  R"("report_blocks":[{"source_ssrc":2,"fraction_lost":0,"packets_lost":16777214,)"
                  R"("highest_seq_no":5,"ia_jitter":8,"lsr":"12345","dlsr":6}]})",
                  "PJSIP/regA-00000004");
  CHECK(told.d.event == "RR");
  CHECK(told.d.quality.lsr == 12'345);
  CHECK(told.d.quality.lost == -2);
  CHECK(is_primary(told.d, IdSpace::Channel, "PJSIP/regA-00000004"));
}

TEST_CASE("RTCP with XR of heplify and captagent") {
  const Told heplify(5,
                     R"({"ssrc":1,"type":207,"report_blocks_xr":{"type":7,"round_trip_delay":25},)"
                     R"("voip_metrics":{"mos_lq":41,"mos_cq":40,"r_factor":90}})");
  CHECK(heplify.d.event == "XR");
  CHECK(heplify.d.quality.mos == doctest::Approx(4.1));
  CHECK(heplify.d.quality.r_factor == 90);
  CHECK(heplify.d.quality.rtt_ms == 25);
  const Told captagent(5, R"({"ssrc":1,"report_blocks":[{"source_ssrc":2,"packets_lost":4}],)"
                          R"("report_count":1,,"Extended_report_information":{"MOS_LQ":39}})");
  CHECK(captagent.d.event == "RR");
  CHECK(captagent.d.quality.lost == 4);
  CHECK(captagent.d.quality.mos == doctest::Approx(3.9));
  CHECK(captagent.d.malformed);
}

TEST_CASE("binary RTCP and RTP under type 5") {
  std::string rr("\x81\xc9\x00\x07\x00\x00\x00\x01\x00\x00\x00\x02\x40\xff\xff\xfe", 16);
  rr += std::string("\x00\x00\x00\x09\x00\x00\x00\x50\x00\x00\x00\x03\x00\x00\x00\x04", 16);
  const Told told(5, rr);
  CHECK(told.d.kind == Kind::Rtcp);
  CHECK(told.d.event == "RR");
  CHECK(told.d.quality.lost == -2);
  CHECK(told.d.quality.lost_share == 0.25);
  CHECK(told.d.quality.jitter_rtp == 80);
  const Told media(4, std::string("\x80\x08\x00\x01\x00\x00\x00\xa0\x00\x00\x00\x07", 12) +
                          std::string(160, '\xd5'));
  CHECK(media.d.kind == Kind::Rtp);
  CHECK(media.d.quality.ssrc == 7);
}

TEST_CASE("RFC 6035 reports, plain and in PUBLISH") {
  const std::string publish =
      "PUBLISH sip:c@h SIP/2.0\r\nCall-ID: other@h\r\nEvent: vq-rtcpxr\r\n\r\n" + kVq;
  for (const Told& told : {Told(35, kVq), Told(99, kVq), Told(1, publish)}) {
    CHECK(told.d.kind == Kind::VqReport);
    CHECK(told.d.event == "SessionReport");
    CHECK(has_id(told.d, IdSpace::Call, "call-7@h"));
    CHECK(told.d.quality.mos == doctest::Approx(4.1));
    CHECK(told.d.quality.lost_share == doctest::Approx(0.025));
    CHECK(told.d.quality.rtt_ms == 10);
    CHECK(told.d.quality.ssrc == 1234);
    CHECK(told.d.summary.find("opus") != std::string::npos);
    CHECK(told.d.sip.empty() == (told.packet.protocol_type != 1));
  }
  CHECK(Told(35, "VQIntervalReport\r\nCallID: x\r\n").d.event == "IntervalReport");
}

TEST_CASE("RTP reports of rtpagent, hepipe.js and horaclifix") {
  const Told told(34,
                  R"({"CORRELATION_ID":"x@h","RTP_SIP_CALL_ID":"y@h","TYPE":"PERIODIC",)"
                  R"("SRC_IP":"192.0.2.1","SRC_PORT":4000,"DST_IP":"192.0.2.2","DST_PORT":"4002",)"
                  R"("CODEC_NAME":"PCMA","TOTAL_PK":"990","EXPECTED_PK":1000,"PACKET_LOSS":10,)"
                  R"("JITTER":"4.5","MOS":431})");
  CHECK(told.d.kind == Kind::RtpReport);
  CHECK(told.d.summary ==
        "PERIODIC PCMA 192.0.2.1:4000 -> 192.0.2.2:4002 lost 10 (1.0 %) jitter 4.5 ms MOS 4.31");
  CHECK(has_id(told.d, IdSpace::Call, "x@h"));
  CHECK(has_id(told.d, IdSpace::Call, "y@h"));
  const Told sbc(38, R"({"NAME":"sbc","INC_REALM":"a","INC_MOS":430,"OUT_MOS":"390"})");
  CHECK(sbc.d.kind == Kind::RtpReport);
  CHECK(sbc.d.quality.mos == doctest::Approx(3.9));
}

TEST_CASE("statistics of telephones' headers") {
  const std::string value =
      "EX=BareSip;CS=0;CD=20;PR=999;PS=997;PL=4,0;JI=61.0,53.0;IP=0.0.0.0:1,192.0.2.1:2;XX=new";
  report::HeaderStatistics statistics;
  REQUIRE(statistics.parse(value));
  CHECK(statistics.pairs().size() == 9);
  CHECK(statistics.value_of("xx") == "new");
  CHECK(statistics.quality().lost == 4);
  CHECK(statistics.quality().jitter_rtp == 61);
  CHECK_FALSE(statistics.parse("nothing"));
  std::string many;
  for (int i = 0; i < 60; ++i) many += "A=1;";
  CHECK(statistics.parse(many));
  CHECK(statistics.dropped() == 60 - report::HeaderStatistics::kMaxPairs);
  const Told told(99, "X-RTP-Stat: " + value);
  CHECK(told.d.kind == Kind::HeaderStatistics);
  CHECK(told.d.quality.packets == 999);
}

TEST_CASE("OpenSIPS: transport events, and the secret in them") {
  const std::string secret = "\\u0001raw\xff\\\"octets";
  const std::string json =
      R"({"Protocol":"TLS","server-subject":"/CN=lab.example","master-key":")" + secret +
      R"(","Event":"ACCEPTED","Status":"SUCCESS",)" + R"("Message":"Connection accepted..."})";
  const Told told(89, json, "12252079388679237859");
  CHECK(told.d.kind == Kind::TransportEvent);
  CHECK(told.d.event == "ACCEPTED");
  CHECK(told.d.summary == "TLS ACCEPTED SUCCESS Connection accepted... /CN=lab.example");
  CHECK(is_primary(told.d, IdSpace::Net, "12252079388679237859"));
  REQUIRE(told.d.secrets().size() == 1);
  CHECK(as_text(told.d.secrets()[0]) == secret);
}

TEST_CASE("OpenSIPS: a secret whose octets end its text early is taken whole") {
  const std::string json =
      "{\"Protocol\":\"TLS\",\"master-key\":\"ab\"cd,\"ef\xff"
      "gh\",\"Event\":\"ACCEPTED\",\"Status\":\"SUCCESS\"}";
  const Told told(89, json);
  REQUIRE(told.d.secrets().size() == 1);
  CHECK(as_text(told.d.secrets()[0]).find("gh") != std::string_view::npos);
  const Told broken(89, "\"master-key\":\"abcdef");
  REQUIRE(broken.d.secrets().size() == 1);
  CHECK(broken.d.summary.find("abc") == std::string::npos);
}

TEST_CASE("OpenSIPS: values joined (homer5_on=1)") {
  const Told tcp(89, "TCP:ACCEPTED:SUCCESS:Connection accepted...", "77");
  CHECK(tcp.d.kind == Kind::TransportEvent);
  CHECK(tcp.d.summary == "TCP ACCEPTED SUCCESS Connection accepted...");
  CHECK(tcp.d.secrets().empty());
  std::string raw(48, '\xfe');
  raw[10] = ':';
  const std::string hex(96, 'a');
  for (const std::string& secret : {raw, hex, std::string("short\xff")}) {
    const Told tls(89, "TLS:/CN=a:b:/CN=ca:" + secret + ":ACCEPTED:SUCCESS:Connection accepted...");
    REQUIRE(tls.d.secrets().size() == 1);
    CHECK(as_text(tls.d.secrets()[0]) == secret);
    CHECK(tls.d.summary == "TLS ACCEPTED SUCCESS Connection accepted...");
  }
  const Told none(89, "TLS:/CN=a:/CN=ca:CLOSED:SUCCESS:bye");
  CHECK(none.d.secrets().empty());
  const Told other(89, "TLS|/CN=a|" + raw + "|ACCEPTED|SUCCESS");
  REQUIRE(other.d.secrets().size() == 1);
  CHECK(as_text(other.d.secrets()[0]) == raw);
}

TEST_CASE("OpenSIPS: logs, REST, MI, control, in both modes") {
  const Told log(100, R"({"Event":"NOTICE","text":"some text"})", "<null>", R"({"sip":"c@h"})");
  CHECK(log.d.kind == Kind::Log);
  CHECK(log.d.severity == Severity::Notice);
  CHECK(log.d.summary == "NOTICE some text");
  CHECK(is_primary(log.d, IdSpace::Call, "c@h"));
  const Told joined(86, "ERROR:it: failed", "c@h");
  CHECK(joined.d.severity == Severity::Error);
  CHECK(joined.d.summary == "ERROR it: failed");
  const Told rest(88, R"({"first_line":"GET /x HTTP/1.1"})", "RESTCORRabc", R"({"sip":"c@h"})");
  CHECK(rest.d.kind == Kind::RestQuery);
  CHECK(rest.d.event == "GET");
  CHECK(is_primary(rest.d, IdSpace::Rest, "RESTCORRabc"));
  CHECK(has_id(rest.d, IdSpace::Call, "c@h"));
  const Told answer(88, R"(HTTP/1.0 200 OK:{"a":1})", "c@h");
  CHECK(answer.d.event == "200");
  CHECK(answer.d.summary == "-> 200 OK");
  CHECK(is_primary(answer.d, IdSpace::Call, "c@h"));
  const Told mi(87, R"({"command":"uptime","backend":"fifo","parameters":"a,b"})", "MICORRx");
  CHECK(mi.d.kind == Kind::ManagementCommand);
  CHECK(mi.d.summary == "uptime (fifo) a,b");
  CHECK(is_primary(mi.d, IdSpace::Mi, "MICORRx"));
  const Told control(96, "", "", R"({"sip":"a@h","sip":"b@h","x":"y"})");
  CHECK(control.d.kind == Kind::Correlation);
  CHECK(control.d.summary == "call a@h = call b@h = x y");
}

TEST_CASE("NG of rtpengine and Verto share a type number") {
  const Told offer(61, "0_97_2 d7:call-id4:c@h17:command5:offere", "c@h1");
  CHECK(offer.d.kind == Kind::Ng);
  CHECK(offer.d.event == "offer");
  CHECK(offer.d.summary == "offer 0_97_2");
  CHECK(has_id(offer.d, IdSpace::Call, "c@h1"));
  CHECK(has_id(offer.d, IdSpace::NgCookie, "0_97_2"));
  const Told answer(61, R"(5_1 {"result":"ok","totals":{"RTP":{"packets":100,"bytes":16000}},)"
                        R"("SSRC":{"99":{"average MOS":{"MOS":43,"jitter":2}},)"
                        R"("98":{"average MOS":{"MOS":39}}}})");
  CHECK(answer.d.kind == Kind::Ng);
  CHECK(answer.d.event == "ok");
  CHECK(answer.d.quality.mos == doctest::Approx(3.9));
  CHECK(answer.d.quality.packets == 100);
  const Told verto(61, R"({"jsonrpc":"2.0","id":4,"method":"verto.invite","params":{"sessid":"s1",)"
                       R"("dialogParams":{"callID":"v1"}}})");
  CHECK(verto.d.kind == Kind::Verto);
  CHECK(verto.d.event == "verto.invite");
  CHECK(has_id(verto.d, IdSpace::Session, "s1"));
  CHECK(has_id(verto.d, IdSpace::Call, "v1"));
}

TEST_CASE("DNS, ISUP, Diameter and the rest") {
  const Told query(53, R"({"id":1,"qr":false,"questions":[{"name":"example.com","type":1}]})");
  CHECK(query.d.kind == Kind::Dns);
  CHECK(query.d.event == "query");
  CHECK(query.d.summary == "A example.com");
  const Told response(53,
                      R"({"qr":true,"rcode":3,"questions":[{"name":"example.com","type":"A"}]})");
  CHECK(response.d.event == "response");
  CHECK(response.d.summary == "A example.com -> NXDOMAIN");
  const Told isup(56,
                  R"({"cic":12,"dpc":1,"opc":2,"msg_name":"IAM","called_number":{"num":"49"}})");
  CHECK(isup.d.kind == Kind::Isup);
  CHECK(isup.d.event == "IAM");
  CHECK(isup.d.summary == "IAM cic 12 2-1  -> 49");
  CHECK(has_id(isup.d, IdSpace::Other, "1:2:12"));
  const Told diameter(56, R"({"diameter_info":{"type":"Request","command":"CCR"}})");
  CHECK(diameter.d.kind == Kind::Diameter);
  CHECK(diameter.d.event == "CCR");
  CHECK(Told(6, "CRCX 1 aaln/1@gw MGCP 1.0").d.event == "CRCX");
  CHECK(Told(2, "<message to='x'>hi</message>").d.event == "message");
  CHECK(Told(55, "OPTIONS rtsp://x RTSP/1.0\r\n").d.kind == Kind::Rtsp);
  CHECK(Told(3, "v=0\r\no=- 1 1 IN IP4 h\r\n").d.kind == Kind::Sdp);
  CHECK(Told(60, R"({"disposition":"ANSWERED"})").d.kind == Kind::Cdr);
  CHECK(Told(200, "who knows\nmore").d.summary == "who knows");
}

TEST_CASE("ids: limits, absence, repetition") {
  std::string many = "{";
  for (int i = 0; i < 30; ++i) many += "\"k" + std::to_string(i) + "\":\"v\",";
  many += R"("net":"<null>","sip":""})";
  const Told told(96, "", "", many);
  CHECK(told.d.extra_ids().size() == Description::kMaxIds);
  CHECK(told.d.ids_dropped == 30 - 1 - Description::kMaxIds);
  const Told longs(1, kInvite, std::string(1000, 'x'));
  CHECK_FALSE(longs.d.primary_id);
  CHECK(longs.d.ids_dropped == 1);
}

TEST_CASE("names are stable and differ") {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < static_cast<size_t>(Kind::Count); ++i)
    names.push_back(report::kind_name(static_cast<Kind>(i)));
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK(report::kind_name(Kind::RtcpReport) == "rtcp_report");
  CHECK(report::kind_name(Kind::Other) == "other");
  CHECK(report::id_space_name(IdSpace::NgCookie) == "ng-cookie");
  CHECK(report::severity_name(Severity::Emergency) == "emergency");
}

TEST_CASE("property: any payload under any type") {
  const std::vector<std::string> starts = {
      "",        "{\"", "{\"Protocol\":\"TLS\",\"master-key\":\"",
      "TLS:",    "1 d", "VQSessionReport\r\n",
      "\x80\xc8"};
  CHECK(rc::check("one printable line of limited length", [&](const std::string& noise) {
    const Told told(*rc::gen::arbitrary<uint8_t>(),
                    starts[*rc::gen::inRange<size_t>(0, starts.size())] + noise);
    RC_ASSERT(told.d.summary.size() <= 4 * Description::kMaxSummaryColumns + 4);
    RC_ASSERT(told.d.summary.find('\n') == std::string::npos);
  }));
}
