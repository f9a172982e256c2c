// Options: presets, mixes and what is wrong with what was asked for; and Options made ready for
// use.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "simulate/codecs.h"
#include "simulate/scenarios.h"
#include "simulate/settings.h"

namespace siploom::simulate {

namespace {

struct Preset {
  std::string_view name, help, mix;
  void (*adjust)(Options& options);
};

void demo(Options& o) {
  o.calls = 60;
  o.rate = 1.0;
  o.loss_percent = 0.5;
  o.jitter_ms = 8;
  o.sip_loss_percent = 0.5;
  o.tcp_percent = 10;
  o.ws_percent = 5;
  o.ipv6_percent = 5;
  o.vlan_percent = 10;
  o.fragment_percent = 4;
  o.mirror_percent = 3;
}
void trunk(Options& o) {
  o.calls = 500;
  o.rate = 20.0;
  o.hold = 30 * kSecond;
  o.codecs = {"PCMA", "PCMU", "G729"};
  o.jitter_ms = 2;
  o.loss_percent = 0.1;
  o.sip_loss_percent = 0.2;
}
void registrar(Options& o) {
  o.calls = 2000;
  o.rate = 50.0;
  o.media = false;
  o.tcp_percent = 15;
  o.ws_percent = 5;
}
void bench_sip(Options& o) {
  o.calls = 100'000;
  o.rate = 200.0;
  o.media = false;
  o.tcp_percent = 10;
}
void bench_rtp(Options& o) {
  o.calls = 1000;
  o.rate = 50.0;
  o.hold = 20 * kSecond;
  o.hold_shape = HoldShape::Fixed;
  o.codecs = {"PCMU", "PCMA"};
}
void hostile(Options& o) {
  o.calls = 2000;
  o.rate = 100.0;
  o.media = false;
  o.sip_loss_percent = 5;
}

constexpr std::string_view kEverything =
    "answered=8,proxy=6,trunk=4,auth=3,b2bua=5,fork=3,early-media=3,retransmit=1,dtmf-rtp=2,one-"
    "way=1,"
    "cancel=4,busy=4,no-answer=2,timeout=1,unreachable=1,rejected=4,server-error=2,redirect=1,auth-"
    "fail=1,"
    "cut-begin=1,cut-end=1,hold=3,codec-change=1,blind-transfer=2,attended-transfer=2,update=1,"
    "dtmf-info=1,"
    "register=8,register-fail=2,options=4,subscribe=2,mailbox=1,presence=1,publish=1,message=2";

constexpr Preset kPresets[] = {
    {"demo", "a little of everything, with media, over all transports", kEverything, demo},
    {"trunk", "PBX to carrier: calls with media, some that fail, pings",
     "trunk=60,early-media=10,update=4,cancel=6,busy=6,no-answer=4,rejected=5,server-error=3,"
     "options=8,"
     "unreachable=1,b2bua=3",
     trunk},
    {"registrar", "registrations, subscriptions and texts, no calls",
     "register=70,register-fail=5,options=10,subscribe=5,mailbox=4,presence=3,publish=3,message=5",
     registrar},
    {"bench-sip", "SIP alone, about seven messages to a Call-ID, a tenth of the calls over TCP",
     "answered=70,proxy=4,auth=4,cancel=5,busy=5,rejected=4,register=8,options=5,message=3,"
     "subscribe=3",
     bench_sip},
    {"bench-rtp", "calls of seven messages and 2000 RTP packets", "answered=1", bench_rtp},
    {"hostile", "scanners, wrong passwords, floods without answer, what is no SIP at all",
     "scanner=40,register-fail=20,auth-fail=10,unreachable=5,garbage=15,broken=10,rejected=10",
     hostile},
};

std::string known_names(std::span<const Scenario> all) {
  std::string out;
  for (const Scenario& scenario : all) {
    if (!out.empty()) out += ", ";
    out += scenario.name;
  }
  return out;
}

Result<void> check_percentages(const Options& options) {
  const std::pair<std::string_view, double> given[] = {{"loss", options.loss_percent},
                                                       {"SIP loss", options.sip_loss_percent},
                                                       {"TCP", options.tcp_percent},
                                                       {"WebSocket", options.ws_percent},
                                                       {"IPv6", options.ipv6_percent},
                                                       {"VLAN", options.vlan_percent},
                                                       {"fragments", options.fragment_percent},
                                                       {"copies", options.mirror_percent}};
  for (const auto& [what, percent] : given) {
    // Written so that a NaN fails too.
    if (!(percent >= 0 && percent <= 100)) {
      return fail(ErrorCode::InvalidArgument, fmt::format("percentage of {}: give 0 to 100", what));
    }
  }
  return {};
}

Result<void> check_media(const Options& options) {
  if (options.codecs.empty() || options.codecs.size() > 16) {
    return fail(ErrorCode::InvalidArgument, "codecs: name one at least, such as PCMU");
  }
  for (const std::string& name : options.codecs) {
    if (!find_codec(name)) {
      return fail(
          ErrorCode::InvalidArgument,
          fmt::format("codec {}: only PCMU, PCMA, G722, G729 and opus are known here", name));
    }
  }
  constexpr unsigned kPtimes[] = {10, 20, 30, 40, 60};
  if (std::find(std::begin(kPtimes), std::end(kPtimes), options.ptime_ms) == std::end(kPtimes)) {
    return fail(ErrorCode::InvalidArgument, "packet time: give 10, 20, 30, 40 or 60 ms");
  }
  // RtpStream keeps what is under way in a small array.
  if (options.jitter_ms > 10 * options.ptime_ms) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("jitter: give at most ten packet times, {} ms", 10 * options.ptime_ms));
  }
  return {};
}

}  // namespace

