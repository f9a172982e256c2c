// CopyFilter: tells the same packet seen again (an `any` interface, a mirror of both directions,
// two tunnels) from a retransmission. Fixed memory, constant time; forgets what is old. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "model/record.h"

namespace siploom::pipeline {

class CopyFilter final {
 public:
  CopyFilter() : slots_(kSlots) {}
  // True when a message of the same bytes between the same endpoints came so short a time ago, and
  // with the same IP identification where both have one, that no SIP timer can have sent it again
  // (RFC 3261 17: T1 is 500 ms).
  bool is_copy(const model::Record& record, uint64_t copy_hash);

 private:
  static constexpr size_t kSlots = 1u << 13;
  struct Slot {
    uint64_t hash = 0;
    Timestamp time;
    uint32_t copy_key = 0;
  };
  std::vector<Slot> slots_;
};

uint64_t copy_hash_of(const model::Record& record);
// The same of a message whose transaction is known: `identity` and the size stand for its octets.
uint64_t copy_hash_of(const model::Record& record, uint64_t identity);

}  // namespace siploom::pipeline
