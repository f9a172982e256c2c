#include "api/limits.h"

#include <algorithm>
#include <utility>

namespace siploom::api {

std::shared_ptr<void> Slots::take(int64_t key, size_t most) {
  {
    const std::lock_guard lock(mutex_);
    if (taken_[key] >= most) {
      ++refused_;
      return nullptr;
    }
    ++taken_[key];
    ++sum_;
  }
  return {static_cast<void*>(this),
          [key](void* self) { static_cast<Slots*>(self)->give_back(key); }};
}

void Slots::give_back(int64_t key) {
  const std::lock_guard lock(mutex_);
  const auto known = taken_.find(key);
  --sum_;
  if (--known->second == 0) taken_.erase(known);
}

size_t Slots::taken() const {
  const std::lock_guard lock(mutex_);
  return sum_;
}

uint64_t Slots::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

std::optional<Nanoseconds> RateLimits::take(const std::string& key, double per_second,
                                            Timestamp now) {
  const double most = std::max(1.0, per_second * 2);
  const std::lock_guard lock(mutex_);
  auto known = buckets_.find(key);
  if (known == buckets_.end()) {
    if (by_use_.size() >= kMaxKeys) {
      buckets_.erase(by_use_.back().key);
      by_use_.pop_back();
    }
    by_use_.push_front({key, most, now});
    known = buckets_.emplace(key, by_use_.begin()).first;
  } else {
    by_use_.splice(by_use_.begin(), by_use_, known->second);
  }
  Bucket& bucket = *known->second;
  const auto passed = static_cast<double>(std::max<Nanoseconds>(0, now - bucket.filled));
  bucket.left = std::min(most, bucket.left + passed / 1e9 * per_second);
  bucket.filled = now;
  if (bucket.left >= 1) {
    bucket.left -= 1;
    return std::nullopt;
  }
  ++refused_;
  return static_cast<Nanoseconds>((1 - bucket.left) / per_second * 1e9);
}

uint64_t RateLimits::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace siploom::api
