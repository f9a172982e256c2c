#include "packet/stream_buffer.h"

namespace siploom::packet {

namespace {

// Above it, an emptied buffer gives its memory back.
constexpr size_t kKeptBytes = 16 * 1024;

// Moves what is left to the front once most of the vector has been taken: each octet moves at most
// once for every octet that was taken.
template <class T>
void compact(std::vector<T>& items, size_t& head) {
  if (head < 64 || head < items.size() - head) return;
  items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(head));
  head = 0;
}

template <class T>
void empty_out(std::vector<T>& items) {
  items.clear();
  if (items.capacity() * sizeof(T) > kKeptBytes) std::vector<T>().swap(items);
}

}  // namespace

void StreamBuffer::append(ByteSpan bytes, const StreamPiece& piece) {
  if (bytes.empty()) return;
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  const bool same_frame = pieces_.size() > piece_head_ && pieces_.back().frame == piece.frame;
  if (same_frame) {
    pieces_.back().size += piece.size;
  } else {
    pieces_.push_back(piece);
  }
}

void StreamBuffer::drop_front(size_t size) {
  head_ += size;
  if (head_ >= bytes_.size()) return clear();
  while (size > 0) {
    StreamPiece& piece = pieces_[piece_head_];
    if (piece.size > size) {
      piece.size -= static_cast<uint32_t>(size);
      break;
    }
    size -= piece.size;
    ++piece_head_;
  }
  compact(bytes_, head_);
  compact(pieces_, piece_head_);
}

void StreamBuffer::clear() {
  empty_out(bytes_);
  empty_out(pieces_);
  head_ = piece_head_ = 0;
}

}  // namespace siploom::packet
