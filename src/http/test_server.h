// For tests: a server on a free port of the loopback, and a socket that says exactly what it is
// told.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/check.h"
#include "http/server.h"

namespace siploom::http::test {

inline ServerOptions loopback() {
  ServerOptions options;
  options.listen = {*parse_endpoint("127.0.0.1:0")};
  return options;
}

struct TestServer {
  explicit TestServer(Router router, ServerOptions options = loopback()) {
    auto started = Server::start(std::move(options), std::move(router));
    if (!started) MESSAGE(started.error().message);
    SL_CHECK(started);
    server = std::move(*started);
  }
  std::string url(std::string_view target, std::string_view scheme = "http") const {
    return std::string(scheme) + "://" + format_endpoint(server->endpoints()[0]) +
           std::string(target);
  }
  std::unique_ptr<Server> server;
};

// Until `condition` holds, at most five seconds; whether it came to hold.
template <class Condition>
bool eventually(Condition&& condition) {
  for (int i = 0; i < 2500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return condition();
}

class RawClient {
 public:
  explicit RawClient(const TestServer& server, int receive_buffer = 0) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server.server->endpoints()[0].port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SL_CHECK(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the server does not take it any more.
  bool say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void end_writing() { ::shutdown(fd_, SHUT_WR); }
  // What comes until `mark` is in it, the end, or five seconds of silence.
  std::string hear(std::string_view mark) {
    std::string out;
    for (size_t from = 0;;) {
      if (!mark.empty() && out.find(mark, from) != std::string::npos) return out;
      from = out.size() - std::min(out.size(), mark.size());
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, 5000) <= 0) return out + "(silence)";
      char block[65536];
      const ssize_t size = ::recv(fd_, block, sizeof block, 0);
      if (size <= 0) return out;
      out.append(block, static_cast<size_t>(size));
    }
  }
  std::string hear_all() { return hear(""); }
  std::string ask(std::string_view request, std::string_view mark) {
    say(request);
    return hear(mark);
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  // The system says RST in the place of FIN.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

 private:
  int fd_ = -1;
};

// A request as text.
inline std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n";
}

inline size_t count_of(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; at += what.size())
    ++count;
  return count;
}

inline bool has(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

}  // namespace siploom::http::test
