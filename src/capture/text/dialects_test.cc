// Each dialect of text dumps with a request and its response, as its program prints them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "capture/open_file.h"
#include "packet/decode.h"

using namespace siploom;
using namespace siploom::capture;

namespace {

const std::string kRequest =
    "OPTIONS sip:bob@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1\r\n"
    "From: <sip:a@10.0.0.1>;tag=1\r\nTo: <sip:bob@10.0.0.2>\r\nCall-ID: text-1@10.0.0.1\r\n"
    "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
const std::string kResponse =
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1\r\n"
    "From: <sip:a@10.0.0.1>;tag=1\r\nTo: <sip:bob@10.0.0.2>;tag=2\r\nCall-ID: text-1@10.0.0.1\r\n"
    "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

// The message as terminals show it: without CRs, each line with something before and behind it.
std::string lines(const std::string& message, std::string_view before = "",
                  std::string_view behind = "") {
  std::string out;
  std::string_view rest = message;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    out += before;
    out += trim_right(line);
    out += behind;
    out += '\n';
  }
  return out;
}

struct Seen {
  std::string src, dst, payload;
  Timestamp time;
};

std::vector<Seen> read(const std::string& text) {
  auto source = open_memory("dump.txt", as_bytes(text));
  REQUIRE(source.has_value());
  std::vector<Seen> out;
  FrameBatch batch;
  for (;;) {
    const auto more = (*source)->next(batch, 1 << 20);
    REQUIRE(more.has_value());
    for (const Frame& frame : batch.frames) {
      const packet::Datagram datagram =
          packet::decode_frame(static_cast<uint16_t>(frame.link), frame.bytes());
      out.push_back({format_endpoint(datagram.src), format_endpoint(datagram.dst),
                     std::string(as_text(datagram.payload)), frame.time});
    }
    if (!*more) return out;
  }
}

// Both messages whole, with their addresses and in order.
void check_both(const std::string& text) {
  const std::vector<Seen> seen = read(text);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].src == "10.0.0.1:5060");
  CHECK(seen[0].dst == "10.0.0.2:5060");
  CHECK(seen[1].src == "10.0.0.2:5060");
  CHECK(seen[0].payload == kRequest);
  CHECK(seen[1].payload == kResponse);
}

}  // namespace

TEST_CASE("ngrep -W byline, sngrep's export and OpenSIPS' arrows") {
  const std::vector<Seen> seen =
      read("U 2026/01/02 12:34:56.789012 10.0.0.1:5060 -> 10.0.0.2:5060 #1\n" +
           lines(kRequest, "", ".") +
           "\nU 2026/01/02 12:34:56.800000 10.0.0.2:5060 -> 10.0.0.1:5060 #2\n" +
           lines(kResponse, "", "."));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].payload == kRequest);
  CHECK(format_rfc3339(seen[0].time) == "2026-01-02T12:34:56.789012Z");
  check_both("2026/01/02 12:34:56.789012 10.0.0.1:5060 -> 10.0.0.2:5060\n" + lines(kRequest) +
             "\n2026/01/02 12:34:56.800000 10.0.0.2:5060 -> 10.0.0.1:5060\n" + lines(kResponse));
}

TEST_CASE("tcpdump -A") {
  check_both("12:34:56.789012 IP 10.0.0.1.5060 > 10.0.0.2.5060: SIP: OPTIONS sip:bob@10.0.0.2 " +
             std::string("SIP/2.0\nE.......@............") + lines(kRequest) +
             "12:34:56.800000 IP 10.0.0.2.5060 > 10.0.0.1.5060: SIP: SIP/2.0 200 OK\n" +
             "E.......@............" + lines(kResponse));
}

TEST_CASE("Asterisk: PJSIP logger") {
  check_both(
      fmt::format("<--- Received SIP request ({} bytes) from UDP:10.0.0.1:5060 --->\n{}\n",
                  kRequest.size(), lines(kRequest)) +
      fmt::format("<--- Transmitting SIP response ({} bytes) to UDP:10.0.0.1:5060 --->\n{}\n",
                  kResponse.size(), lines(kResponse)));
}

TEST_CASE("Asterisk: chan_sip") {
  const std::vector<Seen> seen =
      read("<--- SIP read from UDP:10.0.0.1:5060 --->\n" + lines(kRequest) +
           "<------------->\n\n<--- Transmitting (no NAT) to 10.0.0.1:5060 --->\n" +
           lines(kResponse) + "\n<------------>\n");
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].src == "10.0.0.1:5060");
  CHECK(seen[1].dst == "10.0.0.1:5060");
  CHECK(seen[1].payload.starts_with("SIP/2.0 200 OK\r\n"));
}

TEST_CASE("FreeSWITCH: sofia siptrace") {
  const std::string ruler = "   " + std::string(72, '-') + "\n";
  const std::vector<Seen> seen = read(
      fmt::format("recv {} bytes from udp/[10.0.0.1]:5060 at 12:34:56.789012:\n", kRequest.size()) +
      ruler + lines(kRequest, "   ") + ruler +
      fmt::format("send {} bytes to udp/[10.0.0.1]:5060 at 12:34:56.800000:\n", kResponse.size()) +
      ruler + lines(kResponse, "   ") + ruler);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].src == "10.0.0.1:5060");
  CHECK(seen[0].payload == kRequest);
  CHECK(seen[1].payload == kResponse);
}

