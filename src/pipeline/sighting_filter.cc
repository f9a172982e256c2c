#include "pipeline/sighting_filter.h"

#include <utility>

namespace siploom::pipeline {

namespace {

// Kamailio's two paths lie 0.05 to 0.13 ms apart; no SIP timer is shorter than T1, 500 ms (RFC 3261
// 17.1.1.1).
constexpr Nanoseconds kDoubledWithin = 10 * kMillisecond;
// Two agents report one message as fast as their connections are; beyond this it was sent again.
constexpr Nanoseconds kElsewhereWithin = 450 * kMillisecond;
constexpr Nanoseconds kGeneration = kSecond;

Nanoseconds between(Timestamp a, Timestamp b) { return a > b ? a - b : b - a; }

}  // namespace

Sighting SightingFilter::judge(uint64_t hash, uint64_t node, Timestamp time, Timestamp received) {
  const bool old = !is_known(began_) || between(received, began_) > kGeneration;
  if (old || current_.size() >= kMaxRemembered) {
    std::swap(previous_, current_);
    current_.wipe();
    began_ = received;
  }
  const auto [seen, is_new] = current_.insert(hash, hash);
  if (is_new) {
    const Seen* before = previous_.find(hash, hash);
    if (before == nullptr) {
      *seen = {time, received, node};
      return Sighting::First;
    }
    *seen = *before;
  }
  if (seen->node == node && between(time, seen->time) < kDoubledWithin) return Sighting::Doubled;
  if (seen->node != node && between(received, seen->received) < kElsewhereWithin) {
    return Sighting::Elsewhere;
  }
  *seen = {time, received, node};
  return Sighting::First;
}

}  // namespace siploom::pipeline
