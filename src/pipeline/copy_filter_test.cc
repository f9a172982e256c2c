#include "pipeline/copy_filter.h"

#include <doctest/doctest.h>

#include "pipeline/test_capture.h"

using namespace siploom;
using pipeline::CopyFilter;
using pipeline::test::kStart;

TEST_CASE("the same packet a moment later is a copy, by its IP identification") {
  CopyFilter filter;
  CHECK_FALSE(filter.is_copy(kStart, 7, 1));
  CHECK(filter.is_copy(kStart + 300 * kMillisecond, 7, 1));
  CHECK_FALSE(filter.is_copy(kStart + 301 * kMillisecond, 8, 1));  // sent again: T1 or not
  CHECK_FALSE(filter.is_copy(kStart, 7, 2));
}

TEST_CASE("without an identification only what follows at once is a copy") {
  CopyFilter filter;
  CHECK_FALSE(filter.is_copy(kStart, 0, 1));
  CHECK(filter.is_copy(kStart + 5 * kMillisecond, 0, 1));
  CHECK_FALSE(filter.is_copy(kStart + 500 * kMillisecond, 0, 1));  // RFC 3261 17.1.1.1: T1
}

TEST_CASE("a copy may come before the original in the capture") {
  CopyFilter filter;
  CHECK_FALSE(filter.is_copy(kStart + 2 * kMillisecond, 9, 1));
  CHECK(filter.is_copy(kStart, 9, 1));
}

TEST_CASE("every packet of the last moment is remembered, however many there are") {
  CopyFilter filter;
  constexpr uint64_t kPackets = 200'000;
  for (uint64_t i = 0; i < kPackets; ++i) {
    const Timestamp time = kStart + static_cast<int64_t>(i) * 1000;
    REQUIRE_FALSE(filter.is_copy(time, 1, i * 0x9E3779B97F4A7C15));
    if (i % 1000 == 0) filter.advance(time);
  }
  for (uint64_t i = 0; i < kPackets; ++i) {
    const Timestamp time = kStart + static_cast<int64_t>(kPackets) * 1000;
    REQUIRE(filter.is_copy(time, 1, i * 0x9E3779B97F4A7C15));
  }
}
