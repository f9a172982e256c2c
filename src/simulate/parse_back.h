// For tests: runs a simulation and reads its file back, with a reader that shares no code with the
// writer of frames.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/net.h"
#include "simulate/simulate.h"

namespace siploom::simulate {

struct Seen {
  uint64_t frames = 0, bytes = 0, messages = 0, rtp = 0, rtcp = 0, other = 0;
  uint64_t bad_checksums = 0, out_of_order = 0, tcp_gaps = 0;
  uint64_t fragments = 0, vlan_frames = 0, v6_frames = 0, rtp_overtaken = 0;
  std::set<std::string> call_ids, streams;
  std::map<Transport, uint64_t> transports;
  std::vector<std::string> first_lines;  // methods and statuses, in order
  std::vector<Nanoseconds> times;        // of messages
};

struct Made {
  Truth truth;
  Seen seen;
  std::vector<uint8_t> file;
  std::string calls;
  std::vector<std::string> call_lines() const;
};

// Output and calls_path of `options` are replaced by temporary files, the format by pcap with
// nanoseconds.
Made make(Options options);
// The text of a field of one line of JSON.
std::string field(std::string_view line, std::string_view name);

}  // namespace siploom::simulate
