// Large tables that are read at random cost a TLB miss each time; on huge pages they mostly do not.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace siploom {

constexpr size_t kHugePage = 2u << 20;

// For std::vector: what has a huge page's size or more asks the system for such pages.
template <class T>
struct HugePages {
  using value_type = T;
  HugePages() = default;
  template <class U>
  explicit HugePages(const HugePages<U>&) {}

  T* allocate(size_t count) {
    const size_t bytes = count * sizeof(T);
    if (bytes < kHugePage) return std::allocator<T>().allocate(count);
    void* p = std::aligned_alloc(kHugePage, (bytes + kHugePage - 1) / kHugePage * kHugePage);
    if (p == nullptr) throw std::bad_alloc();
    // Without huge pages the memory is as good, only slower.
    static_cast<void>(::madvise(p, bytes, MADV_HUGEPAGE));
    return static_cast<T*>(p);
  }
  void deallocate(T* p, size_t count) {
    if (count * sizeof(T) < kHugePage) return std::allocator<T>().deallocate(p, count);
    std::free(p);
  }
  bool operator==(const HugePages&) const { return true; }
};

// Rows whose addresses stay, many to a chunk. Only grows.
template <class T>
class StableRows final {
 public:
  T& operator[](size_t i) { return chunks_[i / kRows][i % kRows]; }
  const T& operator[](size_t i) const { return chunks_[i / kRows][i % kRows]; }
  size_t size() const { return size_; }
  T& add() {
    if (size_ == chunks_.size() * kRows) chunks_.emplace_back().reserve(kRows);
    ++size_;
    return chunks_.back().emplace_back();
  }

 private:
  static constexpr size_t kRows = kHugePage / sizeof(T) + 1;
  std::vector<std::vector<T, HugePages<T>>> chunks_;
  size_t size_ = 0;
};

}  // namespace siploom
