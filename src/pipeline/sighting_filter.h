// SightingFilter: of messages that agents report: told once by one agent, told twice by it (some
// mirror a message through two paths), or told by a second agent, too. Remembers about a second, by
// when they came in. One thread.
#pragma once

#include <cstdint>

#include "base/flat_map.h"
#include "base/time.h"

namespace siploom::pipeline {

enum class Sighting : uint8_t { First, Doubled, Elsewhere };

class SightingFilter final {
 public:
  // `hash` is of the message and its endpoints (copy_hash_of), `node` of the agent; `time` is the
  // agent's, `received` ours.
  // Lets the processor fetch what judge() will touch.
  void prefetch(uint64_t hash) const {
    current_.prefetch(hash);
    previous_.prefetch(hash);
  }
  Sighting judge(uint64_t hash, uint64_t node, Timestamp time, Timestamp received);

 private:
  static constexpr size_t kMaxRemembered = 1u << 19;
  struct Seen {
    Timestamp time, received;
    uint64_t node = 0;
  };
  using Generation = FlatMap<uint64_t, Seen>;
  Generation current_, previous_;
  Timestamp began_ = kNoTime;
};

}  // namespace siploom::pipeline
