// Workers: threads that take jobs from one bounded queue. Any thread submits. (Inside the room.)
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace siploom::http {

class Workers final {
 public:
  Workers(size_t threads, size_t waiting_max);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False when too many wait or the workers stop. A job must not throw.
  bool submit(std::function<void()> job);
  // What waits is run; comes back when all is done.
  void stop();
  size_t waiting() const;

 private:
  void run();

  const size_t waiting_max_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::function<void()>> jobs_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace siploom::http
