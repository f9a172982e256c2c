// Packets as hex dumps without tcpdump's headings: tshark -x, text2pcap's input, hexdump -C, xxd,
// od -Ax -tx1. A line before a dump may tell its time (tshark's summary: number and seconds since
// the first packet).
//
// Of the dumps that tshark writes for one frame ("Frame (801 bytes):", "Reassembled TCP (1448
// bytes):") the first is the frame; the others are views of it.
#include <array>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "capture/text/dialects.h"
#include "capture/text/hex_lines.h"

namespace siploom::capture::dump {
namespace {

// "Reassembled IPv4 (1234 bytes):" and the like.
bool is_view_of_frame(std::string_view line) {
  line = trim(line);
  return line.ends_with(" bytes):") && !line.starts_with("Frame (") &&
         !line.starts_with("Packet (");
}

TimeText time_before(const LineCursor& at) {
  for (size_t nth = 0; nth < LineCursor::kRemembered; ++nth) {
    const std::string_view line = trim(at.before(nth));
    if (line.empty()) break;
    // tshark's summary: "   12   0.024724 10.0.0.1 -> 10.0.0.2 SIP 281 Status: 100 Trying".
    const Halves number = split_once(line, ' ');
    const std::string_view rest = trim_left(number.after);
    const Halves seconds = split_once(rest, ' ');
    if (parse_number<uint32_t>(number.before) &&
        seconds.before.find('.') != std::string_view::npos) {
      if (const auto value = parse_number<double>(seconds.before);
          value && *value >= 0 && *value < 1e8) {
        TimeText time;
        time.kind = TimeText::Kind::SinceStart;
        time.ns = std::llround(*value * 1e9);
        return time;
      }
    }
    const TimeText time = find_time(line);
    if (time.kind != TimeText::Kind::None) return time;
  }
  return {};
}

class HexDump final : public Dialect {
 public:
  bool begins(const LineCursor& at) const override {
    if (!is_hex_start(at.line())) return false;
    HexBlock first_lines;
    for (size_t ahead = 0; ahead < 3 && first_lines.add(at.peek(ahead)); ++ahead) {
    }
    const std::string octets = first_lines.take();
    return guess_link(octets, false).has_value() || is_text_message(octets);
  }

  void read(LineCursor& at, const Dialects&, PacketSink& sink) override {
    const bool is_view = is_view_of_frame(at.before(0));
    TextPacket packet;
    packet.time = time_before(at);
    HexBlock block;
    while (!at.done() && block.add(at.line())) at.next();
    packet.octets = block.take();
    packet.link = guess_link(packet.octets, true);
    if (packet.link || is_text_message(packet.octets)) {
      if (!is_view) sink.take(std::move(packet));
    }
  }

 private:
  // A dump of the payload alone.
  static bool is_text_message(std::string_view octets) {
    constexpr std::array<std::string_view, 7> kStarts = {
        "SIP/2.0 ", "INVITE s", "REGISTER", "OPTIONS ", "ACK sip", "BYE sip", "CANCEL s"};
    for (const std::string_view start : kStarts) {
      if (octets.starts_with(start)) return true;
    }
    return false;
  }
};

}  // namespace

std::unique_ptr<Dialect> make_hex_dump() { return std::make_unique<HexDump>(); }

}  // namespace siploom::capture::dump
