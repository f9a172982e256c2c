// HashSet: a set of 64-bit hashes in one array, at most 3/4 full. Counts distinct keys at 11 to 21
// octets each.
#pragma once

#include <cstdint>
#include <vector>

namespace siploom {

class HashSet final {
 public:
  // True when the hash was not there.
  bool insert(uint64_t hash) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    if (hash == 0) hash = 1;
    for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
      if (slots_[i] == hash) return false;
      if (slots_[i] == 0) {
        slots_[i] = hash;
        ++size_;
        return true;
      }
    }
  }
  bool contains(uint64_t hash) const {
    if (slots_.empty()) return false;
    if (hash == 0) hash = 1;
    for (size_t i = hash & mask_; slots_[i] != 0; i = (i + 1) & mask_) {
      if (slots_[i] == hash) return true;
    }
    return false;
  }
  size_t size() const { return size_; }
  template <class Fn>
  void for_each(Fn&& fn) const {
    for (const uint64_t hash : slots_) {
      if (hash != 0) fn(hash);
    }
  }

 private:
  void grow() {
    std::vector<uint64_t> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    size_ = 0;
    for (const uint64_t hash : old) {
      if (hash != 0) insert(hash);
    }
  }

  std::vector<uint64_t> slots_;
  size_t mask_ = 0;
  size_t size_ = 0;
};

}  // namespace siploom
