// Core: what all handlers share. Made with the Api, kept by its routes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/api.h"
#include "api/jobs.h"
#include "api/limits.h"
#include "api/meters.h"
#include "api/standing.h"
#include "http/event_stream.h"

namespace siploom::api {

constexpr std::string_view kUploadPrefix = "import-";  // of files in the spool folder

// Event streams that are open: to be closed when the server stops, and told of state changes.
class Streams final {
 public:
  void add(const std::shared_ptr<http::EventStream>& stream, bool state_changes);
  void push(const http::Event& event);  // to those that asked for state changes
  void close_all();
  size_t open() const;
  uint64_t dropped() const;

 private:
  void forget_closed();
  struct Open {
    std::shared_ptr<http::EventStream> stream;
    bool state_changes = false;
  };
  mutable std::mutex mutex_;
  std::vector<Open> open_;
  uint64_t dropped_ = 0;  // of those that are gone
  bool closed_ = false;
};

struct Core final {
  explicit Core(ApiContext given);
  ~Core();

  ApiContext context;
  Slots searches, tails;
  RateLimits rates;
  Streams streams;
  Standings standings;
  Meters requests;
  Jobs jobs;
  Timestamp started;

  void stop();
  // What went wrong with a search may be a damaged file.
  void doubt(const Error& error) const { context.collector.upkeep().doubt(error); }

 private:
  void keep_house();
  void tell_state();
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::string last_state_;
  std::thread house_;
};

// {"state":..., "ready":..., "why":...}
std::string health_json(const pipeline::Collector& collector);

}  // namespace siploom::api
