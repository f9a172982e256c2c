// Loop, Listener, Socket: asynchronous TCP and TLS, over Boost.Asio. All of it belongs to the
// thread that runs the loop, but for Loop::post and Loop::stop. Callbacks run on that thread and
// never inside the call that was given them. (Inside the room.)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/net.h"
#include "base/result.h"
#include "base/time.h"
#include "http/tls.h"

namespace siploom::http {

class Loop final {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until finish() was called and nothing is left to do. Gives how often a callback threw, which
  // only libraries do, when memory is short.
  uint64_t run();
  // One callback, or the time is up: false then.
  bool run_one(Nanoseconds at_most);
  void finish();
  void post(std::function<void()> task);  // any thread
  // Again and again until finish().
  void every(Nanoseconds period, std::function<void()> task);
  // A clock that only goes forward; any thread.
  static Nanoseconds now();

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

class Socket final {
 public:
  // No octets: the end of the stream, or it is broken. These are good during the call only.
  using OnRead = std::function<void(std::string_view bytes)>;
  using OnDone = std::function<void(bool ok)>;

  struct State;
  explicit Socket(std::shared_ptr<State> state);
  ~Socket();  // closes
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // `done` gets "" or why not.
  static std::unique_ptr<Socket> connect(Loop& loop, const Endpoint& to,
                                         std::function<void(std::string why)> done);

  // One read and one write at a time.
  void read(OnRead done);
  // All of `bytes`, which must stay until then.
  void write(std::string_view bytes, OnDone done);
  // As a server: `already_read` is the beginning of the client's hello.
  void accept_tls(const TlsContext& tls, std::string_view already_read, OnDone done);
  void connect_tls(const TlsContext& tls, std::function<void(ssl_st*)> prepare, OnDone done);
  ssl_st* ssl() const;
  // Says that no more is sent, when everything is; reading goes on.
  void end_writing();
  // What is under way is called back with failure.
  void close();

  Endpoint peer() const;
  Endpoint local() const;

 private:
  std::shared_ptr<State> state_;
};

class Listener final {
 public:
  using OnAccept = std::function<void(std::unique_ptr<Socket>)>;

  // Errors name the address and what to do.
  static Result<std::unique_ptr<Listener>> open(Loop& loop, const Endpoint& at, OnAccept accepted);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  Endpoint endpoint() const;
  // After accepting failed for want of descriptors; harmless otherwise.
  void resume();
  void close();

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace siploom::http
