// Jobs: captures that were uploaded, read into the store one after the other on one thread.
// Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace siploom::api {

enum class JobState : uint8_t { Waiting, Running, Done, Failed, Cancelled };
std::string_view job_state_name(JobState state);  // "waiting", ...

struct Job {
  int64_t id = 0;
  std::string kind = "import", name;  // name: what the upload is called
  int64_t owner_id = 0;
  std::string owner;
  JobState state = JobState::Waiting;
  std::string error;
  Timestamp made = kNoTime, began = kNoTime, ended = kNoTime;
  uint64_t bytes = 0, bytes_read = 0, records = 0, calls = 0;
};

// What a job is given to report to, and to be stopped by.
struct JobProgress {
  const std::atomic<bool>& stop;
  std::function<void(uint64_t bytes_read)> read;
};
struct JobDone {
  uint64_t records = 0, calls = 0;
};

class Jobs final {
 public:
  using Work = std::function<Result<JobDone>(const JobProgress&)>;
  static constexpr size_t kMaxWaiting = 16, kMaxKept = 200;  // kept: those that are over

  explicit Jobs(std::function<Timestamp()> clock) : clock_(std::move(clock)) {}
  ~Jobs() { stop(); }

  // The job as it waits. LimitExceeded: too many wait. `cleanup` is called once it is over.
  Result<Job> add(Job job, Work work, std::function<void()> cleanup);
  // Newest first; `owner`: only this user's.
  std::vector<Job> list(std::optional<int64_t> owner) const;
  Result<Job> get(int64_t id, std::optional<int64_t> owner) const;  // NotFound
  Result<Job> cancel(int64_t id, std::optional<int64_t> owner);
  // Cancels all of them and waits for the one that runs.
  void stop();

 private:
  struct Kept {
    Job job;
    Work work;
    std::function<void()> cleanup;
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> bytes_read{0};
  };
  static Job seen(const Kept& kept);
  std::shared_ptr<Kept> find(int64_t id, std::optional<int64_t> owner) const;
  void run();
  void finish(Kept& kept, const Result<JobDone>& result);

  std::function<Timestamp()> clock_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Kept>> all_;  // oldest first
  int64_t next_id_ = 1;
  bool stopping_ = false;
  std::thread thread_;  // begun with the first job
};

}  // namespace siploom::api
