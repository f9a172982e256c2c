// tcpdump with -A, -x, -X, -xx, -XX, or only -v where it knows SIP.
//
// -A writes each octet as one character - dots for what cannot be printed - but leaves out every CR
// before an LF. So the IP and UDP or TCP headers stand as junk of known length before the payload,
// on the line of the start line or, where they hold an octet 10, spread over several. With -v and
// port 5060 the message stands there once more, indented by a tab. Hex is exact and preferred.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/net.h"
#include "base/text.h"
#include "capture/text/datagram_joiner.h"
#include "capture/text/dialects.h"
#include "capture/text/hex_lines.h"
#include "capture/text/message_assembler.h"
#include "capture/text/tcpdump_heading.h"

namespace siploom::capture::dump {
namespace {

constexpr uint8_t kControlFlags = 1 | 2 | 4;  // FIN, SYN, RST
// Text of one packet that is kept.
constexpr size_t kMaxText = 512 * 1024;

// What stands under one heading.
struct Block {
  std::string octets;   // of a hex dump
  std::string verbose;  // the message that -v shows, with LF
  std::string printed;  // what -A shows, with LF
};

size_t ip_header_size(std::string_view printed, bool is_v6) {
  if (is_v6) return 40;
  // The first octet is 0x45 to 0x4F: 'E' to 'O'.
  const char first = printed.empty() ? 'E' : printed.front();
  return first >= 'E' && first <= 'O' ? static_cast<size_t>(first - '@') * 4 : 20;
}

// How many octets of the IP header -A left out: a CR right before an LF, which the addresses
// of 10.0.0.0/8 begin with. The printed addresses tell.
size_t left_out(std::string_view printed, const TcpdumpHeading& heading) {
  const auto src = parse_ip(heading.src.host), dst = parse_ip(heading.dst.host);
  if (!src || !dst || heading.is_v6) return 0;
  std::string expected;
  for (const IpAddress& address : {*src, *dst}) {
    for (size_t i = 12; i < 16; ++i) {
      const uint8_t octet = address.octets[i];
      const bool is_shown =
          (octet > 0x20 && octet < 0x7F) || octet == ' ' || octet == '\t' || octet == '\n';
      expected += is_shown ? static_cast<char>(octet) : '.';
    }
  }
  for (size_t missing = 0; missing < 3; ++missing) {
    if (printed.substr(std::min(12 - missing, printed.size())).starts_with(expected))
      return missing;
  }
  return 0;
}

// Where the SIP message begins in `printed`, which is `expected` if the headers held no CR LF; npos
// without one.
size_t find_printed_message(std::string_view printed, size_t expected) {
  constexpr std::array<std::string_view, 15> kStarts = {
      "SIP/2.0 ", "INVITE ",  "REGISTER ", "OPTIONS ", "ACK ",   "BYE ",    "CANCEL ", "SUBSCRIBE ",
      "NOTIFY ",  "PUBLISH ", "MESSAGE ",  "INFO ",    "REFER ", "UPDATE ", "PRACK "};
  const auto starts_at = [&](size_t at) {
    const std::string_view rest = printed.substr(at);
    return is_start_line(rest.substr(0, rest.find('\n')));
  };
  if (expected < printed.size() && starts_at(expected)) return expected;
  // Link headers (-AA), tunnels, CR LF within the headers: it begins near by. The last octet of a
  // header may look like a letter of a method, so methods are looked for by name; of "PRACK" and
  // the "ACK" in it the earlier one is right.
  size_t first = kNone;
  const std::string_view window = printed.substr(0, std::min(printed.size(), expected + 80));
  for (const std::string_view known : kStarts) {
    const size_t at = window.find(known);
    if (at < first && starts_at(at)) first = at;
  }
  return first;
}

// `text` with CRs before its LFs: before the first octet too or not, and in the body or not.
std::string with_crs(std::string_view text, bool at_first, bool in_body) {
  const size_t blank = text.find("\n\n");
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_body = blank != kNone && i > blank + 1;
    if (text[i] == '\n' && (i > 0 || at_first) && (in_body || !is_body)) out += '\r';
    out += text[i];
  }
  return out;
}

// The payload of a TCP segment is `length` octets: CRs are put back such that it comes out so. The
// CR at the end of a segment is not printed; then the next one begins with the LF, as `after_cr`
// tells. Nothing when no way fits.
std::optional<std::string> try_segment(std::string_view text, size_t length, bool after_cr) {
  const bool leads = text.starts_with('\n');
  for (const bool at_first : {!after_cr, after_cr}) {
    for (const bool in_body : {true, false}) {
      std::string out = with_crs(text, at_first, in_body);
      if (out.size() == length) return out;
      if (out.size() + 1 == length && !(leads && !at_first && !after_cr)) return out + '\r';
    }
  }
  return std::nullopt;
}

std::string fit_segment(std::string_view text, size_t length, bool after_cr) {
  if (auto fitting = try_segment(text, length, after_cr)) return std::move(*fitting);
  std::string out = with_crs(text, !after_cr, true);
  out.resize(length, ' ');
  return out;
}

// The last `length` octets of `text`, with CRs put back: for when the size of the headers is not
// known.
std::string fit_segment_end(std::string_view text, size_t length) {
  size_t at = text.size(), octets = 0;
  while (at > 0 && octets < length) {
    --at;
    octets += text[at] == '\n' ? 2 : 1;
  }
  return fit_segment(text.substr(at), length, false);
}

class Tcpdump final : public Dialect {
 public:
  bool begins(const LineCursor& at) const override { return parse_tcpdump_heading(at).has_value(); }