std::span<const Scenario> all_scenarios() {
  static const std::vector<Scenario> kAll = [] {
    std::vector<Scenario> out;
    for (const auto part :
         {answered_scenarios(), unanswered_scenarios(), changing_scenarios(), other_scenarios()}) {
      out.insert(out.end(), part.begin(), part.end());
    }
    return out;
  }();
  return kAll;
}

std::optional<size_t> find_scenario(std::string_view name) {
  const auto all = all_scenarios();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return i;
  }
  return std::nullopt;
}

std::vector<NamedHelp> scenarios() {
  std::vector<NamedHelp> out;
  for (const Scenario& scenario : all_scenarios()) out.push_back({scenario.name, scenario.help});
  return out;
}

std::vector<NamedHelp> presets() {
  std::vector<NamedHelp> out;
  for (const Preset& preset : kPresets) out.push_back({preset.name, preset.help});
  return out;
}

Result<Options> preset(std::string_view name) {
  std::string known;
  for (const Preset& preset : kPresets) {
    if (preset.name == name) {
      Options options;
      preset.adjust(options);
      options.mix = SL_TRY(parse_mix(preset.mix));
      return options;
    }
    known += fmt::format("{}{}", known.empty() ? "" : ", ", preset.name);
  }
  return fail(ErrorCode::InvalidArgument,
              fmt::format("no preset is called \"{}\"; there are {}", name, known));
}

Result<std::vector<MixEntry>> parse_mix(std::string_view text) {
  std::vector<MixEntry> out;
  while (!trim(text).empty()) {
    const Halves part = split_once(text, ',');
    text = part.after;
    const Halves entry = split_once(part.before, '=');
    const std::string_view name = trim(entry.before);
    if (!find_scenario(name)) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("no scenario is called \"{}\"; there are {}", name,
                              known_names(all_scenarios())));
    }
    uint32_t weight = 1;
    if (entry.found) {
      const auto number = parse_number<uint32_t>(trim(entry.after));
      if (!number || *number > 1'000'000) {
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("weight of {}: give a whole number up to 1000000", name));
      }
      weight = *number;
    }
    out.push_back({std::string(name), weight});
  }
  return out;
}

Result<void> check(const Options& options) {
  if (!options.endless && options.calls == 0 && options.messages == 0 && options.packets == 0 &&
      options.duration <= 0) {
    return fail(ErrorCode::InvalidArgument,
                "say how much to simulate: a number of calls, messages or packets, or a duration");
  }
  if (!(options.rate >= 1e-3 && options.rate <= 1e6)) {
    return fail(ErrorCode::InvalidArgument, "rate: give 0.001 to 1000000 calls a second");
  }
  if (options.hold <= 0 || options.hold > 24 * 3600 * kSecond) {
    return fail(ErrorCode::InvalidArgument, "hold time: give up to a day");
  }
  if (options.media_limit < 0 || options.duration < 0) {
    return fail(ErrorCode::InvalidArgument, "a duration cannot be negative");
  }
  // A call may begin half a minute before what is captured; ends have to fit a pcap.
  if (options.start.ns < 3600 * kSecond || options.start.ns > 4'000'000'000 * kSecond) {
    return fail(ErrorCode::InvalidArgument, "start: give a time from 1970 to 2096");
  }
  uint64_t weight = 0;
  for (const MixEntry& entry : options.mix) {
    if (!find_scenario(entry.scenario)) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("no scenario is called \"{}\"; there are {}", entry.scenario,
                              known_names(all_scenarios())));
    }
    weight += entry.weight;
  }
  if (!options.mix.empty() && (weight == 0 || weight > UINT32_MAX)) {
    return fail(ErrorCode::InvalidArgument, "mix: the weights add up to nothing, or to too much");
  }
  SL_TRY_VOID(check_percentages(options));
  return check_media(options);
}

Settings make_settings(const Options& options) {
  Settings out;
  out.seed = options.seed;
  out.hold = options.hold;
  out.hold_shape = options.hold_shape;
  out.media = options.media;
  out.rtcp = options.rtcp;
  out.media_limit = options.media_limit;
  out.ptime = options.ptime_ms * kMillisecond;
  out.jitter = options.jitter_ms * kMillisecond;
  out.rtp_loss = Chance::of_percent(options.loss_percent);
  out.sip_loss = Chance::of_percent(options.sip_loss_percent);
  out.tcp = Chance::of_percent(options.tcp_percent);
  out.websocket = Chance::of_percent(options.ws_percent);
  out.ipv6 = Chance::of_percent(options.ipv6_percent);
  out.vlan = Chance::of_percent(options.linux_sll ? 0 : options.vlan_percent);
  out.fragment = Chance::of_percent(options.fragment_percent);
  out.mirror = Chance::of_percent(options.mirror_percent);
  for (const std::string& name : options.codecs) {
    if (const auto number = find_codec(name)) out.codecs.push_back(*number);
  }
  uint32_t end = 0;
  const auto add = [&](std::string_view name, uint32_t weight) {
    if (weight == 0) return;
    out.mix.push_back(find_scenario(name).value_or(0));
    out.mix_ends.push_back(end += weight);
  };
  for (const MixEntry& entry : options.mix) add(entry.scenario, entry.weight);
  if (options.mix.empty()) {
    const auto everything = parse_mix(kEverything);
    for (const MixEntry& entry : everything.value_or(std::vector<MixEntry>{})) {
      add(entry.scenario, entry.weight);
    }
  }
  return out;
}

}  // namespace siploom::simulate
