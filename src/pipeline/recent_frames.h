// RecentFrames: copies of the last frames that may still turn out to belong to a message (segments,
// fragments), so that original packets can be written in one pass. Capped by octets. One thread.
#pragma once

#include <deque>
#include <vector>

#include "pipeline/chunk.h"

namespace siploom::pipeline {

class RecentFrames final {
 public:
  explicit RecentFrames(size_t max_bytes = 32u << 20) : max_bytes_(max_bytes) {}

  // Keeps the frames of `chunk` that the flow stage saw.
  void add(const Chunk& chunk) {
    for (const Deferred& deferred : chunk.deferred) {
      const capture::Frame& frame = chunk.batch.frames[deferred.frame];
      Kept& kept = kept_.emplace_back();
      kept.number = chunk.batch.first_number + deferred.frame;
      kept.bytes.assign(frame.data, frame.data + frame.captured);
      kept.frame = frame;
      bytes_ += frame.captured + sizeof(Kept);
    }
    while (bytes_ > max_bytes_ && kept_.size() > 1) {
      bytes_ -= kept_.front().bytes.size() + sizeof(Kept);
      kept_.pop_front();
    }
  }
  // Calls fn(frame) if frame `number` is in `chunk` or still kept.
  template <class Fn>
  bool with(const Chunk& chunk, uint64_t number, Fn&& fn) const {
    const uint64_t first = chunk.batch.first_number;
    if (number >= first && number - first < chunk.batch.frames.size()) {
      fn(chunk.batch.frames[number - first]);
      return true;
    }
    size_t low = 0, high = kept_.size();
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (kept_[middle].number < number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == kept_.size() || kept_[low].number != number) return false;
    capture::Frame frame = kept_[low].frame;
    frame.data = kept_[low].bytes.data();
    fn(frame);
    return true;
  }

 private:
  struct Kept {
    uint64_t number = 0;
    capture::Frame frame;
    std::vector<uint8_t> bytes;
  };
  std::deque<Kept> kept_;
  size_t max_bytes_;
  size_t bytes_ = 0;
};

}  // namespace siploom::pipeline
