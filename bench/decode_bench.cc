#include <benchmark/benchmark.h>

#include "packet/decode.h"
#include "packet/link.h"
#include "packet/test_frames.h"

namespace siploom::packet {

namespace {

const test::Bytes kMedia = test::ipv4(test::udp(10'000, 20'000, test::Bytes(172)));

void decode_all(benchmark::State& state, const test::Bytes& frame) {
  Datagram out;
  for (auto _ : state) {
    decode_frame(kLinkEthernet, frame, out);
    benchmark::DoNotOptimize(out.payload.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void plain_udp(benchmark::State& state) { decode_all(state, test::ethernet(kEtherIpv4, kMedia)); }
void tagged_udp(benchmark::State& state) {
  decode_all(state, test::ethernet(kEtherVlan, test::vlan(9, kEtherIpv4, kMedia)));
}
void udp_over_ipv6(benchmark::State& state) {
  decode_all(state,
             test::ethernet(kEtherIpv6, test::ipv6(test::udp(10'000, 20'000, test::Bytes(172)))));
}
void udp_in_vxlan(benchmark::State& state) {
  const test::Bytes inner =
      test::join({8, 0, 0, 0, 0, 0, 5, 0}, test::ethernet(kEtherIpv4, kMedia));
  decode_all(state, test::ethernet(kEtherIpv4, test::ipv4(test::udp(40'000, 4789, inner))));
}

BENCHMARK(plain_udp);
BENCHMARK(tagged_udp);
BENCHMARK(udp_over_ipv6);
BENCHMARK(udp_in_vxlan);

}  // namespace

}  // namespace siploom::packet
