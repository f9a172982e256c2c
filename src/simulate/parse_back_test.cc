#include "simulate/parse_back.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/text.h"

namespace siploom::simulate {

namespace {

// RFC 1071 octet by octet; a packet that holds its checksum gives 0.
uint32_t sum_of(ByteSpan bytes, uint32_t sum = 0) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? uint32_t{bytes[i]} << 8 : uint32_t{bytes[i]};
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return sum;
}

struct Flow {
  bool synchronized = false;
  uint32_t next = 0;
  std::string bytes;      // not yet understood
  bool upgraded = false;  // WebSocket: behind the HTTP head
  std::string message;    // of WebSocket fragments
};

class Reader final {
 public:
  explicit Reader(Seen& seen) : seen_(seen) {}

  void file(const std::vector<uint8_t>& bytes) {
    ByteReader in(bytes);
    REQUIRE(in.le32() == 0xA1B23C4D);
    in.skip(16);
    const uint32_t link = in.le32();
    while (in.remaining() > 0) {
      const Nanoseconds seconds = in.le32();
      const Nanoseconds time = seconds * kSecond + in.le32();
      const uint32_t size = in.le32();
      in.skip(4);
      const ByteSpan data = in.bytes(size);
      REQUIRE(in.ok());
      if (time < now_) ++seen_.out_of_order;
      now_ = time;
      ++seen_.frames;
      seen_.bytes += size;
      link == 1 ? ethernet(data) : network(data.subspan(16), load_be16(&data[14]));
    }
  }

 private:
  void ethernet(ByteSpan frame) {
    size_t at = 12;
    if (load_be16(&frame[at]) == 0x8100) {
      ++seen_.vlan_frames;
      at += 4;
    }
    network(frame.subspan(at + 2), load_be16(&frame[at]));
  }

  void network(ByteSpan packet, uint16_t type) {
    if (type == 0x86DD) return ipv6(packet);
    REQUIRE(type == 0x0800);
    REQUIRE(packet.size() == load_be16(&packet[2]));
    if (sum_of(packet.first(20)) != 0xFFFF) ++seen_.bad_checksums;
    src_ = as_text(packet.subspan(12, 4));
    dst_ = as_text(packet.subspan(16, 4));
    const uint16_t fragment = load_be16(&packet[6]);
    whole_or_part(packet.subspan(20), packet[9], load_be16(&packet[4]), (fragment & 0x1FFFu) * 8u,
                  (fragment & 0x2000) != 0);
  }

  void ipv6(ByteSpan packet) {
    ++seen_.v6_frames;
    REQUIRE(packet.size() == load_be16(&packet[4]) + 40u);
    src_ = as_text(packet.subspan(8, 16));
    dst_ = as_text(packet.subspan(24, 16));
    if (packet[6] != 44) return whole_or_part(packet.subspan(40), packet[6], 0, 0, false);
    const uint16_t fragment = load_be16(&packet[42]);
    whole_or_part(packet.subspan(48), packet[40], load_be32(&packet[44]), fragment & 0xFFF8u,
                  (fragment & 1) != 0);
  }

  void whole_or_part(ByteSpan payload, uint8_t protocol, uint32_t id, size_t offset, bool more) {
    if (offset == 0 && !more) return transport(payload, protocol);
    ++seen_.fragments;
    std::string& parts = parts_[src_ + dst_ + std::to_string(id)];
    REQUIRE(parts.size() == offset);
    parts += as_text(payload);
    if (more) return;
    const std::string whole = std::move(parts);
    parts_.erase(src_ + dst_ + std::to_string(id));
    transport(as_bytes(whole), protocol);
  }

  void transport(ByteSpan segment, uint8_t protocol) {
    const std::string addresses = src_ + dst_;
    const uint32_t pseudo =
        sum_of(as_bytes(addresses), protocol + static_cast<uint32_t>(segment.size()));
    if (sum_of(segment, pseudo) != 0xFFFF) ++seen_.bad_checksums;
    const uint16_t from = load_be16(&segment[0]), to = load_be16(&segment[2]);
    if (protocol == 17) {
      REQUIRE(load_be16(&segment[4]) == segment.size());
      return datagram(segment.subspan(8), from, to);
    }
    REQUIRE(protocol == 6);
    tcp(segment, from, to);
  }

  void datagram(ByteSpan payload, uint16_t from, uint16_t to) {
    if (to < 10'000) {
      if (payload[0] == 7) {
        ++seen_.other;
        return;
      }
      return sip(as_text(payload), Transport::Udp);
    }
    if (payload[1] >= 200 && payload[1] <= 204) {
      ++seen_.rtcp;
      return;
    }
    ++seen_.rtp;
    REQUIRE(payload[0] == 0x80);
    const std::string stream = src_ + dst_ + std::to_string(from) + ":" + std::to_string(to) +
                               std::string(as_text(payload.subspan(8, 4)));
    const uint16_t sequence = load_be16(&payload[2]);
    const auto [known, fresh] = sequences_.emplace(stream, sequence);
    if (!fresh && static_cast<int16_t>(sequence - known->second) < 0) ++seen_.rtp_overtaken;
    known->second = sequence;
    seen_.streams.insert(stream);
  }

