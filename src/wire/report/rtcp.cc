// RTCP (RFC 3550 6.4): binary, and the JSON of rtpengine, Asterisk, captagent and heplify.
#include <fmt/format.h>

#include <cmath>

#include "wire/report/parts.h"
#include "wire/rtp/rtp.h"

namespace siploom::report {

namespace {

std::string type_name(int64_t type) {
  constexpr std::string_view kNames[] = {"SR", "RR", "SDES", "BYE", "APP", "RTPFB", "PSFB", "XR"};
  return type >= 200 && type <= 207 ? std::string(kNames[type - 200]) : fmt::format("PT {}", type);
}

std::string ssrc_text(const Quality& quality) {
  return quality.ssrc ? fmt::format(" ssrc 0x{:08x}", *quality.ssrc) : std::string();
}

void summarize(Description& out, std::string_view type) {
  set_event(out, type);
  const std::string figures = quality_text(out.quality);
  set_summary(out, fmt::format("{}{}{}{}", type, ssrc_text(out.quality), figures.empty() ? "" : " ",
                               figures));
}

// Signed 24 bits; some print them as unsigned 24 or 32 bits.
int64_t signed_loss(int64_t lost) {
  if (lost > 0xFFFFFF && lost <= int64_t{0xFFFFFFFF}) return lost - (int64_t{1} << 32);
  return lost > 0x7FFFFF && lost <= 0xFFFFFF ? lost - (int64_t{1} << 24) : lost;
}

void read_block(const uint8_t* block, Quality& quality) {
  quality.source_ssrc = load_be32(block);
  quality.lost_share = block[4] / 256.0;
  quality.lost = signed_loss(load_be32(block + 4) & 0xFFFFFF);
  quality.highest_sequence = load_be32(block + 8);
  quality.jitter_rtp = load_be32(block + 12);
  quality.lsr = load_be32(block + 16);
  quality.dlsr = load_be32(block + 20);
}

template <class Int>
void take_number(tree::Value map, std::string_view name, std::optional<Int>& out) {
  const auto number = map.member(name).integer();
  if (number && *number >= 0) out = static_cast<Int>(*number);
}

void read_json_block(tree::Value block, Quality& quality) {
  take_number(block, "source_ssrc", quality.source_ssrc);
  if (const auto fraction = block.member("fraction_lost").number())
    if (*fraction >= 0 && *fraction <= 255) quality.lost_share = *fraction / 256;
  if (const auto lost = block.member("packets_lost").integer()) quality.lost = signed_loss(*lost);
  take_number(block, "highest_seq_no", quality.highest_sequence);
  take_number(block, "ia_jitter", quality.jitter_rtp);
  take_number(block, "lsr", quality.lsr);
  take_number(block, "dlsr", quality.dlsr);
}

// XR of heplify (voip_metrics) and captagent (Extended_report_information), RFC 3611 4.7.
void read_voip_metrics(tree::Value metrics, Quality& quality) {
  const auto number = [&](std::string_view name) {
    return metrics.member(name, tree::Case::Any).number();
  };
  constexpr double kUnknown = 127;
  for (const std::string_view name : {"mos_lq", "mos_cq"}) {
    const auto mos = number(name);
    if (!quality.mos && mos && *mos > 0 && *mos < kUnknown)
      quality.mos = mos_of(*mos > 5 ? *mos / 10 : *mos);
  }
  for (const std::string_view name : {"r_factor", "R_fact"}) {
    const auto factor = number(name);
    if (!quality.r_factor && factor && *factor > 0 && *factor < kUnknown) quality.r_factor = factor;
  }
  const auto delay = number("round_trip_delay");
  if (delay && *delay > 0 && !quality.rtt_ms) quality.rtt_ms = delay;
}

bool is_rtcp_json(tree::Value root) {
  for (const std::string_view name : {"report_blocks", "sdes_information", "sender_information",
                                      "report_blocks_xr", "voip_metrics", "sdes_ssrc"}) {
    if (root.member(name)) return true;
  }
  return root.member("Extended_report_information") || root.member("report_count");
}

int64_t type_of(tree::Value root) {
  if (const auto type = root.member("type").integer()) return *type;
  if (root.member("sender_information").is_map()) return 200;
  return root.member("report_blocks") ? 201 : 202;
}

}  // namespace

bool describe_binary(const Input& in, Description& out) {
  const ByteSpan bytes = in.packet.payload;
  if (bytes.size() < 4 || bytes[0] >> 6 != 2) return false;
  rtp::Header header;
  if (rtp::looks_like_rtcp(bytes)) {
    out.kind = Kind::Rtcp;
    Quality& quality = out.quality;
    const unsigned type = bytes[1];
    const unsigned blocks = bytes[0] & 31u;
    if (bytes.size() >= 8) quality.ssrc = load_be32(&bytes[4]);
    if (type == 200 && bytes.size() >= 28) {
      quality.packets = load_be32(&bytes[20]);
      quality.octets = load_be32(&bytes[24]);
    }
    const size_t at = type == 200 ? 28 : 8;
    if ((type == 200 || type == 201) && blocks > 0 && bytes.size() >= at + 24)
      read_block(&bytes[at], quality);
    summarize(out, type_name(type));
    return true;
  }
  if (!rtp::parse(bytes, header)) return false;
  out.kind = Kind::Rtp;
  out.quality.ssrc = header.ssrc;
  set_event(out, "RTP");
  set_summary(out, fmt::format("RTP payload type {} ssrc 0x{:08x} sequence {}", header.payload_type,
                               header.ssrc, header.sequence));
  return true;
}

bool describe_rtcp_json(const Input& in, Description& out) {
  if (!in.root.is_map() || !is_rtcp_json(in.root)) return false;
  out.kind = Kind::RtcpReport;
  Quality& quality = out.quality;
  take_number(in.root, "ssrc", quality.ssrc);
  const tree::Value sender = in.root.member("sender_information");
  take_number(sender, "packets", quality.packets);
  take_number(sender, "octets", quality.octets);
  read_json_block(in.root.member("report_blocks").first(), quality);
  for (const std::string_view name :
       {"report_blocks_xr", "voip_metrics", "Extended_report_information"}) {
    const tree::Value xr = in.root.member(name);
    read_voip_metrics(xr.is_list() ? xr.first() : xr, quality);
  }
  summarize(out, type_name(type_of(in.root)));
  return true;
}

}  // namespace siploom::report
