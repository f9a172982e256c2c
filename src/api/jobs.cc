#include "api/jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/thread_name.h"

namespace siploom::api {

std::string_view job_state_name(JobState state) {
  constexpr std::array<std::string_view, 5> kNames = {"waiting", "running", "done", "failed",
                                                      "cancelled"};
  return kNames[static_cast<size_t>(state)];
}

namespace {

tl::unexpected<Error> no_job(int64_t id) {
  return fail(ErrorCode::NotFound, fmt::format("no job has the id {}", id));
}
bool is_over(JobState state) { return state != JobState::Waiting && state != JobState::Running; }

}  // namespace

Job Jobs::seen(const Kept& kept) {
  Job job = kept.job;
  job.bytes_read = std::min(kept.bytes_read.load(), job.bytes);
  return job;
}

Result<Job> Jobs::add(Job job, Work work, std::function<void()> cleanup) {
  const std::lock_guard lock(mutex_);
  const auto waiting = std::count_if(all_.begin(), all_.end(), [](const auto& kept) {
    return kept->job.state == JobState::Waiting;
  });
  if (stopping_ || static_cast<size_t>(waiting) >= kMaxWaiting) {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("{} uploads wait already; try again when some are done", waiting));
  }
  // What is over for longest makes room.
  while (all_.size() >= kMaxKept + kMaxWaiting && is_over(all_.front()->job.state)) {
    all_.pop_front();
  }
  auto kept = std::make_shared<Kept>();
  job.id = next_id_++;
  job.made = clock_();
  kept->job = std::move(job);
  kept->work = std::move(work);
  kept->cleanup = std::move(cleanup);
  all_.push_back(kept);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  wake_.notify_all();
  return seen(*kept);
}

std::vector<Job> Jobs::list(std::optional<int64_t> owner) const {
  const std::lock_guard lock(mutex_);
  std::vector<Job> out;
  for (auto kept = all_.rbegin(); kept != all_.rend(); ++kept) {
    if (!owner || (*kept)->job.owner_id == *owner) out.push_back(seen(**kept));
  }
  return out;
}

std::shared_ptr<Jobs::Kept> Jobs::find(int64_t id, std::optional<int64_t> owner) const {
  for (const auto& kept : all_) {
    if (kept->job.id == id && (!owner || kept->job.owner_id == *owner)) return kept;
  }
  return nullptr;
}

Result<Job> Jobs::get(int64_t id, std::optional<int64_t> owner) const {
  const std::lock_guard lock(mutex_);
  const auto kept = find(id, owner);
  if (kept == nullptr) return no_job(id);
  return seen(*kept);
}

Result<Job> Jobs::cancel(int64_t id, std::optional<int64_t> owner) {
  std::function<void()> cleanup;
  Job job;
  {
    const std::lock_guard lock(mutex_);
    const auto kept = find(id, owner);
    if (kept == nullptr) return no_job(id);
    kept->stop = true;
    if (kept->job.state == JobState::Waiting) {
      kept->job.state = JobState::Cancelled;
      kept->job.ended = clock_();
      cleanup = std::exchange(kept->cleanup, {});
      kept->work = {};
    }
    job = seen(*kept);
  }
  if (cleanup) cleanup();
  return job;
}

void Jobs::run() {
  name_thread("siploom-jobs");
  std::unique_lock lock(mutex_);
  while (true) {
    std::shared_ptr<Kept> next;
    wake_.wait(lock, [&] {
      const auto at = std::find_if(all_.begin(), all_.end(), [](const auto& kept) {
        return kept->job.state == JobState::Waiting;
      });
      next = at == all_.end() ? nullptr : *at;
      return stopping_ || next != nullptr;
    });
    if (next == nullptr) return;
    if (stopping_) next->stop = true;
    next->job.state = JobState::Running;
    next->job.began = clock_();
    lock.unlock();
    Result<JobDone> result = JobDone{};
    if (!next->stop) {
      result = next->work({next->stop, [&](uint64_t bytes) { next->bytes_read = bytes; }});
    }
    if (next->cleanup) next->cleanup();
    lock.lock();
    finish(*next, result);
  }
}

void Jobs::finish(Kept& kept, const Result<JobDone>& result) {
  kept.work = {};
  kept.cleanup = {};
  kept.job.ended = clock_();
  if (!result) {
    kept.job.state = JobState::Failed;
    kept.job.error = result.error().message;
    return;
  }
  kept.job.state = kept.stop ? JobState::Cancelled : JobState::Done;
  kept.job.records = result->records;
  kept.job.calls = result->calls;
  if (!kept.stop) kept.bytes_read = kept.job.bytes;
}

void Jobs::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& kept : all_) kept->stop = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace siploom::api
