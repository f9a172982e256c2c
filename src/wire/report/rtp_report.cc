// Agents' summaries of RTP streams: the flat JSON of rtpagent and hepipe.js (34, 35), that of
// horaclifix (38), and the statistics that telephones put into headers.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "wire/report/header_statistics.h"
#include "wire/report/parts.h"

namespace siploom::report {

namespace {

std::optional<double> number(const Input& in, std::string_view name) {
  return in.root.member(name, tree::Case::Any).number();
}
std::optional<uint64_t> count(const Input& in, std::string_view name) {
  const auto value = in.root.member(name, tree::Case::Any).integer();
  return value && *value >= 0 ? std::optional<uint64_t>(static_cast<uint64_t>(*value))
                              : std::nullopt;
}
std::string text(const Input& in, std::string_view name) {
  return text_of(in.root.member(name, tree::Case::Any));
}

bool is_flat_report(tree::Value root) {
  constexpr std::string_view kNames[] = {"RTP_SIP_CALL_ID", "TOTAL_PK",   "EXPECTED_PK",
                                         "PACKET_LOSS",     "CODEC_NAME", "INC_REALM",
                                         "INC_MOS",         "OUT_REALM"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view name) { return static_cast<bool>(root.member(name)); });
}

std::string hop_text(const Input& in) {
  const std::string src = text(in, "SRC_IP"), dst = text(in, "DST_IP");
  if (src.empty() && dst.empty()) return {};
  return fmt::format(" {}:{} -> {}:{}", src, text(in, "SRC_PORT"), dst, text(in, "DST_PORT"));
}

// The worse of two directions.
std::optional<double> worse_mos(const Input& in) {
  std::optional<double> out;
  for (const std::string_view name : {"MOS", "INC_MOS", "OUT_MOS"}) {
    const auto given = number(in, name);
    const auto mos = given ? mos_of(*given) : std::nullopt;
    if (mos && (!out || *mos < *out)) out = mos;
  }
  return out;
}

}  // namespace

bool describe_rtp_report(const Input& in, Description& out) {
  if (!in.root.is_map() || !is_flat_report(in.root)) return false;
  out.kind = Kind::RtpReport;
  Quality& quality = out.quality;
  quality.mos = worse_mos(in);
  quality.packets = count(in, "TOTAL_PK");
  quality.octets = count(in, "TL_BYTE");
  quality.expected_packets = count(in, "EXPECTED_PK");
  quality.jitter_ms = number(in, "JITTER");
  if (const auto lost = in.root.member("PACKET_LOSS", tree::Case::Any).integer())
    quality.lost = *lost;
  const uint64_t expected = quality.expected_packets.value_or(0);
  if (quality.lost && *quality.lost >= 0 && expected > 0)
    quality.lost_share =
        std::min(1.0, static_cast<double>(*quality.lost) / static_cast<double>(expected));
  out.add_id(IdSpace::Call, text(in, "RTP_SIP_CALL_ID"));
  out.add_id(IdSpace::Call, text(in, "CORRELATION_ID"));
  const std::string type = text(in, "TYPE");
  set_event(out, type.empty() ? "report" : type);
  const std::string figures = quality_text(quality);
  std::string name = text(in, "CODEC_NAME");
  if (name.empty()) name = text(in, "NAME");
  set_summary(out, fmt::format("{}{}{}{}{}", out.event, name.empty() ? "" : " ", name, hop_text(in),
                               figures.empty() ? "" : " " + figures));
  return true;
}

bool describe_header_statistics(const Input& in, Description& out) {
  std::string_view line = first_line(in.text);
  const Halves named = split_once(line, ':');
  const bool has_name = named.found && trim(named.before).ends_with("RTP-Stat");
  if (has_name) line = trim(named.after);
  HeaderStatistics statistics;
  if (!statistics.parse(line)) return false;
  constexpr std::string_view kKnown[] = {"PS", "PR", "PL", "JI", "CS", "CD", "OR", "OS"};
  const auto known = std::count_if(std::begin(kKnown), std::end(kKnown), [&](std::string_view key) {
    return !statistics.value_of(key).empty();
  });
  if (!has_name && known < 3) return false;
  out.kind = Kind::HeaderStatistics;
  out.quality = statistics.quality();
  set_event(out, has_name ? trim(named.before) : std::string_view("RTP-Stat"));
  set_summary(out, fmt::format("{} {}", out.event, quality_text(out.quality)));
  return true;
}

}  // namespace siploom::report
