// CopyFilter: tells the same packet seen again (an `any` interface, a mirror of both directions,
// two tunnels) from a retransmission. Remembers about a second of traffic, exactly, so that the
// answers do not depend on how packets are spread over threads. One thread.
#pragma once

#include <cstdint>

#include "base/flat_map.h"
#include "model/record.h"

namespace siploom::pipeline {

class CopyFilter final {
 public:
  // True when the same bytes between the same endpoints (`copy_hash`) came so short a time ago, and
  // with the same IP identification (`copy_key`, 0: none) where both have one, that no SIP timer
  // can have sent them again (RFC 3261 17: T1 is 500 ms).
  bool is_copy(Timestamp time, uint32_t copy_key, uint64_t copy_hash);
  // The capture has come to `now`: forgets what is old. Called at the same points of the capture,
  // whatever the shards.
  void advance(Timestamp now);

 private:
  // More than this within a second is forgotten early.
  static constexpr size_t kMaxRemembered = 1u << 20;
  struct Seen {
    Timestamp time;
    uint32_t copy_key = 0;
  };
  using Generation = FlatMap<uint64_t, Seen>;
  void turn_over();

  Generation current_, previous_;
  Timestamp began_ = kNoTime;  // of the current generation
};

uint64_t copy_hash_of(const model::Record& record);
// The same of a message whose transaction is known: `identity` and the size stand for its octets.
uint64_t copy_hash_of(const model::Record& record, uint64_t identity);

}  // namespace siploom::pipeline
