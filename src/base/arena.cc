#include "base/arena.h"

#include <algorithm>

namespace siploom {

uint8_t* Arena::allocate(size_t size, size_t alignment) {
  if (!blocks_.empty()) {
    Block& block = blocks_.back();
    const size_t start = (used_ + alignment - 1) & ~(alignment - 1);
    if (start <= block.size && size <= block.size - start) {
      used_ = start + size;
      return block.bytes.get() + start;
    }
  }
  Block fresh;
  fresh.size = std::max(size, block_bytes_);
  fresh.bytes = std::make_unique_for_overwrite<uint8_t[]>(fresh.size);
  held_bytes_ += fresh.size;
  uint8_t* start = fresh.bytes.get();
  blocks_.push_back(std::move(fresh));
  used_ = size;
  return start;
}

ByteSpan Arena::copy(ByteSpan bytes) {
  if (bytes.empty()) return {};
  uint8_t* to = allocate(bytes.size(), 1);
  std::memcpy(to, bytes.data(), bytes.size());
  return {to, bytes.size()};
}

void Arena::reset() {
  used_ = 0;
  if (blocks_.empty()) return;
  // The first block has the ordinary size unless it was made for one huge request.
  blocks_.resize(1);
  if (blocks_.front().size > block_bytes_) blocks_.clear();
  held_bytes_ = blocks_.empty() ? 0 : blocks_.front().size;
}

}  // namespace siploom
