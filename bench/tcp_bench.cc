#include <benchmark/benchmark.h>

#include "packet/tcp.h"
#include "packet/test_frames.h"

namespace siploom::packet {

namespace {

// Takes everything, as the reader of a connection that carries nothing of interest.
class Taker final : public TcpReader {
 public:
  size_t consume(TcpFlow&, ByteSpan data, std::span<const StreamPiece>) override {
    return data.size();
  }
  void on_gap(TcpFlow&, ByteSpan, std::span<const StreamPiece>, uint64_t) override {}
  void on_close(TcpFlow&, ByteSpan, std::span<const StreamPiece>) override {}
};

// Segments of `size` octets of one connection among `connections`.
void send_in_order(benchmark::State& state, size_t size, bool swapped) {
  const auto connections = static_cast<uint32_t>(state.range(0));
  Taker reader;
  TcpReassembler tcp(reader);
  test::Bytes segment(20 + size);
  segment[12] = 0x50;
  Datagram datagram;
  datagram.payload = segment;
  std::vector<uint32_t> next(connections);
  uint64_t frame = 0;
  const auto send = [&](uint32_t who, uint32_t sequence, uint8_t flags) {
    const uint32_t wire = __builtin_bswap32(sequence);
    std::memcpy(&segment[4], &wire, sizeof wire);
    segment[13] = flags;
    datagram.src = {IpAddress::v4(0x0A000000 + who), 5060};
    datagram.dst = {IpAddress::v4(0x0A800000), 5060};
    ++frame;
    tcp.add(datagram, {static_cast<Nanoseconds>(frame) * kMicrosecond}, frame);
  };
  constexpr uint8_t kSyn = 2, kAck = 16;
  for (uint32_t who = 0; who < connections; ++who) send(who, next[who] - 1, kSyn);
  for (auto _ : state) {
    const uint32_t who = static_cast<uint32_t>(frame * 7919 % connections);
    const auto step = static_cast<uint32_t>(size);
    if (swapped) {
      send(who, next[who] + step, kAck);
      send(who, next[who], kAck);
      next[who] += 2 * step;
    } else {
      send(who, next[who], kAck);
      next[who] += step;
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(frame));
}

void in_order(benchmark::State& state) { send_in_order(state, 500, false); }
void swapped_pairs(benchmark::State& state) { send_in_order(state, 500, true); }
void acknowledgements(benchmark::State& state) { send_in_order(state, 0, false); }

BENCHMARK(in_order)->Arg(1)->Arg(10'000);
BENCHMARK(swapped_pairs)->Arg(1)->Arg(10'000);
BENCHMARK(acknowledgements)->Arg(1)->Arg(10'000);

}  // namespace

}  // namespace siploom::packet