TEST_CASE("SIPp -trace_msg") {
  const std::string ruler = std::string(47, '-');
  const std::vector<Seen> seen = read(
      ruler + " 2026-01-02 12:34:56.789012\n" +
      fmt::format("UDP message sent ({} bytes):\n\n", kRequest.size()) + lines(kRequest) + "\n" +
      ruler + " 2026-01-02 12:34:56.800000\n" +
      fmt::format("UDP message received [{}] bytes :\n\n", kResponse.size()) + lines(kResponse));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].payload == kRequest);
  CHECK(seen[1].payload == kResponse);
}

TEST_CASE("Kamailio: sipdump") {
  const auto block = [](const char* src, const char* dst, const std::string& message) {
    return fmt::format(
        "====================\ntag: rcv\npid: 1\nprocess: 1\ntime: 1513947863.123456\n"
        "date: Fri Dec 22 13:04:23 2017\nproto: udp ipv4\nsrcip: {}\nsrcport: 5060\ndstip: {}\n"
        "dstport: 5060\n~~~~~~~~~~~~~~~~~~~~\n{}||||||||||||||||||||\n",
        src, dst, message);
  };
  check_both(block("10.0.0.1", "10.0.0.2", kRequest) + block("10.0.0.2", "10.0.0.1", kResponse));
}

TEST_CASE("pjsua") {
  const std::vector<Seen> seen =
      read(fmt::format(
               "12:34:56.789  pjsua_core.c  .TX {} bytes Request msg OPTIONS/cseq=1 (tdta0x1) to "
               "UDP 10.0.0.2:5060:\n{}--end msg--\n",
               kRequest.size(), lines(kRequest)) +
           fmt::format("12:34:56.800  pjsua_core.c  .RX {} bytes Response msg 200/OPTIONS/cseq=1 "
                       "(rdata0x1) from UDP 10.0.0.2:5060:\n{}--end msg--\n",
                       kResponse.size(), lines(kResponse)));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].dst == "10.0.0.2:5060");
  CHECK(seen[1].src == "10.0.0.2:5060");
  CHECK(seen[0].payload == kRequest);
  CHECK(seen[1].payload == kResponse);
}

TEST_CASE("Cisco IOS: debug ccsip messages") {
  const std::vector<Seen> seen =
      read("000001: Aug  1 06:37:30.454: //-1/xxxxxxxxxxxx/SIP/Msg/ccsipDisplayMsg:\nReceived: \n" +
           lines(kRequest) +
           "\n000002: Aug  1 06:37:30.460: //-1/xxxxxxxxxxxx/SIP/Msg/ccsipDisplayMsg:\nSent: \n" +
           lines(kResponse) + "\n");
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].payload.starts_with("OPTIONS sip:bob@10.0.0.2 SIP/2.0\r\n"));
  CHECK(seen[1].payload.starts_with("SIP/2.0 200 OK\r\n"));
}

TEST_CASE("a honeypot's log") {
  const std::vector<Seen> seen =
      read("Source: 10.0.0.1:5060\nDatetime: 2010-05-02 01:43:05.606584\n\nMessage:\n\n" +
           lines(kRequest) + "\n\n\n-------------------------\nSource: 10.0.0.2:5060\n" +
           "Datetime: 2010-05-02 01:43:06.606584\n\nMessage:\n\n" + lines(kResponse) +
           "\n\n-------------------------\n");
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].src == "10.0.0.1:5060");
  CHECK(format_rfc3339(seen[0].time) == "2010-05-02T01:43:05.606584Z");
  CHECK(seen[1].payload.starts_with("SIP/2.0 200 OK\r\n"));
}

TEST_CASE("a hex dump of a frame") {
  // Ethernet, IPv4, UDP and "PING": as tshark -x prints it.
  const std::vector<Seen> seen = read(
      "0000  00 00 00 00 00 01 00 00 00 00 00 02 08 00 45 00   ..............E.\n"
      "0010  00 20 00 01 00 00 40 11 00 00 0a 00 00 01 0a 00   . ....@.........\n"
      "0020  00 02 13 c4 13 c4 00 0c 00 00 50 49 4e 47         ..........PING\n");
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].src == "10.0.0.1:5060");
  CHECK(seen[0].payload == "PING");
}

TEST_CASE("messages alone, as somebody pasted them") {
  const std::vector<Seen> seen = read(lines(kRequest) + "\n" + lines(kResponse));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].payload == kRequest);
  CHECK(seen[1].payload == kResponse);
}

TEST_CASE("text without SIP is no capture") {
  const std::string text = "Dear colleague,\nplease find no SIP here.\n";
  CHECK_FALSE(open_memory("letter.txt", as_bytes(text)).has_value());
}
