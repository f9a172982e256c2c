// Limits on what one user or address may do at once and a second. Thread-safe.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/time.h"

namespace siploom::api {

// How many of something each key has at the moment.
class Slots final {
 public:
  // As long as the handle lives; null: there are `most` already. The Slots must outlive it.
  std::shared_ptr<void> take(int64_t key, size_t most);
  size_t taken() const;
  uint64_t refused() const;

 private:
  void give_back(int64_t key);
  mutable std::mutex mutex_;
  std::map<int64_t, size_t> taken_;
  size_t sum_ = 0;
  uint64_t refused_ = 0;
};

// A token bucket a key; the keys that were not seen for longest are forgotten first.
class RateLimits final {
 public:
  static constexpr size_t kMaxKeys = 16'384;
  // Nothing: go on; else how long to wait. A burst of two seconds' worth is let through.
  std::optional<Nanoseconds> take(const std::string& key, double per_second, Timestamp now);
  uint64_t refused() const;

 private:
  struct Bucket {
    std::string key;
    double left = 0;
    Timestamp filled{};
  };
  mutable std::mutex mutex_;
  std::list<Bucket> by_use_;  // latest first
  std::unordered_map<std::string, std::list<Bucket>::iterator> buckets_;
  uint64_t refused_ = 0;
};

}  // namespace siploom::api
