// tshark -V, tshark -O sip, and Wireshark's "export packet dissections as plain text". The message
// is put together again from the section of SIP: the start line, the header lines as they are at
// the first level below "Message Header", and a body of SDP or of lines of text. What the
// dissection shows of a header lies deeper; what it adds stands in brackets.
//
// A hex dump in the same packet (tshark -V -x) is exact and preferred.
#include <utility>

#include "base/text.h"
#include "capture/text/dialects.h"
#include "capture/text/hex_lines.h"
#include "capture/text/message_assembler.h"

namespace siploom::capture::dump {
namespace {

// How text in a dissection shows its line ends.
constexpr std::string_view kShownCrlf = "\\r\\n";

bool is_frame_line(std::string_view line) {
  return line.starts_with("Frame ") && line.size() > 6 && is_digit(line[6]) &&
         line.find(':') != kNone && line.find(" bytes") != kNone;
}

size_t indentation(std::string_view line) {
  const size_t at = line.find_first_not_of(' ');
  return at == kNone ? line.size() : at;
}

// The value of "Src: 10.0.0.1" or of "Src: host.example.com (10.0.0.1)"; names may stand for
// either.
std::string_view labelled(std::string_view line, std::string_view label) {
  const size_t at = line.find(label);
  if (at == kNone) return {};
  const std::string_view value = line.substr(at + label.size());
  std::string_view word = value.substr(0, value.find(','));
  const size_t open = word.find('(');
  if (open != kNone && word.find(')', open) != kNone) {
    word = word.substr(open + 1, word.find(')', open) - open - 1);
  }
  return trim(word);
}

// Long lines are marked by the dissector.
std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kMark = "[truncated]";
  return text.starts_with(kMark) ? trim_left(text.substr(kMark.size())) : text;
}

// "Media Attribute (a): sendrecv" is "a=sendrecv".
bool append_sdp(std::string_view line, std::string& body) {
  const size_t colon = line.find("):");
  if (colon == kNone || colon < 3 || line[colon - 2] != '(' || !is_alpha(line[colon - 1]))
    return false;
  body += line[colon - 1];
  body += '=';
  body += trim_left(line.substr(colon + 2));
  body += "\r\n";
  return true;
}

class Section final {
 public:
  void start() {
    *this = Section();
    open_ = true;
  }
  bool open() const { return open_; }
  void close() { open_ = false; }
  bool has_message() const { return !start_line_.empty(); }

  void add(std::string_view line) {
    const size_t level = indentation(line);
    const std::string_view text = line.substr(level);
    if (level == 4) {
      part_ = Part::Other;
      if (text.starts_with("Request-Line: ") || text.starts_with("Status-Line: ")) {
        start_line_ = std::string(without_mark(text.substr(text.find(':') + 2)));
      } else if (text.starts_with("Message Header")) {
        part_ = Part::Headers;
      } else if (text.starts_with("Message Body")) {
        part_ = Part::Body;
      }
    } else if (part_ == Part::Headers && level == 8) {
      const std::string_view header = without_mark(text);
      if (header.starts_with('[') || headers_.size() + header.size() > MessageAssembler::kMaxBytes)
        return;
      headers_ += header;
      headers_ += "\r\n";
    } else if (part_ == Part::Body && level == 8) {
      is_lines_ = text.starts_with("Line-based text data");
      // A body of no type that it knows is shown line by line right here.
      if (text.ends_with(kShownCrlf)) add_line(text);
    } else if (part_ == Part::Body && level == 12) {
      add_body(text);
    }
  }

  std::string message() const { return start_line_ + "\r\n" + headers_ + "\r\n" + body_; }

 private:
  enum class Part : uint8_t { Other, Headers, Body };

  void add_body(std::string_view text) {
    if (is_lines_) return add_line(text);
    if (body_.size() + text.size() <= MessageAssembler::kMaxBytes) append_sdp(text, body_);
  }

  void add_line(std::string_view text) {
    if (text.starts_with('[') || body_.size() + text.size() > MessageAssembler::kMaxBytes) return;
    if (text.ends_with(kShownCrlf)) text.remove_suffix(kShownCrlf.size());
    body_ += text;
    body_ += "\r\n";
  }

  std::string start_line_, headers_, body_;
  Part part_ = Part::Other;
  bool open_ = false, is_lines_ = false;
};

class Tshark final : public Dialect {
 public:
  bool begins(const LineCursor& at) const override { return is_frame_line(at.line()); }

  void read(LineCursor& at, const Dialects&, PacketSink& sink) override {
    TextPacket packet;
    Section section;
    std::vector<std::string> messages;
    at.next();
    while (!at.done() && !is_frame_line(at.line())) {
      const std::string_view line = at.line();
      // Of hex dumps only one of a frame counts: dissections show data that they do not know in
      // hex, too.
      if (is_hex_start(line)) {
        std::string octets = take_hex(at);
        const std::optional<LinkType> link = guess_link(octets, true);
        if (link && !packet.link) {
          packet.octets = std::move(octets);
          packet.link = link;
        }
        continue;
      }
      at.next();
      if (line.empty() || line.front() != ' ') {
        end_section(section, messages);
        read_layer(line, packet);
        if (line.starts_with("Session Initiation Protocol")) section.start();
      } else if (section.open()) {
        section.add(line);
      } else {
        read_time(trim_left(line), packet.time);
      }
    }
    end_section(section, messages);
    if (packet.link) return sink.take(std::move(packet));
    for (std::string& message : messages) {
      TextPacket one = packet;
      one.octets = std::move(message);
      sink.take(std::move(one));
    }
  }

 private:
  static std::string take_hex(LineCursor& at) {
    HexBlock hex;
    while (!at.done() && hex.add(at.line())) at.next();
    return hex.take();
  }

  static void end_section(Section& section, std::vector<std::string>& messages) {
    constexpr size_t kMostMessages = 1'000;
    if (section.open() && section.has_message() && messages.size() < kMostMessages) {
      messages.push_back(section.message());
    }
    section.close();
  }

  // Of tunnels the innermost addresses stand last.
  static void read_layer(std::string_view line, TextPacket& packet) {
    if (line.starts_with("Internet Protocol")) {
      packet.src.host = labelled(line, "Src: ");
      packet.dst.host = labelled(line, "Dst: ");
    }
    const bool is_udp = line.starts_with("User Datagram Protocol");
    const bool is_tcp = line.starts_with("Transmission Control Protocol");
    if (!is_udp && !is_tcp) return;
    packet.transport = is_udp ? Transport::Udp : Transport::Tcp;
    packet.src.port = parse_number<uint16_t>(labelled(line, "Src Port: ")).value_or(0);
    packet.dst.port = parse_number<uint16_t>(labelled(line, "Dst Port: ")).value_or(0);
  }

  static void read_time(std::string_view line, TimeText& time) {
    if (line.starts_with("Arrival Time: ") || line.starts_with("UTC Arrival Time: ") ||
        line.starts_with("Epoch Time: ") || line.starts_with("Epoch Arrival Time: ")) {
      time = find_time(line.substr(line.find(':') + 2));
    }
  }
};

}  // namespace

std::unique_ptr<Dialect> make_tshark() { return std::make_unique<Tshark>(); }

}  // namespace siploom::capture::dump
