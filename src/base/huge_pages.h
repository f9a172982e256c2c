// Large tables that are read at random cost a TLB miss each time; on huge pages they mostly do not.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace siploom {

constexpr size_t kHugePage = 2u << 20;

#if defined(__has_feature)
#define SL_HAS_FEATURE(x) __has_feature(x)
#else
#define SL_HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || SL_HAS_FEATURE(address_sanitizer)
// What malloc does not know is not looked over, nor searched for pointers.
inline void* map_huge(size_t bytes) { return ::operator new(bytes, std::align_val_t(kHugePage)); }
inline void unmap_huge(void* p, size_t) { ::operator delete(p, std::align_val_t(kHugePage)); }
#else
// From the system and back to it: malloc keeps what lies between smaller pieces.
inline void* map_huge(size_t bytes) {
  const size_t page = size_t{1} << 12;
  const size_t size = (bytes + page - 1) / page * page;
  void* const mapped =
      ::mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const from = static_cast<char*>(mapped);
  const size_t before = (kHugePage - reinterpret_cast<uintptr_t>(from) % kHugePage) % kHugePage;
  if (before != 0) ::munmap(from, before);
  ::munmap(from + before + size, kHugePage - before);
  // Without huge pages the memory is as good, only slower.
  static_cast<void>(::madvise(from + before, size, MADV_HUGEPAGE));
  return from + before;
}
inline void unmap_huge(void* p, size_t bytes) { ::munmap(p, bytes); }
#endif

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
    return static_cast<T*>(map_huge(bytes));
  }
  void deallocate(T* p, size_t count) {
    const size_t bytes = count * sizeof(T);
    if (bytes < kHugePage) return std::allocator<T>().deallocate(p, count);
    unmap_huge(p, bytes);
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
