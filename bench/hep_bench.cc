#include <benchmark/benchmark.h>

#include <string>

#include "simulate/hep/profiles.h"
#include "wire/hep/encode.h"
#include "wire/hep/hep.h"

namespace siploom::hep {

namespace {

const std::string kInvite =
    "INVITE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK776\r\n"
    "From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.org>\r\nCall-ID: a84b4c76e66710@h\r\n"
    "CSeq: 314159 INVITE\r\nContent-Length: 0\r\n\r\n";

Packet sip_packet(uint8_t version) {
  Packet packet;
  packet.clear();
  packet.version = version;
  packet.src = *parse_endpoint("192.0.2.10:5060");
  packet.dst = *parse_endpoint("198.51.100.20:5080");
  packet.has_src = packet.has_dst = true;
  packet.time = Timestamp{1'700'000'000 * kSecond + 123'456'000};
  packet.agent_id = 2001;
  packet.payload = as_bytes(kInvite);
  if (version == 3) packet.add_correlation_id("a84b4c76e66710@h");
  if (version == 3) packet.agent_name = "proxy-1";
  return packet;
}

void decode_sip(benchmark::State& state) {
  std::string message, scratch;
  if (!encode(sip_packet(static_cast<uint8_t>(state.range(0))), {}, message)) return;
  Packet out;
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode(as_bytes(message), out, scratch));
    benchmark::DoNotOptimize(out.payload.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_sip)->Arg(1)->Arg(2)->Arg(3);

void decode_kamailio(benchmark::State& state) {
  simulate::hep::HepInput input;
  input.src = *parse_endpoint("192.0.2.10:5060");
  input.dst = *parse_endpoint("198.51.100.20:5080");
  input.time = Timestamp{1'700'000'000 * kSecond + 123'456'000};
  input.payload = kInvite;
  const std::string message = simulate::hep::encode("kamailio", input).value_or("");
  std::string scratch;
  Packet out;
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode(as_bytes(message), out, scratch));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(decode_kamailio);

void encode_sip(benchmark::State& state) {
  const Packet packet = sip_packet(3);
  std::string message;
  for (auto _ : state) {
    message.clear();
    benchmark::DoNotOptimize(encode(packet, {}, message).has_value());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode_sip);

}  // namespace

}  // namespace siploom::hep
