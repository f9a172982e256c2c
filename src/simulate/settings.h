// Settings: Options made ready for use: chances as thresholds, names as numbers.
#pragma once

#include <vector>

#include "simulate/options.h"
#include "simulate/rng.h"

namespace siploom::simulate {

struct Settings {
  uint64_t seed = 1;
  Nanoseconds hold = 0;
  HoldShape hold_shape = HoldShape::Exponential;
  bool media = true;
  bool rtcp = true;
  Nanoseconds media_limit = 0;
  Nanoseconds ptime = 0;
  Nanoseconds jitter = 0;
  Chance rtp_loss, sip_loss, tcp, websocket, ipv6, vlan, fragment, mirror;
  std::vector<uint8_t> codecs;     // numbers of codecs.h
  std::vector<uint32_t> mix_ends;  // running sums of weights
  std::vector<size_t> mix;         // numbers of scenarios
};

// The options are those that check() passed.
Settings make_settings(const Options& options);

}  // namespace siploom::simulate
