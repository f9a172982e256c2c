// ServerCore: what all connections of a server share. I/O thread only, but for what says otherwise.
// (Inside the room.)
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "http/io.h"
#include "http/server.h"
#include "http/workers.h"

namespace siploom::http {

class Connection;

// Written by the I/O thread (callbacks_failed: by all), read by any.
struct LiveCounters {
  using Count = std::atomic<uint64_t>;
  Count connections_now{0}, connections_total{0}, connections_refused{0}, tls_failures{0},
      requests{0}, abandoned{0}, malformed{0}, busy{0}, timeouts{0}, callbacks_failed{0},
      streams_now{0}, bytes_received{0}, bytes_sent{0};
  std::array<Count, 6> by_class{};
};

struct ServerCore {
  ServerCore(ServerOptions o, Router r)
      : options(std::move(o)),
        router(std::move(r)),
        handlers(options.threads, options.limits.requests_waiting),
        streams(options.stream_threads, options.limits.streams_waiting),
        disk(1, options.limits.connections) {}

  const ServerOptions options;  // any thread
  const Router router;          // any thread
  LiveCounters counters;        // any thread
  Loop loop;                    // post: any thread
  Workers handlers, streams, disk;

  // No connection is left: what still waits for a thread need not be done. Any thread.
  std::atomic<bool> closing{false};

  TlsContext tls;
  bool draining = false;
  uint64_t next_request_id = 1;
  uint64_t buffered_body_bytes = 0;
  Nanoseconds noticed_refusal = 0;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
  std::map<IpAddress, size_t> by_address;

  // For stop(), which waits on another thread.
  std::mutex empty_mutex;
  std::condition_variable empty_changed;
  bool is_empty = false;

  void accept(std::unique_ptr<Socket> socket);
  void remove(Connection& connection);
  void tick();
  void drain();
  void close_all();
  void notice(std::string_view text) const {
    if (options.notice) options.notice(text);
  }

 private:
  void note_empty();
};

}  // namespace siploom::http
