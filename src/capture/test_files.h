// Capture files in memory, octet by octet, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "capture/open_file.h"

namespace siploom::capture::test {

inline std::string number(uint64_t value, int octets, bool big_endian) {
  std::string out;
  for (int i = 0; i < octets; ++i) {
    const int shift = 8 * (big_endian ? octets - 1 - i : i);
    out += static_cast<char>(value >> shift);
  }
  return out;
}

// pcap: the file header, then records.
struct PcapFile {
  uint32_t magic = 0xA1B2C3D4;
  bool big_endian = false;
  uint32_t network = 1;
  std::string header() const {
    return number(magic, 4, big_endian) + number(2, 2, big_endian) + number(4, 2, big_endian) +
           number(0, 4, big_endian) + number(0, 4, big_endian) + number(65'535, 4, big_endian) +
           number(network, 4, big_endian);
  }
  std::string record(uint32_t seconds, uint32_t fraction, const std::string& data) const {
    const std::string modified = magic == 0xA1B2CD34 ? std::string(8, '\0') : std::string();
    return number(seconds, 4, big_endian) + number(fraction, 4, big_endian) +
           number(data.size(), 4, big_endian) + number(data.size(), 4, big_endian) + modified +
           data;
  }
};

struct PcapngFile {
  bool big_endian = false;
  std::string block(uint32_t type, std::string body) const {
    body.resize((body.size() + 3) / 4 * 4);
    const std::string length = number(body.size() + 12, 4, big_endian);
    return number(type, 4, big_endian) + length + body + length;
  }
  std::string option(uint16_t code, std::string value) const {
    const std::string head = number(code, 2, big_endian) + number(value.size(), 2, big_endian);
    value.resize((value.size() + 3) / 4 * 4);
    return head + value;
  }
  std::string section() const {
    return block(0x0A0D0D0A, number(0x1A2B3C4D, 4, big_endian) + number(1, 2, big_endian) +
                                 number(0, 2, big_endian) + std::string(8, '\xff'));
  }
  std::string interface(uint16_t link, const std::string& options = {}) const {
    return block(1, number(link, 2, big_endian) + number(0, 2, big_endian) +
                        number(262'144, 4, big_endian) + options);
  }
  std::string packet(uint32_t on, uint64_t time, const std::string& data) const {
    return block(6, number(on, 4, big_endian) + number(time >> 32, 4, big_endian) +
                        number(time & 0xFFFFFFFF, 4, big_endian) +
                        number(data.size(), 4, big_endian) + number(data.size(), 4, big_endian) +
                        data);
  }
};

struct ReadFile {
  struct Packet {
    int64_t time;
    LinkType link;
    std::string data;
    bool operator==(const Packet&) const = default;
  };
  std::vector<Packet> packets;
  std::vector<std::string> warnings;
  std::string error;
  SourceStats stats;
};

// Everything that opening and reading the octets gives.
inline ReadFile read_file(const std::string& octets, size_t batch_bytes = 1 << 16) {
  ReadFile out;
  auto source = open_memory("test", as_bytes(octets));
  if (!source) {
    out.error = source.error().message;
    return out;
  }
  FrameBatch batch;
  while (true) {
    auto more = (*source)->next(batch, batch_bytes);
    if (!more) {
      out.error = more.error().message;
      break;
    }
    for (const Frame& frame : batch.frames) {
      out.packets.push_back({frame.time.ns, frame.link, std::string(as_text(frame.bytes()))});
    }
    if (!*more) break;
  }
  out.stats = (*source)->stats();
  out.warnings = out.stats.warnings;
  return out;
}

}  // namespace siploom::capture::test
