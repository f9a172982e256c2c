#include "store/batch.h"

#include <algorithm>

namespace siploom::store {

bool EntryList::push(const EntryHead* entry) {
  const size_t at = size_.load(std::memory_order_relaxed);
  if (at / kStep >= kSteps) return false;
  auto& step = steps_[at / kStep];
  if (step == nullptr) step = std::make_unique_for_overwrite<Step>();
  (*step)[at % kStep] = entry;
  size_.store(at + 1, std::memory_order_release);
  return true;
}

BlockPool::~BlockPool() {
  for (uint8_t* block : free_) unmap_huge(block, kBlockBytes);
}

uint8_t* BlockPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      uint8_t* block = free_.back();
      free_.pop_back();
      fewest_ = std::min(fewest_, free_.size());
      return block;
    }
  }
  return static_cast<uint8_t*>(map_huge(kBlockBytes));
}

void BlockPool::give(uint8_t* block) {
  const std::lock_guard lock(mutex_);
  free_.push_back(block);
}

void BlockPool::trim() {
  std::vector<uint8_t*> unused;
  {
    const std::lock_guard lock(mutex_);
    const auto from = free_.end() - static_cast<ptrdiff_t>(fewest_);
    unused.assign(from, free_.end());
    free_.erase(from, free_.end());
    fewest_ = free_.size();
  }
  for (uint8_t* block : unused) unmap_huge(block, kBlockBytes);
}

Batch::~Batch() {
  for (const Block& block : blocks_) {
    if (block.size == BlockPool::kBlockBytes) {
      pool_->give(block.bytes);
    } else {
      unmap_huge(block.bytes, block.size);
    }
  }
}

void Batch::add_block(size_t least) {
  constexpr size_t kUsual = BlockPool::kBlockBytes;
  if (least <= kUsual) {
    blocks_.push_back({pool_->take(), kUsual});
  } else {
    blocks_.push_back({static_cast<uint8_t*>(map_huge(least)), least});
  }
}

size_t Batch::row_count() const {
  size_t sum = 0;
  for (const EntryList& list : lists_) sum += list.size();
  return sum;
}

ByteSpan Batch::append(ByteSpan entries) {
  if (entries.empty() || bytes() + entries.size() > kMaxBytes) return {};
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < entries.size()) {
    add_block(entries.size());
  }
  Block& block = blocks_.back();
  uint8_t* to = block.bytes + block.used;
  std::memcpy(to, entries.data(), entries.size());
  block.used += entries.size();
  bytes_.store(bytes() + entries.size(), std::memory_order_relaxed);
  // Heads are trivially copyable and lie at multiples of 8: they are read where they stand.
  for (size_t at = 0; at < entries.size();) {
    const auto* head = reinterpret_cast<const EntryHead*>(to + at);
    if (!rows(head->table).push(head)) return {};
    at += head->size;
  }
  return {to, entries.size()};
}

}  // namespace siploom::store
