// Batch: the rows that are not sealed yet, in memory, in the order of coming in, each list by
// table. One writer appends; any number of readers scan what was there when they began (a Snapshot
// holds the batch by shared_ptr). Rows never move.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/huge_pages.h"
#include "base/time.h"
#include "store/entry.h"

namespace siploom::store {

// Entries of one table in order: an append-only list of pointers in steps that never move.
class EntryList final {
 public:
  size_t size() const { return size_.load(std::memory_order_acquire); }
  const EntryHead* operator[](size_t i) const { return (*steps_[i / kStep])[i % kStep]; }
  // False: full.
  bool push(const EntryHead* entry);

 private:
  static constexpr size_t kStep = 8192, kSteps = 128;  // a million rows a batch
  using Step = std::array<const EntryHead*, kStep>;
  std::array<std::unique_ptr<Step>, kSteps> steps_;
  std::atomic<size_t> size_{0};
};

// Blocks of batches that are over, for those to come: fresh memory costs more than filling it. Any
// thread.
class BlockPool final {
 public:
  static constexpr size_t kBlockBytes = 2 * kHugePage;
  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  uint8_t* take();
  void give(uint8_t* block);
  // Back to the system goes what nobody needed since the last time.
  void trim();

 private:
  std::mutex mutex_;
  std::vector<uint8_t*> free_;
  size_t fewest_ = 0;  // there were, since the last trim()
};

class Batch final {
 public:
  explicit Batch(uint64_t log_number, std::shared_ptr<BlockPool> pool = nullptr)
      : log_number_(log_number),
        pool_(pool == nullptr ? std::make_shared<BlockPool>() : std::move(pool)) {}
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Copies whole entries (as EntryWriter put them together) behind the others; they may be read at
  // once. Gives where they stand now. Empty: the batch is full.
  ByteSpan append(ByteSpan entries);
  // The one list of a table.
  const EntryList& rows(Table table) const { return lists_[index(table)]; }
  EntryList& rows(Table table) { return lists_[index(table)]; }

  uint64_t log_number() const { return log_number_; }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  size_t row_count() const;
  bool is_empty() const { return bytes() == 0; }

  static constexpr size_t kMaxBytes = size_t{768} << 20;

 private:
  static size_t index(Table table) { return static_cast<size_t>(table) - 1; }
  struct Block {
    uint8_t* bytes;
    size_t size, used = 0;
  };
  void add_block(size_t least);

  uint64_t log_number_;
  std::shared_ptr<BlockPool> pool_;
  std::vector<Block> blocks_;
  std::array<EntryList, 4> lists_;
  std::atomic<size_t> bytes_{0};
};

// Calls fn(entry) with each whole entry in `entries`, which begins at one; stops at the first that
// is none and gives how far it came.
template <class Fn>
size_t for_each_entry(ByteSpan entries, Fn&& fn) {
  size_t at = 0;
  while (at < entries.size()) {
    size_t size = 0;
    if (!is_entry(entries.subspan(at), size)) break;
    fn(entries.subspan(at, size));
    at += size;
  }
  return at;
}

}  // namespace siploom::store
