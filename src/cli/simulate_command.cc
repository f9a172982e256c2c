// siploom simulate: realistic traffic with its truth.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "simulate/simulate.h"

namespace siploom::cli {

namespace {

void set_if_given(double given, double& slot) {
  if (given >= 0) slot = given;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const Halves halves = split_once(text, ',');
    if (!trim(halves.before).empty()) out.emplace_back(trim(halves.before));
    text = halves.after;
  }
  return out;
}

Result<simulate::Options> to_options(const SimulateOptions& given) {
  simulate::Options out = SL_TRY(simulate::preset(given.preset));
  out.seed = given.seed;
  if (given.calls != 0) out.calls = given.calls;
  if (given.messages != 0) out.messages = given.messages, out.calls = given.calls;
  if (given.packets != 0) out.packets = given.packets, out.calls = given.calls;
  if (given.rate > 0) out.rate = given.rate;
  if (!given.mix.empty()) out.mix = SL_TRY(simulate::parse_mix(given.mix));
  if (!given.start.empty()) {
    const auto start = parse_time(given.start);
    if (!start)
      return fail(ErrorCode::InvalidArgument, "--start: write it like 2026-11-21T08:00:00Z");
    out.start = *start;
  }
  if (!given.codecs.empty()) out.codecs = split_names(given.codecs);
  if (given.no_media) out.media = false;
  if (given.rtp_seconds >= 0) out.media_limit = static_cast<Nanoseconds>(given.rtp_seconds * 1e9);
  if (given.jitter_ms >= 0) out.jitter_ms = static_cast<unsigned>(given.jitter_ms);
  set_if_given(given.loss_percent, out.loss_percent);
  set_if_given(given.tcp_percent, out.tcp_percent);
  set_if_given(given.ws_percent, out.ws_percent);
  set_if_given(given.ipv6_percent, out.ipv6_percent);
  set_if_given(given.vlan_percent, out.vlan_percent);
  set_if_given(given.fragment_percent, out.fragment_percent);
  set_if_given(given.copies_percent, out.mirror_percent);
  out.output = given.output;
  if (given.output.ends_with(".pcapng")) out.format.format = capture::FileFormat::PcapNg;
  out.calls_path = given.calls_truth;
  SL_TRY_VOID(simulate::check(out));
  return out;
}

Result<void> write_text(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  const bool written =
      file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int code = errno;
  if (file != nullptr && std::fclose(file) == 0 && written) return {};
  return fail(ErrorCode::Io, fmt::format("cannot write {}: {}", path, std::strerror(code)));
}

}  // namespace

int simulate_command(const Options& options) {
  const SimulateOptions& given = options.simulate;
  auto wanted = to_options(given);
  if (!wanted) return fail_with(wanted.error());
  auto truth = simulate::run(*wanted);
  if (!truth) return fail_with(truth.error());
  if (!given.truth.empty()) {
    if (auto written = write_text(given.truth, simulate::truth_json(*truth) + "\n"); !written) {
      return fail_with(written.error());
    }
  }
  return 0;
}

}  // namespace siploom::cli
