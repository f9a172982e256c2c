// StreamBuffer: stream octets that a reader has not taken yet, in order and in one piece, with the
// frames that brought them. Taking octets from the front costs nothing by itself, so that small
// segments do not add up to quadratic time.
#pragma once

#include <span>
#include <vector>

#include "packet/tcp.h"

namespace siploom::packet {

class StreamBuffer final {
 public:
  // `piece.size` is `bytes.size()`.
  void append(ByteSpan bytes, const StreamPiece& piece);
  void drop_front(size_t size);
  void clear();

  bool empty() const { return head_ == bytes_.size(); }
  ByteSpan bytes() const { return ByteSpan(bytes_).subspan(head_); }
  std::span<const StreamPiece> pieces() const {
    return std::span<const StreamPiece>(pieces_).subspan(piece_head_);
  }
  // Memory that the content stands for.
  size_t cost() const {
    return bytes_.size() - head_ + (pieces_.size() - piece_head_) * sizeof(StreamPiece);
  }

 private:
  std::vector<uint8_t> bytes_;
  std::vector<StreamPiece> pieces_;
  size_t head_ = 0, piece_head_ = 0;  // what lies before has been taken
};

}  // namespace siploom::packet
