// What `siploom simulate` can be asked for. Percentages are 0 to 100; rates are calls per second of
// packet time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "capture/writer.h"

namespace siploom::simulate {

struct MixEntry {
  std::string scenario;  // a name of scenarios()
  uint32_t weight = 1;   // relative to the other entries
};

enum class HoldShape : uint8_t {
  Fixed,
  Uniform,
  Exponential
};  // Uniform: half to one and a half of the mean

struct Options {
  uint64_t seed = 1;
  // When to stop: begin no scenario more once there are so many, or once those begun make so many
  // messages or (about) so many packets; 0: no such limit. Those begun go to their end. `duration`
  // is the length of the capture: it ends there, whatever is open.
  uint64_t calls = 0;
  uint64_t messages = 0;
  uint64_t packets = 0;
  Nanoseconds duration = 0;
  bool endless = false;                      // none of these is needed (live)
  double rate = 2.0;                         // arrivals are a Poisson process of this rate
  Timestamp start{1'767'600'000 * kSecond};  // 2026-01-05T08:00:00Z

  std::vector<MixEntry> mix;  // empty: that of the preset "demo"
  Nanoseconds hold = 20 * kSecond;
  HoldShape hold_shape = HoldShape::Exponential;

  bool media = true;
  Nanoseconds media_limit = 0;  // RTP only this long after each answer; 0: until the hangup
  unsigned ptime_ms = 20;       // 10, 20, 30, 40 or 60
  std::vector<std::string> codecs = {"PCMU", "PCMA", "G729",
                                     "opus"};  // and G722; in order of preference
  double loss_percent = 0.0;                   // of RTP packets, before the capture point
  unsigned jitter_ms =
      0;  // most delay of an RTP packet; above the ptime packets overtake each other
  bool rtcp = true;

  double sip_loss_percent =
      0.0;  // of SIP messages over UDP, behind the capture point: they are sent again
  double tcp_percent = 0.0;
  double ws_percent = 0.0;  // WebSocket, of calls that a telephone makes
  double ipv6_percent = 0.0;
  double vlan_percent = 0.0;
  double fragment_percent = 0.0;  // calls whose INVITE is larger than the MTU
  double mirror_percent = 0.0;    // calls whose every packet is captured twice

  std::string output = "-";
  capture::WriterOptions format;
  bool linux_sll = false;  // LINUX_SLL instead of Ethernet (then without VLAN tags)
  std::string calls_path;  // a line of JSON for each Call-ID, as calls end; empty: none
};

struct NamedHelp {
  std::string_view name, help;
};
std::vector<NamedHelp> scenarios();
std::vector<NamedHelp> presets();

// Options as a preset has them, to be changed further.
Result<Options> preset(std::string_view name);
// "answered=5,busy=1,register" (weight 1 when not said).
Result<std::vector<MixEntry>> parse_mix(std::string_view text);
// Says what is wrong with them, and what would be right.
Result<void> check(const Options& options);

}  // namespace siploom::simulate
