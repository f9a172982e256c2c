// FlatMap: open addressing with linear probing over a power of two of slots, at most 7/8 full.
// Hashes are the caller's (seeded: base/hash.h) and are kept, so that growing does not hash again.
// Pointers to values die at the next insert.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/huge_pages.h"

namespace siploom {

template <class Key, class Value>
class FlatMap final {
 public:
  struct Slot {
    uint64_t hash = 0;  // 0: empty
    Key key{};
    Value value{};
  };

  // The value under `key`, or null.
  Value* find(uint64_t hash, const Key& key) {
    if (slots_.empty()) return nullptr;
    hash = stored(hash);
    for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
      Slot& slot = slots_[i];
      if (slot.hash == 0) return nullptr;
      if (slot.hash == hash && slot.key == key) return &slot.value;
    }
  }
  const Value* find(uint64_t hash, const Key& key) const {
    return const_cast<FlatMap*>(this)->find(hash, key);
  }
  // The value under `key`, made by default if it was not there; `second` tells whether it is new.
  std::pair<Value*, bool> insert(uint64_t hash, const Key& key) {
    if ((size_ + 1) * 8 > slots_.size() * 7) grow();
    hash = stored(hash);
    for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
      Slot& slot = slots_[i];
      if (slot.hash == 0) {
        slot.hash = hash;
        slot.key = key;
        ++size_;
        return {&slot.value, true};
      }
      if (slot.hash == hash && slot.key == key) return {&slot.value, false};
    }
  }
  // Takes `key` out; later slots of the probe run move up, so that no tombstones are needed.
  bool erase(uint64_t hash, const Key& key) {
    if (slots_.empty()) return false;
    hash = stored(hash);
    size_t i = hash & mask_;
    while (slots_[i].hash != 0 && !(slots_[i].hash == hash && slots_[i].key == key))
      i = (i + 1) & mask_;
    if (slots_[i].hash == 0) return false;
    for (size_t next = (i + 1) & mask_; slots_[next].hash != 0; next = (next + 1) & mask_) {
      const size_t home = slots_[next].hash & mask_;
      // A slot may move into the hole only if its home does not lie behind the hole.
      if (((next - home) & mask_) < ((next - i) & mask_)) continue;
      slots_[i] = std::move(slots_[next]);
      i = next;
    }
    slots_[i] = Slot{};
    --size_;
    return true;
  }
  // Asks the processor for the slot of `hash` ahead of its use.
  void prefetch(uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[stored(hash) & mask_]);
  }
  // The slot where a search for `hash` begins, if it holds that hash: to prefetch what it names.
  const Slot* peek(uint64_t hash) const {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[stored(hash) & mask_];
    return slot.hash == stored(hash) ? &slot : nullptr;
  }
  template <class Fn>
  void for_each(Fn&& fn) {
    for (Slot& slot : slots_) {
      if (slot.hash != 0) fn(slot.key, slot.value);
    }
  }
  template <class Fn>
  void for_each(Fn&& fn) const {
    for (const Slot& slot : slots_) {
      if (slot.hash != 0) fn(slot.key, slot.value);
    }
  }
  void clear() {
    slots_.clear();
    size_ = mask_ = 0;
  }
  // Empty, but for memory of as many values as it had, for those who will fill it again.
  void wipe() {
    size_t slots = 16;
    while (size_ * 8 > slots * 7) slots *= 2;
    if (slots_.size() > 2 * slots) {
      slots_ = Slots(slots);
    } else {
      std::fill(slots_.begin(), slots_.end(), Slot{});
    }
    mask_ = slots_.empty() ? 0 : slots_.size() - 1;
    size_ = 0;
  }
  void reserve(size_t count) {
    while (count * 8 > slots_.size() * 7) grow();
  }
  size_t size() const { return size_; }
  size_t memory_bytes() const { return slots_.size() * sizeof(Slot); }

 private:
  using Slots = std::vector<Slot, HugePages<Slot>>;
  static uint64_t stored(uint64_t hash) { return hash == 0 ? 1 : hash; }
  void grow() {
    Slots old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (Slot& slot : old) {
      if (slot.hash == 0) continue;
      size_t i = slot.hash & mask_;
      while (slots_[i].hash != 0) i = (i + 1) & mask_;
      slots_[i] = std::move(slot);
    }
  }

  Slots slots_;
  size_t mask_ = 0;
  size_t size_ = 0;
};

}  // namespace siploom
