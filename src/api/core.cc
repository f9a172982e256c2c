#include "api/core.h"

#include <algorithm>
#include <filesystem>

#include "base/json_writer.h"
#include "base/thread_name.h"

namespace siploom::api {

using registry::SettingId;

namespace {

constexpr auto kHouseEvery = std::chrono::seconds(1);
constexpr int kPurgeEvery = 600;  // times of these

}  // namespace

void Streams::forget_closed() {
  std::erase_if(open_, [&](const Open& each) {
    if (!each.stream->is_closed()) return false;
    dropped_ += each.stream->dropped();
    return true;
  });
}

void Streams::add(const std::shared_ptr<http::EventStream>& stream, bool state_changes) {
  const std::lock_guard lock(mutex_);
  forget_closed();
  open_.push_back({stream, state_changes});
  if (closed_) stream->close();
}

void Streams::push(const http::Event& event) {
  const std::lock_guard lock(mutex_);
  forget_closed();
  for (const Open& each : open_) {
    if (each.state_changes) each.stream->push(event);
  }
}

void Streams::close_all() {
  std::vector<Open> open;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    open = open_;
  }
  // Outside of the lock: closing calls back.
  for (const Open& each : open) each.stream->close();
}

size_t Streams::open() const {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::count_if(
      open_.begin(), open_.end(), [](const Open& each) { return !each.stream->is_closed(); }));
}

uint64_t Streams::dropped() const {
  const std::lock_guard lock(mutex_);
  uint64_t sum = dropped_;
  for (const Open& each : open_) sum += each.stream->dropped();
  return sum;
}

std::string health_json(const pipeline::Collector& collector) {
  const pipeline::Health health = collector.health();
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("ready", health.ready);
  json.field("state", health.state);
  json.field("why", health.why);
  json.end_object();
  return out;
}

namespace {

// Uploads that an earlier process did not come to.
void remove_leftovers(const std::string& folder) {
  std::error_code code;
  for (std::filesystem::directory_iterator at(folder, code), end; !code && at != end;
       at.increment(code)) {
    std::error_code ignored;
    if (at->path().filename().string().starts_with(kUploadPrefix)) {
      std::filesystem::remove(at->path(), ignored);
    }
  }
}

}  // namespace

Core::Core(ApiContext given)
    : context(std::move(given)), jobs(context.clock), started(context.clock()) {
  remove_leftovers(context.spool_folder);
  last_state_ = health_json(context.collector);
  house_ = std::thread([this] { keep_house(); });
}

Core::~Core() { stop(); }

void Core::tell_state() {
  std::string state = health_json(context.collector);
  if (state == last_state_) return;
  last_state_ = std::move(state);
  streams.push({"state", last_state_, ""});
}

void Core::keep_house() {
  name_thread("siploom-sweep");
  std::unique_lock lock(mutex_);
  for (int round = 0; !stopping_; ++round) {
    wake_.wait_for(lock, kHouseEvery, [this] { return stopping_; });
    lock.unlock();
    standings.look(context.stores);  // before anything more is told
    tell_state();
    static_cast<void>(context.stores.audit.flush_audit());  // it is tried again, and counted
    if (round % kPurgeEvery == kPurgeEvery - 1) {
      static_cast<void>(context.stores.sessions.purge());
      const auto age = context.stores.settings.snapshot()->duration(SettingId::RetentionAuditAge);
      static_cast<void>(context.stores.audit.remove_older_than(context.clock() + -age));
    }
    lock.lock();
  }
}

void Core::stop() {
  streams.close_all();
  jobs.stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (house_.joinable()) house_.join();
  static_cast<void>(context.stores.audit.flush_audit());
}

}  // namespace siploom::api
