// RFC 6035 bodies (application/vq-rtcpxr), as telephones really write them: the first line with or
// without a value, empty section lines, unknown metrics left out.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "wire/report/parts.h"

namespace siploom::report {

namespace {

constexpr size_t kMaxLines = 256;

// The value of KEY in "KEY=VALUE KEY=VALUE", quotes off.
std::string_view parameter(std::string_view line, std::string_view key) {
  while (!(line = trim_left(line)).empty()) {
    const size_t equals = find_where(line, [](char c) { return c == '=' || is_space(c); });
    const std::string_view name = line.substr(0, equals);
    line.remove_prefix(equals);
    if (line.empty() || line.front() != '=') continue;
    line.remove_prefix(1);
    const bool quoted = !line.empty() && line.front() == '"';
    if (quoted) line.remove_prefix(1);
    const size_t end = find_where(line, [&](char c) { return quoted ? c == '"' : is_space(c); });
    const std::string_view value = line.substr(0, end);
    line.remove_prefix(std::min(line.size(), end + (quoted ? 1 : 0)));
    if (iequals(name, key)) return value;
  }
  return {};
}

void take_metric(std::string_view line, std::string_view key, std::optional<double>& out,
                 double scale = 1) {
  if (out) return;  // the local metrics come first and stand
  if (const auto number = parse_number<double>(parameter(line, key))) out = *number * scale;
}

void take_metrics(std::string_view name, std::string_view value, Quality& quality,
                  std::string& codec) {
  if (iequals(name, "PacketLoss")) take_metric(value, "NLR", quality.lost_share, 0.01);
  if (iequals(name, "Delay")) {
    take_metric(value, "RTD", quality.rtt_ms);
    take_metric(value, "IAJ", quality.jitter_ms);
  }
  if (iequals(name, "QualityEst")) {
    take_metric(value, "MOSLQ", quality.mos);
    take_metric(value, "MOSCQ", quality.mos);
    take_metric(value, "RCQ", quality.r_factor);
    take_metric(value, "RLQ", quality.r_factor);
  }
  if (iequals(name, "SessionDesc") && codec.empty()) codec = parameter(value, "PD");
  if (iequals(name, "LocalAddr")) {
    const std::string_view ssrc = parameter(value, "SSRC");
    const bool hex = istarts_with(ssrc, "0x");
    const auto number = parse_number<uint32_t>(hex ? ssrc.substr(2) : ssrc, hex ? 16 : 10);
    if (number && !quality.ssrc) quality.ssrc = number;
  }
}

std::string_view report_name(std::string_view line) {
  for (const std::string_view name : {"VQSessionReport", "VQIntervalReport", "VQAlertReport"}) {
    if (istarts_with(line, name)) return name.substr(2);
  }
  return {};
}

}  // namespace

bool describe_vq_report(std::string_view body, Description& out) {
  const std::string_view name = report_name(first_line(body));
  if (name.empty()) return false;
  out.kind = Kind::VqReport;
  std::string codec;
  size_t lines = 0;
  for (std::string_view rest = trim_left(body); !rest.empty() && lines < kMaxLines; ++lines) {
    const Halves halves = split_once(take_line(rest), ':');
    const std::string_view key = trim(halves.before), value = trim(halves.after);
    if (iequals(key, "CallID")) out.add_id(IdSpace::Call, value);
    if (iequals(key, "DialogID")) out.add_id(IdSpace::Call, trim(split_once(value, ';').before));
    take_metrics(key, value, out.quality, codec);
  }
  set_event(out, name);
  const std::string figures = quality_text(out.quality);
  set_summary(out, fmt::format("{}{}{}{}{}", name, codec.empty() ? "" : " ", codec,
                               figures.empty() ? "" : " ", figures));
  return true;
}

}  // namespace siploom::report
