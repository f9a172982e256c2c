#include "intake/block_pool.h"

#include <mutex>
#include <vector>

namespace siploom::intake {

struct BlockPool::Core {
  mutable std::mutex mutex;
  std::vector<std::unique_ptr<uint8_t[]>> spare;

  void give_back(uint8_t* block) {
    std::unique_ptr<uint8_t[]> owned(block);
    const std::lock_guard lock(mutex);
    if (spare.size() < kMaxSpare) spare.push_back(std::move(owned));
  }
};

BlockPool::BlockPool() : core_(std::make_shared<Core>()) { core_->spare.reserve(kMaxSpare); }
BlockPool::~BlockPool() = default;

std::shared_ptr<uint8_t[]> BlockPool::take() {
  std::unique_ptr<uint8_t[]> block;
  {
    const std::lock_guard lock(core_->mutex);
    if (!core_->spare.empty()) {
      block = std::move(core_->spare.back());
      core_->spare.pop_back();
    }
  }
  if (block == nullptr) block.reset(new uint8_t[kBlockBytes]);
  return {block.release(), [core = core_](uint8_t* done) { core->give_back(done); }};
}

size_t BlockPool::spare_count() const {
  const std::lock_guard lock(core_->mutex);
  return core_->spare.size();
}

}  // namespace siploom::intake
