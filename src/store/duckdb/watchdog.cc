#include "store/duckdb/watchdog.h"

#include <duckdb.h>

namespace siploom::store {

namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(20);

}  // namespace

Watchdog::Watchdog() : thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Watchdog::Watch::Watch(Watchdog& dog, _duckdb_connection* connection, const QueryControl& control)
    : dog_(dog) {
  const std::lock_guard lock(dog_.mutex_);
  number_ = dog_.next_++;
  dog_.watched_.emplace(number_, Watched{connection, control});
  dog_.changed_.notify_all();
}

Watchdog::Watch::~Watch() {
  const std::lock_guard lock(dog_.mutex_);
  dog_.watched_.erase(number_);
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (watched_.empty()) {
      changed_.wait(lock);
      continue;
    }
    changed_.wait_for(lock, kLookEvery);
    for (const auto& [number, each] : watched_) {
      if (each.control.is_over()) duckdb_interrupt(each.connection);
    }
  }
}

}  // namespace siploom::store
