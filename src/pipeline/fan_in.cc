#include "pipeline/fan_in.h"

#include <utility>

#include "base/thread_name.h"

namespace siploom::pipeline {

namespace {

constexpr auto kPatience = std::chrono::milliseconds(100);

}  // namespace

FanIn::FanIn(std::vector<std::unique_ptr<capture::Source>> sources) : sources_(std::move(sources)) {
  for (size_t i = 0; i < sources_.size(); ++i) {
    threads_.emplace_back([this, i] { read(i); });
  }
}

FanIn::~FanIn() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void FanIn::read(size_t i) {
  name_thread("siploom-read");
  while (true) {
    capture::FrameBatch batch;
    const Result<bool> more = sources_[i]->next(batch, target_bytes_);
    std::unique_lock lock(mutex_);
    if (!more || !*more) {
      if (!more && !error_) error_ = more.error();
      changed_.notify_all();
      return;
    }
    if (!batch.frames.empty()) {
      changed_.wait(lock, [this] { return waiting_.size() < kMaxWaiting || stopping_; });
      waiting_.push_back(std::move(batch));
      changed_.notify_all();
    }
    if (stopping_) return;
  }
}

void FanIn::hand_out(capture::FrameBatch& batch) {
  batch.first_number = next_number_;
  next_number_ += batch.frames.size();
}

Result<bool> FanIn::next(capture::FrameBatch& batch, size_t target_bytes) {
  batch.clear();
  target_bytes_ = target_bytes;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [this] { return !waiting_.empty() || error_; });
  if (!waiting_.empty()) {
    batch = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
  } else if (error_) {
    return tl::unexpected<Error>(*error_);
  }
  hand_out(batch);
  return true;
}

// What waits here, then what the sources still hold.
Result<bool> FanIn::rest(capture::FrameBatch& batch) {
  batch.clear();
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  threads_.clear();
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) {
    batch = std::move(waiting_.front());
    waiting_.pop_front();
    hand_out(batch);
    return true;
  }
  while (rest_asked_ < sources_.size()) {
    const bool more = SL_TRY(sources_[rest_asked_]->rest(batch));
    if (more && !batch.frames.empty()) {
      hand_out(batch);
      return true;
    }
    ++rest_asked_;
  }
  return false;
}

capture::SourceStats FanIn::stats() const {
  capture::SourceStats sum;
  for (const auto& source : sources_) {
    const capture::SourceStats one = source->stats();
    sum.frames += one.frames;
    sum.bytes += one.bytes;
    sum.kernel_dropped += one.kernel_dropped;
    sum.warnings.insert(sum.warnings.end(), one.warnings.begin(), one.warnings.end());
  }
  return sum;
}

}  // namespace siploom::pipeline
