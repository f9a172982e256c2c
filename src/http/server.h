// Server: HTTP/1.1 and HTTPS (RFC 9110, 9112) for an API, its streams and its web interface.
//
// Threads: one for all input and output, ServerOptions::threads for handlers, stream_threads for
// StreamWriters, one that writes uploads to disk. Handlers, middleware and stream functions run on
// many of these at once; the hooks of ServerOptions say where they run. Everything that is public
// here may be called from any thread, stop() not from a handler.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/net.h"
#include "base/result.h"
#include "base/time.h"
#include "http/policy.h"
#include "http/router.h"

namespace siploom::http {

struct ServerLimits {
  uint32_t header_bytes = 16 * 1024;  // 431 beyond
  size_t header_count = 100;
  size_t target_bytes = 8 * 1024;        // 414
  size_t connections = 4096;             // closed at once beyond
  size_t connections_per_address = 512;  // an IPv6 /64 counts as one address
  size_t requests_waiting = 256;         // for a handler's thread; 503 beyond
  size_t streams_waiting = 64;           // for a stream's thread
  uint32_t requests_per_connection = 10'000;
  uint64_t buffered_body_bytes = 256u << 20;  // of all requests together; 503 beyond
  Nanoseconds header_timeout = 10 * kSecond;  // TLS handshake, and a whole header (slowloris)
  Nanoseconds idle_timeout = 60 * kSecond;    // between requests
  Nanoseconds body_grace = 10 * kSecond;      // a body may take this long and ...
  uint64_t body_rate_min = 1024;              // ... a second for each so many octets; 408 beyond
  Nanoseconds write_stall = 30 * kSecond;     // a client that takes nothing for so long
  Nanoseconds heartbeat = 15 * kSecond;       // comment on silent event streams
  Nanoseconds linger = 2 * kSecond;           // for the client to read a last answer
};

struct FinishedRequest {
  const Request& request;    // body and context are still there
  std::string_view pattern;  // of the route, or ""
  int status = 0;            // 499: the client went before there was an answer
  int64_t duration_us = 0;
  uint64_t bytes_sent = 0;  // on the wire, without TLS
  bool complete = false;    // all of the answer was handed to the system
};

struct ServerOptions {
  std::vector<Endpoint> listen;  // port 0: any that is free
  // PEM files; both or none. With TLS, plain HTTP on the same port is answered with a redirect.
  std::string certificate_file, key_file;
  size_t threads = 4;
  size_t stream_threads = 4;
  ServerLimits limits;
  Policy policy;
  std::string spool_folder;  // for routes that spool; must exist
  // For the operator; any thread, must not block.
  std::function<void(std::string_view)> notice;
  // After each request, also a failed one. On the I/O thread: quick, or it holds up everybody.
  std::function<void(const FinishedRequest&)> finished;
};

struct ServerCounters {
  uint64_t connections_now = 0, connections_total = 0;
  uint64_t connections_refused = 0;  // over a limit
  uint64_t tls_failures = 0;
  uint64_t requests = 0;
  std::array<uint64_t, 6> by_class{};  // [2]: answers 2xx
  uint64_t abandoned = 0;              // the client went before all was sent
  uint64_t malformed = 0;
  uint64_t busy = 0;              // answered 503: too much is waiting
  uint64_t timeouts = 0;          // handshakes, headers, bodies, answers not taken
  uint64_t callbacks_failed = 0;  // handlers and hooks that threw
  uint64_t streams_now = 0;       // both kinds
  uint64_t requests_waiting = 0;
  uint64_t bytes_received = 0, bytes_sent = 0;  // without TLS
};

class Server final {
 public:
  // Listens and serves when it comes back. Errors name the address or file and what to do.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Router router);
  ~Server();  // stop(0)
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // As listened at, with the ports that were found.
  const std::vector<Endpoint>& endpoints() const;
  const Router& router() const;
  ServerCounters counters() const;
  // Reads certificate and key again; connections from now on use them. When they are no good the
  // old ones stay.
  Result<void> reload_certificate();
  // Stops listening, ends streams, lets requests under way finish for `grace`, then closes all. A
  // handler that does not return holds this up.
  void stop(Nanoseconds grace);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace siploom::http
