// EventStream: server-sent events (HTML Living Standard 9.2) to one client. Any thread pushes,
// nobody blocks, no thread is kept: what a slow client cannot take is dropped, counted and told.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/body_source.h"

namespace siploom::http {

constexpr size_t kEventsQueuedMax = 512;
constexpr size_t kEventBytesQueuedMax = 256 * 1024;

struct Event {
  std::string name;  // "" is "message"
  std::string data;  // any text; its lines are sent as lines
  std::string id;    // what a client that comes again gives as Last-Event-ID
};

// All members may be called from any thread.
class EventStream final : public BodySource {
 public:
  static std::shared_ptr<EventStream> make(size_t events_max = kEventsQueuedMax,
                                           size_t bytes_max = kEventBytesQueuedMax);

  // False when the event was dropped (the queue is full) or the stream is closed. The client finds
  // an event "dropped" with {"dropped":N} behind those that were queued before.
  bool push(const Event& event);
  // Ends the response once what is queued has been sent.
  void close();
  bool is_closed() const;
  uint64_t dropped() const;  // in all
  // Called once, when the client has gone or the stream was closed, on the thread that noticed; at
  // once when that is so already. It must not block.
  void on_close(std::function<void()> closed);

  // For the server.
  void attach(std::function<void()> wake) override;
  Taken take(std::string& out) override;
  void detach() override;
  void stop() override { close(); }

 private:
  EventStream(size_t events_max, size_t bytes_max)
      : events_max_(events_max), bytes_max_(bytes_max) {}
  void end(bool gone);
  void wake_locked();

  const size_t events_max_, bytes_max_;
  mutable std::mutex mutex_;
  std::deque<std::string> queue_;
  size_t queued_bytes_ = 0;
  uint64_t dropped_ = 0, untold_ = 0;
  std::function<void()> wake_, closed_;
  bool armed_ = true, ended_ = false, gone_ = false;
};

}  // namespace siploom::http
