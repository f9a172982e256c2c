// SegmentStore: stretches of a stream that came before those in front of them. No two overlap: what
// came first stays.
#pragma once

#include <map>
#include <vector>

#include "packet/tcp.h"

namespace siploom::packet {

class SegmentStore final {
 public:
  struct Held {
    std::vector<uint8_t> bytes;  // empty: the capture cut them off, they will never be known
    StreamPiece piece;           // its size is that of the stretch
  };

  // Keeps those octets of [position, position + piece.size) that are not there yet, and tells how
  // many they were. `bytes` are piece.size octets, or none if they are lost.
  size_t insert(uint64_t position, ByteSpan bytes, const StreamPiece& piece);
  // Whether `bytes` at `position` are the same as what is there of them.
  bool agrees(uint64_t position, ByteSpan bytes) const;
  // Takes the first stretch out. Not for an empty store.
  Held pop_front();

  size_t count() const { return stretches_.size(); }
  bool empty() const { return stretches_.empty(); }
  uint64_t begin() const { return stretches_.begin()->first; }
  uint64_t end() const {
    return stretches_.rbegin()->first + stretches_.rbegin()->second.piece.size;
  }
  Timestamp front_time() const { return stretches_.begin()->second.piece.time; }
  size_t cost() const { return cost_; }

 private:
  void keep(uint64_t position, ByteSpan bytes, StreamPiece piece, uint64_t size);

  std::map<uint64_t, Held> stretches_;
  size_t cost_ = 0;
};

}  // namespace siploom::packet
