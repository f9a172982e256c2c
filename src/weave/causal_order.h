// Puts messages into an order that can have happened: by time, and where clocks of agents and of
// their workers lie by some milliseconds, no response before its request, nothing forwarded before
// it came in (RFC 3261 8.2.6, 16.6, 16.7).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/net.h"
#include "base/time.h"

namespace siploom::weave {

struct CausalMessage {
  Timestamp time;
  uint64_t sequence = 0;  // order of coming in; decides between equal times
  Endpoint src, dst;
  uint16_t status = 0;  // 0: a request
  uint32_t cseq = 0;
  std::string_view method;         // of CSeq
  std::string_view branch;         // of the topmost Via
  std::string_view second_branch;  // of the one below it
};

// Messages further apart than this are left as their times have them.
constexpr Nanoseconds kCausalWindow = 50 * kMillisecond;

// Indices of `messages` in the order found.
std::vector<uint32_t> causal_order(const std::vector<CausalMessage>& messages);

}  // namespace siploom::weave