  void read(LineCursor& at, const Dialects& all, PacketSink& sink) override {
    const auto heading = parse_tcpdump_heading(at);
    if (!heading) return;
    for (size_t i = 0; i < heading->lines; ++i) at.next();
    Block block = read_block(at, all);
    TextPacket packet;
    packet.time = heading->time;
    packet.src = heading->src;
    packet.dst = heading->dst;
    if (!block.octets.empty()) {
      emit_octets(std::move(block), std::move(packet), sink);
    } else if (heading->kind == TcpdumpHeading::Kind::Tcp) {
      emit_segment(*heading, block, std::move(packet), sink);
    } else if (heading->kind == TcpdumpHeading::Kind::Udp) {
      emit_datagram(*heading, block, std::move(packet), sink);
    } else if (heading->kind == TcpdumpHeading::Kind::Fragment && !block.printed.empty()) {
      const size_t header =
          ip_header_size(block.printed, heading->is_v6) - left_out(block.printed, *heading);
      if (header < block.printed.size()) {
        joiner_.more(heading->src, heading->dst, std::string_view(block.printed).substr(header));
      }
    }
  }

  void finish(PacketSink& sink) override { joiner_.flush(sink); }

 private:
  // Reads up to the next heading. The LF that tcpdump writes behind the last octet is not kept.
  static Block read_block(LineCursor& at, const Dialects& all) {
    Block block;
    HexBlock hex;
    bool is_verbose = true;
    for (; !at.done(); at.next()) {
      const std::string_view line = at.line();
      if (hex.empty() ? is_hex_start(line) && block.printed.empty() : hex.add(line)) {
        if (hex.empty()) hex.add(line);
        continue;
      }
      if (!hex.empty() || all.heading_at(at)) break;
      is_verbose = is_verbose && line.starts_with('\t');
      std::string& text = is_verbose ? block.verbose : block.printed;
      if (text.size() + line.size() > kMaxText) continue;
      text += is_verbose ? line.substr(1) : line;
      text += '\n';
    }
    if (!block.printed.empty()) block.printed.pop_back();
    if (!hex.empty()) block.octets = hex.take();
    return block;
  }

  void emit_octets(Block block, TextPacket packet, PacketSink& sink) {
    joiner_.flush(sink);
    packet.octets = std::move(block.octets);
    packet.link = guess_link(packet.octets, true);
    if (!packet.link) {
      // A link layer that is not known here: what IP it carries is enough.
      if (const size_t ip = find_ip_packet(packet.octets); ip != kNone) packet.octets.erase(0, ip);
      packet.link = LinkType::Raw;
    }
    sink.take(std::move(packet));
  }

  void emit_datagram(const TcpdumpHeading& heading, const Block& block, TextPacket packet,
                     PacketSink& sink) {
    const std::string_view printed = block.printed;
    const size_t at = find_printed_message(
        printed, ip_header_size(printed, heading.is_v6) + 8 - left_out(printed, heading));
    packet.transport = Transport::Udp;
    if (at != kNone) {
      packet.octets = std::string(printed.substr(at));
    } else if (is_start_line(block.verbose.substr(0, block.verbose.find('\n')))) {
      packet.octets = block.verbose;
    } else {
      return joiner_.flush(sink);
    }
    joiner_.begin(std::move(packet), heading.length.value_or(0), true, sink);
  }

  void emit_segment(const TcpdumpHeading& heading, const Block& block, TextPacket packet,
                    PacketSink& sink) {
    joiner_.flush(sink);
    packet.transport = Transport::Tcp;
    packet.segment = heading.segment;
    const std::string_view printed = block.printed;
    const size_t length = std::min(heading.length.value_or(0), MessageAssembler::kMaxBytes);
    const bool is_control = (heading.segment.flags & kControlFlags) != 0;
    if (length == 0 || printed.empty()) {
      // Nothing but control octets, or the text does not hold what was sent.
      if (is_control && length == 0) sink.take(std::move(packet));
      return;
    }
    packet.octets = segment_payload(heading, printed, length);
    const bool is_cut = packet.octets.ends_with('\r');
    cr_src_ = is_cut ? heading.src : Party{};
    sink.take(std::move(packet));
  }

  std::string segment_payload(const TcpdumpHeading& heading, std::string_view printed,
                              size_t length) const {
    const bool after_cr = cr_src_.host == heading.src.host && cr_src_.port == heading.src.port;
    const size_t header = ip_header_size(printed, heading.is_v6) + 20 - left_out(printed, heading);
    const size_t expected = header + heading.option_octets.value_or(0);
    const size_t message = find_printed_message(printed, expected);
    if (message != kNone) return fit_segment(printed.substr(message), length, false);
    if (!heading.option_octets || expected >= printed.size())
      return fit_segment_end(printed, length);
    // Sequence numbers and checksums may hold a CR LF as well.
    for (size_t missing = 0; missing < 3; ++missing) {
      if (auto fitting = try_segment(printed.substr(expected - missing), length, after_cr))
        return *fitting;
    }
    return fit_segment(printed.substr(expected), length, after_cr);
  }

  DatagramJoiner joiner_;
  Party cr_src_;  // who sent the segment before, if that ended with a CR
};

}  // namespace

std::unique_ptr<Dialect> make_tcpdump() { return std::make_unique<Tcpdump>(); }

}  // namespace siploom::capture::dump
