#include "base/text.h"
#include "seeds.h"
#include "wire/report/header_statistics.h"
#include "wire/report/report.h"

namespace siploom::fuzz {
// The first octet is the type number, the second the size of what goes into 0x65.
std::vector<std::string> seeds() {
  return {
      octets("\x05\x00") +
          "{\"sender_information\":{\"packets\":1,\"octets\":2},\"ssrc\":1,\"type\":200,"
          "\"report_blocks\":[{\"source_ssrc\":2,\"fraction_lost\":1,\"packets_lost\":\"16777215\","
          "\"ia_jitter\":3}],\"voip_metrics\":{\"mos_lq\":41}}",
      octets("\x05\x00\x81\xc9\x00\x07\x00\x00\x00\x01\x00\x00\x00\x02\x40\xff\xff\xfe\x00\x00\x00"
             "\x09\x00\x00\x00\x50\x00\x00\x00\x03\x00\x00\x00\x04"),
      octets("\x01\x00") + kInvite,
      octets("\x01\x00") + "{\"payload\":\"OPTIONS sip:a SIP/2.0\\r\\n\\r\\n\"}",
      octets("\x23\x00") +
          "VQSessionReport: CallTerm\r\nCallID: a\r\nPacketLoss: NLR=1.0\r\nDelay: RTD=10 IAJ=3\r\n"
          "QualityEst: MOSLQ=4.1\r\nDialogID: a;to-tag=b\r\n",
      octets("\x22\x00") + "{\"CORRELATION_ID\":\"x\",\"TOTAL_PK\":\"990\",\"MOS\":431}",
      octets("\x63\x00") + "X-RTP-Stat: CS=0;PR=999;PS=997;PL=4,0;JI=61.0,53.0",
      octets("\x59\x00") +
          "{\"Protocol\":\"TLS\",\"master-key\":\"a\\u0001\xff\",\"Event\":\"ACCEPTED\"}",
      octets("\x59\x00") + "TLS:/CN=a:secret:ACCEPTED:SUCCESS:x",
      octets("\x60\x15") + "{\"sip\":\"a\",\"sip\":\"b\"}",
      octets("\x64\x00") + "NOTICE:some text",
      octets("\x58\x00") + "HTTP/1.0 200 OK:{}",
      octets("\x57\x00") + "{\"command\":\"uptime\",\"backend\":\"fifo\"}",
      octets("\x3d\x00") +
          "0_97_2 d7:call-id4:c@h17:command5:offer4:SSRCd1:1d11:average MOSd3:MOS"
          "i43eeeee",
      octets("\x3d\x00") + "{\"jsonrpc\":\"2.0\",\"params\":{\"sessid\":\"s\"}}",
      octets("\x35\x00") + "{\"qr\":1,\"rcode\":3,\"questions\":[{\"name\":\"a\",\"type\":1}]}",
      octets("\x36\x00") + "{\"cic\":1,\"opc\":2,\"dpc\":3,\"called_number\":{\"num\":\"1\"}}"};
}
}  // namespace siploom::fuzz

using namespace siploom;

namespace {

void check_line(const std::string& text, size_t most) {
  fuzz::require(text.size() <= most, "a line of limited length");
  fuzz::require(is_utf8(text), "UTF-8");
  fuzz::require(text.find('\n') == std::string::npos, "one line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const ByteSpan bytes(data + 2, size - 2);
  hep::Packet packet;
  packet.version = 3;
  packet.protocol_type = data[0];
  const size_t extra = std::min<size_t>(data[1], bytes.size());
  packet.extra_ids = as_text(bytes.first(extra));
  packet.payload = bytes.subspan(extra);
  report::Description out;
  report::Scratch scratch;
  report::describe(packet, out, scratch);
  check_line(out.summary, 4 * report::Description::kMaxSummaryColumns + 4);
  check_line(out.event, 4 * 64);
  for (const ByteSpan secret : out.secrets())
    fuzz::require(fuzz::within(as_text(secret), as_text(packet.payload)), "secret in the payload");
  fuzz::require(
      fuzz::within(out.sip, as_text(packet.payload)) || fuzz::within(out.sip, scratch.sip),
      "SIP in the payload or the scratch");
  fuzz::require(!report::kind_name(out.kind).empty(), "a kind with a name");
  report::HeaderStatistics statistics;
  if (statistics.parse(as_text(bytes))) statistics.quality();
  return 0;
}
