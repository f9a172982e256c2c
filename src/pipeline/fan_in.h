// FanIn: several sources that never end (interfaces, the network intake) as one. Each is read by a
// thread of its own; batches wait in a short queue.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "capture/source.h"

namespace siploom::pipeline {

class FanIn final : public capture::Source {
 public:
  explicit FanIn(std::vector<std::unique_ptr<capture::Source>> sources);
  ~FanIn() override;

  // Ends with the error of the first source that fails.
  Result<bool> next(capture::FrameBatch& batch, size_t target_bytes) override;
  Result<bool> rest(capture::FrameBatch& batch) override;
  capture::SourceStats stats() const override;

 private:
  static constexpr size_t kMaxWaiting = 8;
  void read(size_t i);
  void hand_out(capture::FrameBatch& batch);

  std::vector<std::unique_ptr<capture::Source>> sources_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<capture::FrameBatch> waiting_;
  std::optional<Error> error_;
  std::atomic<size_t> target_bytes_{256 * 1024};
  uint64_t next_number_ = 1;
  size_t rest_asked_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace siploom::pipeline
