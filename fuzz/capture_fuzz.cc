// Capture files and text dumps of any kind, through the whole program up to calls.
#include "capture/open_file.h"
#include "pipeline/call_consumer.h"
#include "pipeline/engine.h"
#include "seeds.h"

namespace siploom::fuzz {
namespace {

std::string le(uint64_t value, int size) {
  std::string out;
  for (int i = 0; i < size; ++i) out += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
  return out;
}
std::string be16(size_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }

std::string ipv4(char protocol, const std::string& payload, size_t offset_and_flags) {
  return octets("\x45\x00") + be16(payload.size() + 20) + octets("\x00\x07") +
         be16(offset_and_flags) + octets("\x40") + protocol +
         octets("\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02") + payload;
}
std::string udp(const std::string& payload) {
  return be16(5060) + be16(5060) + be16(payload.size() + 8) + std::string(2, '\0') + payload;
}
std::string tcp(size_t sequence, const std::string& payload) {
  return be16(40'000) + be16(5060) + std::string(2, '\0') + be16(sequence) + std::string(4, '\1') +
         octets("\x50\x18\xff\xff\x00\x00\x00\x00") + payload;
}
std::string pcap(const std::vector<std::string>& packets) {
  std::string out = le(0xA1B2C3D4, 4) + le(2, 2) + le(4, 2) + le(0, 8) + le(65'535, 4) + le(101, 4);
  uint32_t time = 1'700'000'000;
  for (const std::string& packet : packets) {
    out += le(++time, 4) + le(0, 4) + le(packet.size(), 4) + le(packet.size(), 4) + packet;
  }
  return out;
}
std::string spooled(const std::string& message) { return be16(0) + be16(message.size()) + message; }
std::string hep1(const std::string& payload) {
  return octets("\x01\x10\x02\x11\x13\xc4\x13\xd8\xc0\x00\x02\x0a\xc6\x33\x64\x14") + payload;
}
std::string hep2(const std::string& payload) {
  std::string out = hep1(octets("\x00\xf1\x53\x65\x40\xe2\x01\x00\xd1\x07\x00\x00") + payload);
  out[0] = 2;
  return out;
}
std::string hep3(const std::string& payload) {
  const std::string chunks =
      octets(
          "\x00\x00\x00\x01\x00\x07\x02\x00\x00\x00\x03\x00\x0a\xc0\x00\x02\x0a"
          "\x00\x00\x00\x04\x00\x0a\xc6\x33\x64\x14\x00\x00\x00\x09\x00\x0a\x65\x53\xf1\x00"
          "\x00\x00\x00\x0f") +
      be16(payload.size() + 6) + payload;
  return "HEP3" + be16(chunks.size() + 6) + chunks;
}
std::string block(uint32_t type, std::string body) {
  body.resize((body.size() + 3) / 4 * 4);
  return le(type, 4) + le(body.size() + 12, 4) + body + le(body.size() + 12, 4);
}

// A dump of one message in each compression.
const std::string kGzip = octets(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x0b\x55\x30\x32\x30\x32\xd3\x37\x34\xd4"
    "\x37\x32\x54\x30\x34\xb0\x32\x00\x21\x3d\x03\x30\x00\xf2\xf5\x40\xd0\xd0\xca\xd4"
    "\xc0\xcc\x40\x41\xd7\x0e\x26\x60\x04\x16\xe0\xf2\x0f\x08\xf1\xf4\xf7\x0b\x56\x28"
    "\xce\x2c\xb0\x4a\x54\x08\xf6\x0c\xd0\x37\xd2\x33\xe0\x72\x4e\xcc\xc9\xd1\xf5\x74"
    "\xb1\x52\xa8\xe0\xe2\x02\x00\x11\xfa\x1b\xfd\x5e\x00\x00\x00");
const std::string kZstd = octets(
    "\x28\xb5\x2f\xfd\x24\x5e\x75\x02\x00\x42\x84\x0f\x17\xa0\xb5\x39\xe8\x10\x27\x93"
    "\xdb\x94\xa2\x1a\xdf\xcd\x00\xbb\x2c\x25\xad\xcd\x7e\x75\x83\x02\x77\x01\x2f\x81"
    "\x4a\x6b\x6c\xb8\xa3\x1a\x85\x96\xd9\x26\x08\xc0\xab\x48\xc8\x50\xe9\x54\x28\xfe"
    "\x79\xb0\x89\x4f\x1f\xbf\x4f\xa7\x9a\x4c\x73\xf4\xea\x23\x05\x00\x40\x08\x9a\x74"
    "\x72\x41\x70\x87\x6b\xb9\x25\x9a\x2e\xcf\xae");
const std::string kXz = octets(
    "\xfd\x37\x7a\x58\x5a\x00\x00\x00\xff\x12\xd9\x41\x02\x00\x21\x01\x16\x00\x00\x00"
    "\x74\x2f\xe5\xa3\xe0\x00\x5d\x00\x4d\x5d\x00\x2a\x88\x02\x43\x21\x85\x45\xd9\xfd"
    "\x40\x0f\x43\x73\x59\xbc\x71\xb7\xf2\x58\x86\x9d\xbf\x14\xa6\xfb\x2e\xa1\xe7\x18"
    "\xad\x6e\x7e\xfd\x60\xcb\x9f\x4c\x83\x04\xc3\x16\x49\x87\x76\x44\xbe\x3a\xae\x50"
    "\xfd\x29\xad\x67\x0b\xfa\x62\x25\xd0\x35\xe5\x26\x94\xb9\x7b\x90\xbf\x1e\xae\xaa"
    "\x6e\x74\xd8\x58\xaf\x01\x00\x00\x00\x00\x00\x00\x00\x01\x61\x5e\x3e\x93\xb3\xd0"
    "\x06\x72\x9e\x7a\x01\x00\x00\x00\x00\x00\x59\x5a");
const std::string kLz4 = octets(
    "\x04\x22\x4d\x18\x64\x40\xa7\x56\x00\x00\x00\xf0\x02\x55\x20\x32\x30\x32\x36\x2f"
    "\x31\x31\x2f\x32\x31\x20\x31\x30\x3a\x30\x03\x00\x21\x2e\x30\x01\x00\x40\x20\x31"
    "\x30\x2e\x02\x00\x94\x31\x3a\x35\x30\x36\x30\x20\x2d\x3e\x11\x00\x11\x32\x11\x00"
    "\xf0\x14\x0a\x4f\x50\x54\x49\x4f\x4e\x53\x20\x73\x69\x70\x3a\x61\x20\x53\x49\x50"
    "\x2f\x32\x2e\x30\x0a\x43\x61\x6c\x6c\x2d\x49\x44\x3a\x20\x78\x0a\x0a\x00\x00\x00"
    "\x00\x86\x77\x5e\x04");

}  // namespace

std::vector<std::string> seeds() {
  const std::string whole = udp(kInvite);
  const std::string gtp = udp(octets("\x30\xff\x00\x40\x00\x00\x00\x01") + ipv4(17, whole, 0));
  const std::string sctp =
      be16(5060) + be16(5060) + std::string(8, '\0') +
      octets("\x00\x03\x00\x40\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00") + kResponse;
  return {kGzip,
          kZstd,
          kXz,
          kLz4,
          pcap({ipv4(17, whole, 0), ipv4(17, udp(kResponse), 0), ipv4(17, gtp, 0)}),
          pcap({ipv4(17, whole.substr(0, 400), 0x2000), ipv4(17, whole.substr(400), 50)}),
          pcap({ipv4(6, tcp(1, kInvite.substr(0, 300)), 0),
                ipv4(6, tcp(301, kInvite.substr(300)), 0), ipv4(6, tcp(301, kResponse), 0)}),
          pcap({ipv4(static_cast<char>(132), sctp, 0),
                ipv4(47, octets("\x00\x00\x08\x00") + ipv4(17, whole, 0), 0)}),
          block(0x0A0D0D0A, le(0x1A2B3C4D, 4) + le(1, 2) + le(0, 2) + std::string(8, '\xff')) +
              block(1, le(101, 2) + le(0, 2) + le(0, 4) + le(9, 2) + le(1, 2) + le(9, 4)) +
              block(6, le(0, 12) + le(ipv4(17, whole, 0).size(), 4) +
                           le(ipv4(17, whole, 0).size(), 4) + ipv4(17, whole, 0)),
          "U 2026/11/21 10:00:00.000000 10.0.0.1:5060 -> 10.0.0.2:5060\n" + kInvite,
          "<--- Received SIP request (500 bytes) from UDP:10.0.0.1:5060 --->\n" + kInvite,
          "recv 500 bytes from udp/[10.0.0.1]:5060 at 10:00:00.000000:\n-----\n" + kInvite,
          "10:00:00.000000 IP 10.0.0.1.5060 > 10.0.0.2.5060: SIP: INVITE sip:b SIP/2.0\n\t0x0000:  "
          "4500 0050 0000 4000 4011 0000 0a00 0001\n",
          spooled(hep3(kInvite)) + spooled(hep1(kResponse)) + spooled(hep2(kResponse)),
          spooled(hep1(kInvite)) + spooled(octets("\x1f\x8b\x08\x00\x00\x00\x00\x00")),
          "1700000000;5;c1;10.0.0.1;5060;10.0.0.2;5060;" + kInvite +
              "1700000001;5;c1;10.0.0.1;5060;10.0.0.2;5060;a log\\r\\nof two; lines\n"};
}
}  // namespace siploom::fuzz

using namespace siploom;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto source = capture::open_memory("fuzz", {data, size});
  if (!source) {
    fuzz::require(!source.error().message.empty(), "an error says something");
    return 0;
  }
  pipeline::CallConsumerOptions options;
  options.rtp = options.stats = true;
  pipeline::CallConsumer consumer(options);
  pipeline::EngineOptions engine;
  engine.chunk_bytes = 512;
  const auto result = pipeline::run(**source, consumer, engine);
  if (!result) return 0;
  consumer.finish(result->counters.last);
  const model::Stats stats = consumer.stats(*result);
  fuzz::require(stats.call_ids <= stats.sip_messages + stats.copies, "no more calls than messages");
  fuzz::require(consumer.calls().size() <= stats.sip_messages, "each call has a message");
  return 0;
}
