// Puts IPv4 and IPv6 fragments together (RFC 791 3.2, RFC 8200 4.5, RFC 5722), in any order,
// overlapping and hostile ones too. Memory is capped; what never completes is counted when it is
// dropped. One thread. Time is packet time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "packet/datagram.h"

namespace siploom::packet {

struct FragmentLimits {
  size_t max_datagrams = 4096;  // being put together at one time
  size_t max_bytes = 32u << 20;
  Nanoseconds timeout = 30 * kSecond;  // RFC 791: 15 s at least; RFC 8200: 60 s
};

struct FragmentCounters {
  uint64_t fragments = 0, completed = 0, duplicates = 0, overlaps = 0, timed_out = 0, evicted = 0,
           malformed = 0;
  uint64_t incomplete() const { return timed_out + evicted; }
};

// A datagram made whole. Its payload (all octets behind the IP header) and frames live until the
// next add().
struct WholeDatagram {
  ByteSpan payload;
  std::vector<uint64_t> frames;  // numbers of the frames that carried it, ascending
};

class FragmentTable final {
 public:
  explicit FragmentTable(const FragmentLimits& limits = {});
  ~FragmentTable();
  // Takes one fragment (datagram.refusal == Fragment). Gives the whole when this one completed it,
  // in which case the fragment is not also kept. An exact copy of a fragment is ignored;
  // overlapping data: the first that came stays, and a fragment that contradicts it is counted.
  const WholeDatagram* add(const Datagram& fragment, Timestamp time, uint64_t frame);
  // Drops what is too old and counts it; call now and then, and at the end with a time far ahead.
  void expire(Timestamp now);
  const FragmentCounters& counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace siploom::packet
