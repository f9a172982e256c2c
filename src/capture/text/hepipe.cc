// What hepipe is fed with (github.com/sipcapture/hepipe): a record a line,
//
//   seconds;microseconds;correlation id;source ip;port;destination ip;port;payload
//
// The payload is all that follows: ';' is part of it, and so are the lines up to the next record.
// Payloads of one line may have their line ends written as "\r\n", but for JSON, where that has a
// meaning of its own. Each becomes a HEP message, as hepipe would have sent it: a log line unless
// it is SIP.
#include <array>

#include "base/text.h"
#include "capture/intake_header.h"
#include "capture/text/dialects.h"
#include "capture/text/message_assembler.h"
#include "wire/hep/encode.h"

namespace siploom::capture::dump {
namespace {

constexpr size_t kFields = 7;  // before the payload
constexpr size_t kMaxIdBytes = 1024;
constexpr size_t kMaxPayloadBytes = hep::kMaxMessageBytes - kMaxIdBytes - 512;
constexpr uint64_t kMaxSeconds = 0xFFFF'FFFF, kLeastSeconds = 100'000'000;

struct HepipeLine {
  uint64_t seconds = 0, microseconds = 0;
  std::string_view id, payload;
  Endpoint src, dst;
};

std::optional<Endpoint> endpoint_of(std::string_view host, std::string_view port) {
  const auto address = parse_ip(host);
  const auto number = parse_number<uint16_t>(port);
  if (!address || !number) return std::nullopt;
  return Endpoint{*address, *number};
}

std::optional<HepipeLine> parse_line(std::string_view line) {
  if (line.empty() || !is_digit(line.front())) return std::nullopt;
  std::array<std::string_view, kFields> fields;
  for (std::string_view& field : fields) {
    const size_t end = line.find(';');
    if (end == std::string_view::npos) return std::nullopt;
    field = line.substr(0, end);
    line.remove_prefix(end + 1);
  }
  const auto seconds = parse_number<uint64_t>(fields[0]);
  const auto microseconds = parse_number<uint32_t>(fields[1]);
  if (!seconds || *seconds > kMaxSeconds || *seconds < kLeastSeconds || !microseconds)
    return std::nullopt;
  const auto src = endpoint_of(fields[3], fields[4]), dst = endpoint_of(fields[5], fields[6]);
  if (!src || !dst || fields[2].size() > kMaxIdBytes) return std::nullopt;
  return HepipeLine{*seconds, *microseconds, fields[2], line, *src, *dst};
}

bool is_json(std::string_view payload) {
  payload = trim_left(payload);
  return !payload.empty() && (payload.front() == '{' || payload.front() == '[');
}

std::string unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    const char meant = next == 'r'    ? '\r'
                       : next == 'n'  ? '\n'
                       : next == 't'  ? '\t'
                       : next == '\\' ? '\\'
                                      : '\0';
    out += meant == '\0' ? text[i] : meant;
    if (meant != '\0') ++i;
  }
  return out;
}

class Hepipe final : public Dialect {
 public:
  bool begins(const LineCursor& at) const override { return parse_line(at.line()).has_value(); }

  void read(LineCursor& at, const Dialects& all, PacketSink& sink) override {
    const auto line = parse_line(at.line());
    at.next();
    if (!line) return;
    const bool escaped = !is_json(line->payload) && line->payload.find('\\') < line->payload.size();
    std::string payload = escaped ? unescaped(line->payload) : std::string(line->payload);
    const bool sip = is_start_line(payload.substr(0, payload.find_first_of("\r\n")));
    if (sip && payload.find('\n') == std::string::npos) {
      payload = read_sip(line->payload, at, all);
    } else if (!sip) {
      read_more(payload, at, all);
    }
    give(*line, std::move(payload), sip, sink);
  }

 private:
  static std::string read_sip(std::string_view start_line, LineCursor& at, const Dialects& all) {
    MessageAssembler message;
    message.add(start_line);
    while (!at.done() && !all.heading_at(at) && !message.complete(at.line())) {
      message.add(at.line());
      at.next();
    }
    return message.take();
  }

  static void read_more(std::string& payload, LineCursor& at, const Dialects& all) {
    size_t blank_lines = 0;  // those before the next record are nobody's
    for (; !at.done() && !all.packet_at(at); at.next()) {
      ++blank_lines;
      if (trim(at.line()).empty() || payload.size() > kMaxPayloadBytes) continue;
      payload.append(blank_lines, '\n');
      payload += at.line();
      blank_lines = 0;
    }
  }

  void give(const HepipeLine& line, std::string payload, bool sip, PacketSink& sink) {
    TextPacket packet;
    packet.is_cut = payload.size() > kMaxPayloadBytes;
    if (packet.is_cut) payload.resize(kMaxPayloadBytes);
    hep_.clear();
    hep_.version = 3;
    hep_.src = line.src;
    hep_.dst = line.dst;
    hep_.has_src = hep_.has_dst = true;
    hep_.family = line.src.address.is_v4() && line.dst.address.is_v4() ? 2 : 10;
    hep_.time = {static_cast<Nanoseconds>(line.seconds) * kSecond +
                 static_cast<Nanoseconds>(line.microseconds) * kMicrosecond};
    hep_.protocol_type = sip ? hep::kSip : hep::kLog;
    hep_.agent_name = "hepipe";
    if (!line.id.empty()) hep_.add_correlation_id(line.id);
    hep_.payload = as_bytes(payload);
    packet.octets.resize(kIntakeHeaderBytes);
    encode_intake_header(IntakeHeader{}, reinterpret_cast<uint8_t*>(packet.octets.data()));
    if (!hep::encode(hep_, {}, packet.octets)) return;
    packet.time.kind = TimeText::Kind::Dated;
    packet.time.at = hep_.time;
    packet.link = LinkType::HepIntake;
    sink.take(std::move(packet));
  }

  hep::Packet hep_;
};

}  // namespace

std::unique_ptr<Dialect> make_hepipe() { return std::make_unique<Hepipe>(); }

}  // namespace siploom::capture::dump
