// Hex dumps: lines of an offset, octets in hex, and mostly the octets as text again. tcpdump -x and
// -X, tshark -x, text2pcap's input, hexdump -C, xxd, od -Ax -tx1 and ngrep -x write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/source.h"

namespace siploom::capture::dump {

struct HexLine {
  std::string_view offset;  // its digits; empty when the line has none
  std::string octets;
};

// Reads a line with an offset ("0x0010:  4500 02ca", "0010  45 00", "00000010: 4500", "0000020 45
// 00").
std::optional<HexLine> parse_hex_line(std::string_view line);
// Reads a line of octets without an offset, as ngrep -x writes them: groups of two digits, in two
// halves.
std::optional<std::string> parse_octets(std::string_view line);
// Whether `line` can be the first line of a hex dump: offset 0 and some octets. Cheap for lines
// that are none.
bool is_hex_start(std::string_view line);

// Gathers the lines of one dump.
class HexBlock final {
 public:
  // False: the line is not the continuation of the dump. The offset tells, in whatever base it is
  // written (16, 8 or 10); hexdump's "*" stands for lines like the one before.
  bool add(std::string_view line);
  bool empty() const { return octets_.empty(); }
  std::string take();

  static constexpr size_t kMaxOctets = 256 * 1024;

 private:
  std::string octets_, last_;
  bool repeats_ = false;
};

// The link layer of a frame, told by its first octets; nothing when they are of no packet that is
// known. `whole`: these are all octets of it, so lengths can be checked.
std::optional<LinkType> guess_link(std::string_view octets, bool whole);

// Where the IP packet begins that fills `octets` to the end, behind a link layer of whatever kind;
// npos without one.
size_t find_ip_packet(std::string_view octets);

}  // namespace siploom::capture::dump
