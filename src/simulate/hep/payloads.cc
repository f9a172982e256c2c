#include "simulate/hep/payloads.h"

#include <fmt/format.h>

namespace siploom::simulate::hep {

namespace {

constexpr uint64_t kNtpEpoch = 2'208'988'800;

uint32_t unsigned_loss(const RtcpFacts& rtcp) {
  return static_cast<uint32_t>(rtcp.lost) & 0xFFFFFF;
}

uint64_t ntp_fraction(const HepInput& in) {
  return (static_cast<uint64_t>(in.time.ns % kSecond) << 32) / kSecond;
}

// Of rtpengine, captagent and heplify: the fraction word under the name of microseconds.
std::string sender_information(const HepInput& in) {
  if (in.rtcp.type != 200) return {};
  return fmt::format(
      R"("sender_information":{{"ntp_timestamp_sec":{},"ntp_timestamp_usec":{},"octets":{},)"
      R"("rtp_timestamp":{},"packets":{}}},)",
      seconds(in) + kNtpEpoch, ntp_fraction(in), in.rtcp.octets, in.rtcp.rtp_timestamp,
      in.rtcp.packets);
}

std::string report_blocks(const RtcpFacts& rtcp) {
  return fmt::format(
      R"("report_blocks":[{{"source_ssrc":{},"highest_seq_no":{},"fraction_lost":{},)"
      R"("ia_jitter":{},"packets_lost":{},"lsr":{},"dlsr":{}}}])",
      rtcp.source_ssrc, rtcp.highest_sequence, rtcp.fraction_lost, rtcp.jitter, unsigned_loss(rtcp),
      rtcp.lsr, rtcp.dlsr);
}

std::string cjson_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\0') break;
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (octet < 0x20) {
      out += fmt::format("\\u{:04x}", octet);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string bencode_text(std::string_view text) { return fmt::format("{}:{}", text.size(), text); }

uint16_t dns_type(std::string_view name) { return name == "AAAA" ? 28 : name == "CNAME" ? 5 : 1; }

}  // namespace

std::string rtpengine_rtcp(const HepInput& in) {
  return fmt::format(R"({{{}"ssrc":{},"type":{},"report_count":1,{},"sdes_report_count":1,)"
                     R"("sdes_information":[{{"sdes_chunk_ssrc":{},"type":1,"text":"{}"}}]}})",
                     sender_information(in), in.rtcp.ssrc, in.rtcp.type, report_blocks(in.rtcp),
                     in.rtcp.ssrc, in.rtcp.cname);
}

std::string asterisk_rtcp(const HepInput& in) {
  // Texts for some numbers, Unix time, and no order in common with others.
  const std::string sender =
      in.rtcp.type == 200 ? fmt::format(R"({{"ntp_timestamp_sec":"{}","ntp_timestamp_usec":"{}",)"
                                        R"("rtp_timestamp":{},"packets":{},"octets":{}}})",
                                        seconds(in), microseconds(in), in.rtcp.rtp_timestamp,
                                        in.rtcp.packets, in.rtcp.octets)
                          : std::string("null");
  return fmt::format(R"({{"ssrc":{},"type":{},"report_count":1,"sender_information":{},)"
                     R"("report_blocks":[{{"source_ssrc":{},"fraction_lost":{},"packets_lost":{},)"
                     R"("highest_seq_no":{},"ia_jitter":{},"lsr":"{}","dlsr":{}}}]}})",
                     in.rtcp.ssrc, in.rtcp.type, sender, in.rtcp.source_ssrc, in.rtcp.fraction_lost,
                     unsigned_loss(in.rtcp), in.rtcp.highest_sequence, in.rtcp.jitter, in.rtcp.lsr,
                     in.rtcp.dlsr);
}

std::string captagent_rtcp(const HepInput& in) {
  return fmt::format(R"({{{}"ssrc":{},"type":{},{},"report_count":1,"sdes_ssrc":{},)"
                     R"("sdes_information":[{{"type":1,"text":"{}"}}]}})",
                     sender_information(in), in.rtcp.ssrc, in.rtcp.type, report_blocks(in.rtcp),
                     in.rtcp.ssrc, in.rtcp.cname);
}

std::string heplify_rtcp(const HepInput& in) {
  // The blocks of XR are always there, with zeros.
  return fmt::format(
      R"({{{}"ssrc":{},"type":{},"report_count":1,{},"report_blocks_xr":{{"type":0,"id":0,)"
      R"("fraction_lost":0,"fraction_discard":0,"burst_density":0,"gap_density":0,)"
      R"("burst_duration":0,"gap_duration":0,"round_trip_delay":0,"end_system_delay":0}},)"
      R"("sdes_ssrc":{}}})",
      sender_information(in), in.rtcp.ssrc, in.rtcp.type, report_blocks(in.rtcp), in.rtcp.ssrc);
}

std::string heplify_dns(const HepInput& in) {
  std::string answers;
  for (const auto& [type, value] : in.parts) {
    if (!answers.empty()) answers += ',';
    answers += fmt::format(R"({{"name":"{}","type":{},"class":1,"ttl":60,"{}":"{}"}})", in.payload,
                           dns_type(type), type == "CNAME" ? "cname" : "ip", value);
  }
  return fmt::format(
      R"({{"id":4711,"qr":{},"opcode":0,"aa":false,"tc":false,"rd":true,"ra":true,"z":0,)"
      R"("rcode":{},"questions":[{{"name":"{}","type":1,"class":1}}],"answers":[{}]}})",
      in.received, in.received && in.parts.empty() ? 3 : 0, in.payload, answers);
}

std::string ng_message(const HepInput& in) {
  std::string out = in.cookie + " d";
  for (const auto& [name, value] : in.parts) out += bencode_text(name) + bencode_text(value);
  return out + "e";
}

std::string cjson(const Parts& parts) {
  std::string out = "{";
  for (const auto& [name, value] : parts) {
    out += out.size() > 1 ? ",\n\t" : "\n\t";
    out += cjson_text(name) + ":\t" + cjson_text(value);
  }
  return out + "\n}";
}

std::string joined(const Parts& parts, std::string_view delimiter) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += delimiter;
    out += parts[i].second;
  }
  return out;
}

}  // namespace siploom::simulate::hep
