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
std::string block(uint32_t type, std::string body) {
  body.resize((body.size() + 3) / 4 * 4);
  return le(type, 4) + le(body.size() + 12, 4) + body + le(body.size() + 12, 4);
}

}  // namespace

std::vector<std::string> seeds() {
  const std::string whole = udp(kInvite);
  const std::string gtp = udp(octets("\x30\xff\x00\x40\x00\x00\x00\x01") + ipv4(17, whole, 0));
  const std::string sctp =
      be16(5060) + be16(5060) + std::string(8, '\0') +
      octets("\x00\x03\x00\x40\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00") + kResponse;
  return {pcap({ipv4(17, whole, 0), ipv4(17, udp(kResponse), 0), ipv4(17, gtp, 0)}),
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
          "4500 0050 0000 4000 4011 0000 0a00 0001\n"};
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
