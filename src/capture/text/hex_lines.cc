#include "capture/text/hex_lines.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"

namespace siploom::capture::dump {
namespace {

constexpr size_t kOctetsPerLine = 16;

size_t hex_run(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && hex_value(text[size]) >= 0) ++size;
  return size;
}

// Octets until the text column: groups of two digits (hexdump, tshark) or four (tcpdump, xxd) with
// a blank between them; after eight groups of two there may be `half_gap` blanks.
std::string read_octets(std::string_view text, size_t half_gap) {
  std::string out;
  size_t group = 0;
  while (out.size() < kOctetsPerLine) {
    const size_t run = hex_run(text);
    const bool ends = run == text.size() || is_blank(text[run]) || text[run] == '\r';
    if ((run != 2 && run != 4) || !ends || (group == 2 && run != 2)) break;
    if (group == 4 && run == 2 && out.size() % 2 != 0) break;
    group = std::max(group, run);
    for (size_t i = 0; i < run; i += 2) {
      out += static_cast<char>(hex_value(text[i]) << 4 | hex_value(text[i + 1]));
    }
    text.remove_prefix(run);
    size_t gap = 0;
    while (gap < text.size() && text[gap] == ' ') ++gap;
    const bool is_half = out.size() == kOctetsPerLine / 2 && group == 2 && gap <= half_gap;
    if (gap != 1 && !is_half) break;
    text.remove_prefix(gap);
    // An odd last octet ends a dump in groups of four.
    if (group == 4 && run == 2) break;
  }
  return out;
}

bool offset_is(std::string_view digits, size_t value) {
  for (const int base : {16, 8, 10}) {
    if (parse_number<size_t>(digits, base) == value) return true;
  }
  return false;
}

bool is_ethertype(uint16_t type) {
  return type == 0x0800 || type == 0x86DD || type == 0x8100 || type == 0x88A8 || type == 0x8847 ||
         type == 0x8864;
}

bool is_ip(ByteSpan octets, bool whole) {
  if (octets.empty()) return false;
  const int version = octets[0] >> 4;
  if (version == 4 && octets.size() >= 20) {
    const size_t header = (octets[0] & 0x0Fu) * 4u, total = load_be16(&octets[2]);
    return header >= 20 && total >= header && (!whole || total <= octets.size() + 65'535) &&
           octets[9] != 0;
  }
  if (version == 4) return octets.size() >= 4 && octets[0] == 0x45 && load_be16(&octets[2]) >= 20;
  if (version != 6 || octets.size() < 8) return false;
  const uint8_t next = octets[6];
  return (octets[0] & 0x0F) < 2 &&
         (next == 17 || next == 6 || next == 44 || next == 0 || next == 132);
}

}  // namespace

std::optional<HexLine> parse_hex_line(std::string_view line) {
  std::string_view rest = trim_left(line);
  if (rest.starts_with("0x")) rest.remove_prefix(2);
  HexLine out;
  out.offset = rest.substr(0, hex_run(rest));
  if (out.offset.size() < 3 || out.offset.size() > 12) return std::nullopt;
  rest.remove_prefix(out.offset.size());
  if (!rest.empty() && rest.front() == ':') rest.remove_prefix(1);
  const size_t digits = rest.find_first_not_of(" \t");
  if (digits == std::string_view::npos || digits == 0) return std::nullopt;
  out.octets = read_octets(rest.substr(digits), 2);
  return out.octets.empty() ? std::nullopt : std::optional(std::move(out));
}

std::optional<std::string> parse_octets(std::string_view line) {
  std::string out = read_octets(trim_left(line), 4);
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

bool is_hex_start(std::string_view line) {
  line = trim_left(line.substr(0, 100));
  if (line.empty() || line.front() != '0') return false;
  const auto parsed = parse_hex_line(line);
  return parsed && parsed->octets.size() >= 4 && offset_is(parsed->offset, 0);
}

bool HexBlock::add(std::string_view line) {
  if (trim(line) == "*" && !last_.empty()) {
    repeats_ = true;
    return true;
  }
  auto parsed = parse_hex_line(line);
  if (!parsed) return false;
  if (repeats_) {
    const size_t end = parse_number<size_t>(parsed->offset, 16).value_or(0);
    while (octets_.size() < std::min(end, kMaxOctets)) octets_ += last_;
    repeats_ = false;
  }
  if (!offset_is(parsed->offset, octets_.size()) || octets_.size() >= kMaxOctets) return false;
  octets_ += parsed->octets;
  last_ = std::move(parsed->octets);
  return true;
}

std::string HexBlock::take() {
  std::string out = std::move(octets_);
  *this = HexBlock();
  return out;
}

std::optional<LinkType> guess_link(std::string_view text, bool whole) {
  const ByteSpan octets = as_bytes(text);
  const auto holds_ip = [&](size_t header) {
    return octets.size() > header && is_ip(octets.subspan(header), false);
  };
  if (is_ip(octets, whole) &&
      !(octets.size() > 34 && is_ethertype(load_be16(&octets[12])) && holds_ip(14))) {
    return LinkType::Raw;
  }
  if (octets.size() >= 14 && is_ethertype(load_be16(&octets[12]))) return LinkType::Ethernet;
  // LINKTYPE_LINUX_SLL: packet type 0 to 4, then the ARPHRD_ type; LINKTYPE_LINUX_SLL2 begins with
  // the protocol.
  if (octets.size() >= 16 && octets[0] == 0 && octets[1] <= 4 &&
      is_ethertype(load_be16(&octets[14]))) {
    return LinkType::LinuxSll;
  }
  if (octets.size() > 20 && is_ethertype(load_be16(&octets[0])) && holds_ip(20))
    return LinkType::LinuxSll2;
  if (octets.size() >= 8 && octets[1] == 0 && octets[2] == 0 && holds_ip(4)) return LinkType::Null;
  return std::nullopt;
}

size_t find_ip_packet(std::string_view text) {
  constexpr size_t kLongestLink = 48;
  const ByteSpan octets = as_bytes(text);
  for (size_t at = 0; at < kLongestLink && at + 20 <= octets.size(); ++at) {
    const ByteSpan rest = octets.subspan(at);
    const size_t total = rest[0] >> 4 == 4 ? load_be16(&rest[2]) : size_t{40} + load_be16(&rest[4]);
    if (is_ip(rest, true) && total == rest.size()) return at;
  }
  return std::string_view::npos;
}

}  // namespace siploom::capture::dump
