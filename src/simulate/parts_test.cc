// The small parts: random numbers, the event queue, checksums, codecs, texts.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "simulate/codecs.h"
#include "simulate/event_queue.h"
#include "simulate/frame.h"
#include "simulate/rng.h"
#include "simulate/text_buffer.h"

namespace siploom::simulate {
namespace {

TEST_CASE("splitmix64 gives the numbers of its reference") {
  Rng rng(1234567);
  CHECK(rng.next() == 6457827717110365317ull);
  CHECK(rng.next() == 3203168211198807973ull);
}

TEST_CASE("exponential times have the mean that was asked for, and are what they always were") {
  Rng rng(42);
  constexpr Nanoseconds kMean = 100 * kMillisecond;
  Nanoseconds sum = 0;
  int beyond_mean = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Nanoseconds gap = rng.exponential(kMean);
    REQUIRE(gap >= 0);
    sum += gap;
    if (gap > kMean) ++beyond_mean;
  }
  CHECK(sum / 100'000 == doctest::Approx(kMean).epsilon(0.02));
  // exp(-1) of them take longer than the mean.
  CHECK(beyond_mean == doctest::Approx(36'788).epsilon(0.03));
}

TEST_CASE("chances at their ends never and always hit") {
  Rng rng(7);
  for (int i = 0; i < 1000; ++i) {
    CHECK_FALSE(rng.chance(Chance::of_percent(0)));
    CHECK(rng.chance(Chance::of_percent(100)));
  }
}

TEST_CASE("events come by time, then by number") {
  CHECK(rc::check("queue sorts", [](const std::vector<uint16_t>& times) {
    EventQueue queue;
    std::vector<std::pair<Nanoseconds, uint32_t>> expected, got;
    for (uint32_t i = 0; i < times.size(); ++i) {
      queue.push({times[i], i});
      // The first comes again later, as calls do.
      expected.emplace_back(times[i], i);
    }
    std::sort(expected.begin(), expected.end());
    while (!queue.empty()) {
      got.emplace_back(queue.top().at, queue.top().actor);
      queue.pop();
    }
    RC_ASSERT(got == expected);
  }));
  CHECK(rc::check("postponing keeps the order", [](const std::vector<uint8_t>& steps) {
    EventQueue queue;
    for (uint32_t i = 0; i < 8; ++i) queue.push({i, i});
    Nanoseconds last = 0;
    for (const uint8_t step : steps) {
      RC_ASSERT(queue.top().at >= last);
      last = queue.top().at;
      queue.postpone_top(last + step);
    }
  }));
}

TEST_CASE("checksums are those of RFC 1071") {
  // The example of section 3, in the order of the wire.
  const uint8_t bytes[] = {0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7};
  const uint16_t folded = checksum_fold(checksum_sum(bytes));
  uint8_t wire[2];
  std::memcpy(wire, &folded, 2);
  CHECK(wire[0] == 0x22);
  CHECK(wire[1] == 0x0D);
}

TEST_CASE("numbers in texts") {
  TextBuffer text;
  text << uint64_t{18446744073709551615u} << '/' << 0u << '/';
  text.hex(0xBEEF, 3).padded(7, 3);
  CHECK(text.view() == "18446744073709551615/0/eef007");
  text.clear();
  for (const uint32_t octet : {0u, 9u, 10u, 99u, 100u, 255u}) text.octet(octet) << ' ';
  CHECK(text.view() == "0 9 10 99 100 255 ");
  const std::string large(100'000, 'x');
  text << large;
  CHECK(text.size() == 100'018);
}

TEST_CASE("packets of every codec and length fit their tables") {
  const PayloadTable sounds;
  for (uint8_t number = 0; number < codec_count(); ++number) {
    for (const unsigned ptime : {10u, 20u, 30u, 40u, 60u}) {
      for (uint64_t n = 0; n < 2000; ++n) {
        const size_t size = payload_size(codec(number), ptime, n);
        REQUIRE(size > 0);
        REQUIRE(size <= 1400);
        REQUIRE(sounds.payload(number, size, n).size() == size);
      }
    }
  }
  CHECK(payload_size(codec(*find_codec("pcmu")), 20, 0) == 160);
  CHECK(payload_size(codec(*find_codec("G729")), 20, 0) == 20);
  CHECK_FALSE(find_codec("nonsense"));
}

}  // namespace
}  // namespace siploom::simulate
