// Standing: whether who asked may still have what goes on being given: live tails, event streams,
// exports, long lists. The gate asks once; these are asked again every second. Thread-safe.
//
// An upload that was taken is read to its end: it was whole while the right stood, and whoever
// keeps the store can cancel the job.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "admin/permission.h"
#include "api/stores.h"

namespace siploom::api {

class Standing final {
 public:
  // `on_over`: called once, on the thread that looks; must not block.
  Standing(const admin::Identity& who, admin::Permission permission, std::function<void()> on_over)
      : who_(who), permission_(permission), on_over_(std::move(on_over)) {}
  bool is_over() const { return over_.load(std::memory_order_relaxed); }
  // Session or token has ended, its user is disabled or gone, or it may do less than it could.
  void look(Stores& stores);

 private:
  const admin::Identity who_;
  const admin::Permission permission_;
  const std::function<void()> on_over_;
  std::atomic<bool> over_{false};
};

// Those that are under way; as many as there are slots for tails and threads for streams.
class Standings final {
 public:
  // Looked at for as long as the caller keeps it.
  std::shared_ptr<Standing> add(const admin::Identity& who, admin::Permission permission,
                                std::function<void()> on_over = {});
  void look(Stores& stores);

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<Standing>> all_;
};

}  // namespace siploom::api
