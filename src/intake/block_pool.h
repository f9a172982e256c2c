// BlockPool: large buffers for frames, used again once the last batch that points into one lets go
// of it, on whatever thread that is. Blocks may outlive the pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace siploom::intake {

class BlockPool final {
 public:
  static constexpr size_t kBlockBytes = 1u << 20;
  static constexpr size_t kMaxSpare = 32;  // kept for later; more go back to the system

  BlockPool();
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  std::shared_ptr<uint8_t[]> take();
  size_t spare_count() const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace siploom::intake
