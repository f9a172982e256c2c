// Arena: bytes that die together. One thread; addresses stay until reset() or the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace siploom {

class Arena final {
 public:
  explicit Arena(size_t block_bytes = 64 * 1024) : block_bytes_(block_bytes) {}

  uint8_t* allocate(size_t size, size_t alignment = 8);
  ByteSpan copy(ByteSpan bytes);
  std::string_view copy(std::string_view text) { return as_text(copy(as_bytes(text))); }
  // Forgets everything but keeps one block for the next round.
  void reset();
  // What the arena holds from the system.
  size_t memory_bytes() const { return held_bytes_; }

 private:
  struct Block {
    std::unique_ptr<uint8_t[]> bytes;
    size_t size = 0;
  };
  std::vector<Block> blocks_;
  size_t block_bytes_;
  size_t used_ = 0;  // in the last block
  size_t held_bytes_ = 0;
};

}  // namespace siploom
