#include "packet/segment_store.h"

#include <algorithm>

namespace siploom::packet {

namespace {

// Roughly what a stretch costs besides its octets: many tiny ones must not get past a limit in
// octets.
constexpr size_t kStretchCost = 128;

}  // namespace

size_t SegmentStore::insert(uint64_t position, ByteSpan bytes, const StreamPiece& piece) {
  const uint64_t begin = position, end = position + piece.size;
  size_t fresh = 0;
  auto next = stretches_.upper_bound(position);
  if (next != stretches_.begin()) {
    const auto before = std::prev(next);
    position = std::max(position, before->first + before->second.piece.size);
  }
  while (position < end) {
    const uint64_t free_end = next == stretches_.end() ? end : std::min(end, next->first);
    if (free_end > position) {
      const uint64_t size = free_end - position;
      keep(position, bytes.empty() ? bytes : bytes.subspan(position - begin, size), piece, size);
      fresh += size;
    }
    if (free_end == end) break;
    position = next->first + next->second.piece.size;
    ++next;
  }
  return fresh;
}

bool SegmentStore::agrees(uint64_t position, ByteSpan bytes) const {
  const uint64_t end = position + bytes.size();
  auto at = stretches_.upper_bound(position);
  if (at != stretches_.begin()) --at;
  for (; at != stretches_.end() && at->first < end; ++at) {
    const ByteSpan held = at->second.bytes;
    const uint64_t from = std::max(at->first, position),
                   to = std::min(at->first + held.size(), end);
    if (from >= to) continue;
    if (std::memcmp(&held[from - at->first], &bytes[from - position], to - from) != 0) return false;
  }
  return true;
}

void SegmentStore::keep(uint64_t position, ByteSpan bytes, StreamPiece piece, uint64_t size) {
  piece.size = static_cast<uint32_t>(size);
  stretches_.emplace(position, Held{{bytes.begin(), bytes.end()}, piece});
  cost_ += bytes.size() + kStretchCost;
}

SegmentStore::Held SegmentStore::pop_front() {
  const auto first = stretches_.begin();
  Held held = std::move(first->second);
  stretches_.erase(first);
  cost_ -= held.bytes.size() + kStretchCost;
  return held;
}

}  // namespace siploom::packet
