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

size_t Batch::row_count() const {
  size_t sum = 0;
  for (const EntryList& list : lists_) sum += list.size();
  return sum;
}

ByteSpan Batch::append(ByteSpan entries) {
  if (entries.empty() || bytes() + entries.size() > kMaxBytes) return {};
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < entries.size()) {
    blocks_.emplace_back(std::max(kBlockBytes, entries.size()));
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