  void tcp(ByteSpan segment, uint16_t from, uint16_t to) {
    Flow& flow = flows_[src_ + dst_ + std::to_string(from) + ":" + std::to_string(to)];
    const uint32_t sequence = load_be32(&segment[4]);
    if ((segment[13] & 2) != 0) {
      flow = {};
      flow.synchronized = true;
      flow.next = sequence + 1;
      return;
    }
    REQUIRE(flow.synchronized);
    const ByteSpan data = segment.subspan(segment[12] / 16 * 4u);
    if (data.empty() || static_cast<int32_t>(sequence - flow.next) < 0) return;
    REQUIRE(sequence == flow.next);
    flow.next += static_cast<uint32_t>(data.size());
    flow.bytes += as_text(data);
    from == 8088 || to == 8088 ? websocket(flow) : lines(flow);
  }

  void lines(Flow& flow) {
    for (;;) {
      while (flow.bytes.starts_with("\r\n")) flow.bytes.erase(0, 2);
      const size_t head = flow.bytes.find("\r\n\r\n");
      if (head == std::string::npos) return;
      const size_t size = head + 4 + content_length(flow.bytes);
      if (flow.bytes.size() < size) return;
      sip(std::string_view(flow.bytes).substr(0, size), Transport::Tcp);
      flow.bytes.erase(0, size);
    }
  }

  void websocket(Flow& flow) {
    if (!flow.upgraded) {
      const size_t head = flow.bytes.find("\r\n\r\n");
      if (head == std::string::npos) return;
      flow.upgraded = true;
      flow.bytes.erase(0, head + 4);
    }
    for (;;) {
      ByteReader in(as_bytes(flow.bytes));
      const uint8_t first = in.u8(), second = in.u8();
      const size_t size = (second & 0x7F) == 126 ? in.be16() : second & 0x7F;
      uint8_t mask[4] = {};
      if ((second & 0x80) != 0) {
        for (uint8_t& octet : mask) octet = in.u8();
      }
      std::string payload(as_text(in.bytes(size)));
      if (!in.ok()) return;
      for (size_t i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
      if ((first & 15) < 3) {
        flow.message += payload;
        if ((first & 0x80) != 0) {
          sip(flow.message, Transport::Ws);
          flow.message.clear();
        }
      }
      flow.bytes.erase(0, in.offset());
    }
  }

  static std::string_view header(std::string_view message, std::string_view full,
                                 std::string_view brief) {
    while (!message.empty()) {
      const std::string_view line = take_line(message);
      if (line.empty()) break;
      const Halves halves = split_once(line, ':');
      if (halves.before == full || halves.before == brief) return trim(halves.after);
    }
    return {};
  }
  static size_t content_length(std::string_view message) {
    const auto length = parse_number<size_t>(header(message, "Content-Length", "l"));
    REQUIRE(length);
    return *length;
  }

  void sip(std::string_view message, Transport transport) {
    ++seen_.messages;
    ++seen_.transports[transport];
    seen_.times.push_back(now_);
    const std::string_view call_id = header(message, "Call-ID", "i");
    REQUIRE(!call_id.empty());
    seen_.call_ids.emplace(call_id);
    const bool response = message.starts_with("SIP/2.0 ");
    seen_.first_lines.emplace_back(response ? message.substr(8, 3)
                                            : split_once(message, ' ').before);
    for (const std::string_view name : {"Via", "From", "To", "CSeq"}) {
      const std::string brief(1, name == "CSeq" ? '?' : to_lower(name[0]));
      CHECK(!header(message, name, brief).empty());
    }
    const size_t body = message.size() - (message.find("\r\n\r\n") + 4);
    const bool broken = content_length(message) != body;
    if (broken) CHECK(content_length(message) == body + 37);
  }

  Seen& seen_;
  Nanoseconds now_ = 0;
  std::string src_, dst_;
  std::map<std::string, std::string> parts_;
  std::map<std::string, Flow> flows_;
  std::map<std::string, uint16_t> sequences_;
};

std::vector<uint8_t> read_and_remove(const std::filesystem::path& path) {
  std::vector<uint8_t> out(std::filesystem::file_size(path));
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  CHECK(std::fread(out.data(), 1, out.size(), file) == out.size());
  std::fclose(file);
  std::filesystem::remove(path);
  return out;
}

}  // namespace

std::vector<std::string> Made::call_lines() const {
  std::vector<std::string> out;
  std::string_view rest = calls;
  while (!rest.empty()) out.emplace_back(take_line(rest));
  return out;
}

std::string field(std::string_view line, std::string_view name) {
  const std::string start = "\"" + std::string(name) + "\":\"";
  const size_t at = line.find(start);
  if (at == std::string_view::npos) return {};
  const std::string_view value = line.substr(at + start.size());
  return std::string(value.substr(0, value.find('"')));
}

Made make(Options options) {
  const auto base =
      std::filesystem::temp_directory_path() / ("siploom_simulate_" + std::to_string(getpid()));
  options.output = base.string() + ".pcap";
  options.calls_path = base.string() + ".jsonl";
  options.format.format = capture::FileFormat::Pcap;
  options.format.nanoseconds = true;
  Made made;
  auto truth = run(options);
  REQUIRE_MESSAGE(truth, (truth ? std::string() : truth.error().message));
  made.truth = std::move(*truth);
  made.file = read_and_remove(options.output);
  made.calls = as_text(read_and_remove(options.calls_path));
  Reader(made.seen).file(made.file);
  return made;
}

}  // namespace siploom::simulate
