// siploom simulate: realistic traffic with its truth, into a file or live as HEP.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "simulate/live/live.h"
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

// By place: an empty one stands for what is usual there.
std::vector<std::string> split_places(std::string_view text) {
  std::vector<std::string> out;
  for (bool more = !text.empty(); more;) {
    const Halves halves = split_once(text, ',');
    out.emplace_back(trim(halves.before));
    text = halves.after;
    more = halves.found;
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
  if (given.duration > 0) {
    out.duration = given.duration;
    if (given.messages == 0 && given.packets == 0) out.calls = given.calls;
  }
  return out;
}

Result<void> write_file(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  const bool written =
      file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int code = errno;
  if (file != nullptr && std::fclose(file) == 0 && written) return {};
  return fail(ErrorCode::Io, fmt::format("cannot write {}: {}", path, std::strerror(code)));
}

// What makes no sense for a file, or for sending.
Result<void> check_way(const SimulateOptions& given) {
  if (given.hep.empty()) {
    if (given.output.empty()) {
      return fail(ErrorCode::InvalidArgument,
                  "name a capture file to write, or --hep udp:HOST:PORT to send to a collector");
    }
    if (given.profiles.empty() && given.nodes.empty() && given.key.empty() &&
        given.capture_id == 0 && given.speed == 0) {
      return {};
    }
    return fail(ErrorCode::InvalidArgument,
                "--profile, --node, --capture-id, --key and --speed are for --hep");
  }
  if (!given.output.empty()) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}': give either a file or --hep, not both", given.output));
  }
  if (!given.start.empty()) {
    return fail(ErrorCode::InvalidArgument, "--start is for files; with --hep it begins now");
  }
  return {};
}

Result<simulate::live::LiveOptions> to_live(const SimulateOptions& given) {
  simulate::live::LiveOptions live;
  live.destinations = SL_TRY(simulate::live::parse_destinations(given.hep));
  live.nodes.profiles = split_places(given.profiles);
  live.nodes.names = split_places(given.nodes);
  live.nodes.key = given.key;
  if (given.capture_id > UINT32_MAX - simulate::live::kNodes) {
    return fail(ErrorCode::InvalidArgument, "--capture-id: give a number of 32 bits");
  }
  if (given.capture_id != 0) live.nodes.capture_id = static_cast<uint32_t>(given.capture_id);
  if (given.speed != 0) live.speed = given.speed;
  live.stop = &stop_flag();
  live.say = [](const std::string& text) { complain(text); };
  return live;
}

Result<simulate::Truth> send_live(const SimulateOptions& given, const OutputOptions& output) {
  // A few calls a second, that a demo is alive.
  constexpr double kDemoRate = 3;
  const auto live = SL_TRY(to_live(given));
  simulate::Options options = SL_TRY(to_options(given));
  if (given.messages == 0 && given.packets == 0) options.calls = given.calls;
  if (given.rate <= 0 && given.preset == "demo") options.rate = kDemoRate;
  const auto clock = simulate::live::system_clock();
  auto result = SL_TRY(simulate::live::run(options, live, *clock));
  Output out(output);
  out.write(output.json ? simulate::live::report_json(result.report) + "\n"
                        : simulate::live::report_text(result.report));
  return result.truth;
}

Result<simulate::Truth> simulate_as_told(const Options& options) {
  const SimulateOptions& given = options.simulate;
  SL_TRY_VOID(check_way(given));
  if (!given.hep.empty()) return send_live(given, options.output);
  return simulate::run(SL_TRY(to_options(given)));
}

}  // namespace

int simulate_command(const Options& options) {
  const auto truth = simulate_as_told(options);
  if (!truth) return fail_with(truth.error());
  const std::string& path = options.simulate.truth;
  if (path.empty()) return 0;
  const auto written = write_file(path, simulate::truth_json(*truth) + "\n");
  return written ? 0 : fail_with(written.error());
}

}  // namespace siploom::cli
