#include "weave/causal_order.h"

#include <algorithm>
#include <numeric>

namespace siploom::weave {

namespace {

bool same_transaction(const CausalMessage& a, const CausalMessage& b) {
  return a.cseq == b.cseq && a.method == b.method;
}

// Whether `effect` cannot have been before `cause`.
bool follows(const CausalMessage& effect, const CausalMessage& cause) {
  if (!same_transaction(effect, cause) || effect.branch.empty() || cause.branch.empty()) {
    return false;
  }
  if (cause.status == 0) {
    if (effect.status != 0) {
      return effect.branch == cause.branch && effect.src == cause.dst && effect.dst == cause.src;
    }
    // Forwarded: the forwarder's Via stands above the one that it received.
    return effect.second_branch == cause.branch && effect.src.address == cause.dst.address;
  }
  // A response forwarded: the forwarder's Via has been taken off.
  return effect.status == cause.status && cause.second_branch == effect.branch &&
         effect.src.address == cause.dst.address;
}

}  // namespace

std::vector<uint32_t> causal_order(const std::vector<CausalMessage>& messages) {
  std::vector<uint32_t> order(messages.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (messages[a].time != messages[b].time) return messages[a].time < messages[b].time;
    return messages[a].sequence < messages[b].sequence;
  });
  // An effect goes right behind the last of its causes; what it had caused itself may then have to
  // follow. Each message moves at most a few places, so this ends soon; the bound is for the rest.
  size_t moves = 4 * order.size();
  for (size_t i = 0; i < order.size(); ++i) {
    const CausalMessage& effect = messages[order[i]];
    size_t behind = i;
    for (size_t j = i + 1; j < order.size(); ++j) {
      const CausalMessage& other = messages[order[j]];
      if (other.time - effect.time > kCausalWindow) break;
      if (follows(effect, other)) behind = j;
    }
    if (behind == i || moves == 0) continue;
    --moves;
    std::rotate(order.begin() + static_cast<int64_t>(i),
                order.begin() + static_cast<int64_t>(i) + 1,
                order.begin() + static_cast<int64_t>(behind) + 1);
    --i;  // another one stands here now
  }
  return order;
}

}  // namespace siploom::weave
