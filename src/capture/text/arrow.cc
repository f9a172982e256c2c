// Packets under an "A -> B" heading. The payload follows in one of these forms:
//
//   lines, each with a dot for its CR (ngrep -W byline, sipgrep)       lines as they are (sngrep,
//   HOMER, OpenSIPS) one line, a dot for every CR and every LF (ngrep -W single, none)  the same in
//   rows indented by two blanks (ngrep) octets in hex (ngrep -x)
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "capture/text/arrow_heading.h"
#include "capture/text/datagram_joiner.h"
#include "capture/text/dialects.h"
#include "capture/text/flat_message.h"
#include "capture/text/hex_lines.h"
#include "capture/text/log_dialect.h"
#include "capture/text/message_assembler.h"

namespace siploom::capture::dump {
namespace {

constexpr size_t kRowIndent = 2;

// What ngrep writes behind the addresses: "[AP]", "#12", "+1000@200:200".
std::string_view without_marks(std::string_view rest) {
  while (!rest.empty() && (rest.front() == '[' || rest.front() == '#' || rest.front() == '+')) {
    const size_t end = rest.find(' ');
    rest = end == kNone ? std::string_view{} : trim_left(rest.substr(end));
  }
  return rest;
}

// "#" for each packet that did not match.
bool is_progress(std::string_view line) {
  return !line.empty() && line.find_first_not_of('#') == kNone;
}

bool is_flat_message(std::string_view line) {
  const size_t end = line.find("..");
  return end != kNone && is_start_line(line.substr(0, end)) && line.find("..", end + 2) != kNone;
}

class Arrow final : public Dialect {
 public:
  bool begins(const LineCursor& at) const override {
    const auto heading = parse_arrow_heading(at.line());
    if (!heading) return false;
    if (heading->is_sure) return true;
    for (size_t ahead = 1; ahead <= 3; ++ahead) {
      const std::string_view line = trim(at.peek(ahead));
      if (!line.empty()) return is_start_line(line);
    }
    return false;
  }

  void read(LineCursor& at, const Dialects& all, PacketSink& sink) override {
    const auto heading = parse_arrow_heading(at.line());
    if (!heading) return;
    at.next();
    TextPacket packet;
    packet.time = heading->time;
    packet.transport = heading->transport;
    packet.src = heading->src;
    packet.dst = heading->dst;
    const std::string_view inline_payload = without_marks(heading->rest);
    if (is_flat_message(inline_payload)) {
      packet.octets = unflatten(inline_payload);
      return emit(std::move(packet), sink);
    }
    skip_to_payload(at, all);
    if (at.done() || all.heading_at(at)) return joiner_.flush(sink);
    const bool is_stream = heading->transport == Transport::Tcp;
    const bool is_dotted = at.line().ends_with('.') && at.peek(1).ends_with('.');
    if (is_flat_message(at.line())) {
      packet.octets = unflatten(at.line());
      at.next();
    } else if (is_start_line(trim_right(at.line())) && !is_dotted) {
      packet.octets = collect_message(at, all, 0, is_progress);
    } else if (at.line().starts_with("  ") && at.line().size() > kRowIndent) {
      packet.octets = read_rows(at, is_stream);
    } else {
      packet.octets = read_dotted(at, all, is_stream);
      if (heading->is_fragment) {
        joiner_.more(heading->src, heading->dst, packet.octets);
        return;
      }
      const std::string_view octets = packet.octets;
      const bool is_message = is_start_line(octets.substr(0, octets.find('\r')));
      // Of other datagrams only text can be told from dots that stand for anything.
      if (!is_message && !is_stream && octets.find("\r\n") == kNone) return joiner_.flush(sink);
      if (is_message && !is_stream) return joiner_.begin(std::move(packet), 0, false, sink);
    }
    emit(std::move(packet), sink);
  }

  void finish(PacketSink& sink) override { joiner_.flush(sink); }

 private:
  // sipgrep puts a blank line and " [AP]" below the heading.
  static void skip_to_payload(LineCursor& at, const Dialects& all) {
    for (size_t passed = 0; passed < 3 && !at.done() && !all.heading_at(at); ++passed, at.next()) {
      const std::string_view line = trim(at.line());
      if (!line.empty() && line.front() != '[') return;
    }
  }

  // Rows behind two blanks: hex, or the payload cut into rows of one width. ngrep fills up the last
  // one.
  static std::string read_rows(LineCursor& at, bool is_stream) {
    std::string flat, octets;
    const bool is_hex = parse_octets(at.line()).has_value();
    const size_t width = at.line().size() - kRowIndent;
    for (; !at.done() && at.line().starts_with("  "); at.next()) {
      if (flat.size() + octets.size() + width > MessageAssembler::kMaxBytes) continue;
      if (is_hex) {
        octets += parse_octets(at.line()).value_or(std::string());
        continue;
      }
      // Blanks at the end of a row get lost when it is pasted.
      flat.resize((flat.size() + width - 1) / width * width, ' ');
      flat += at.line().substr(kRowIndent, width);
    }
    if (is_hex) return octets;
    flat.resize(trim_right(flat).size());
    return is_flat_message(flat) || is_stream ? unflatten(flat) : std::string();
  }

  // Lines of which each ends in a dot for its CR; the first empty one without a dot is ngrep's.
  // Behind a payload that ends with LF there are two of those, else one: then the dot may be one.
  static std::string read_dotted(LineCursor& at, const Dialects& all, bool is_stream) {
    std::string out;
    bool has_lf = false;
    for (; !at.done(); at.next()) {
      std::string_view line = at.line();
      if (line.empty() || is_progress(line) || all.heading_at(at)) break;
      if (out.size() + line.size() > MessageAssembler::kMaxBytes) continue;
      if (has_lf) out += '\n';
      const bool has_cr = line.back() == '.';
      if (has_cr) line.remove_suffix(1);
      out += line;
      if (has_cr) out += '\r';
      has_lf = true;
    }
    if (out.ends_with('\r')) {
      const bool is_open = is_stream && at.line().empty() && !at.peek(1).empty();
      if (is_open) out.back() = '.';
      if (!is_open) out += '\n';
    }
    return out;
  }

  void emit(TextPacket packet, PacketSink& sink) {
    joiner_.flush(sink);
    if (!packet.octets.empty()) sink.take(std::move(packet));
  }

  DatagramJoiner joiner_;
};

}  // namespace

std::unique_ptr<Dialect> make_arrow() { return std::make_unique<Arrow>(); }

}  // namespace siploom::capture::dump
