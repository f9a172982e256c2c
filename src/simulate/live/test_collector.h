// For tests: collectors on loopback, and a clock that does not sleep.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "simulate/live/clock.h"
#include "wire/hep/hep.h"
#include "wire/hep/stream_reader.h"

namespace siploom::simulate::live::test {

// Waiting moves it on at once, unless a socket is ready.
class TurnedClock final : public Clock {
 public:
  static constexpr Nanoseconds kBegin = 1'800'000'000 * kSecond;

  Timestamp wall() override { return {kBegin + now_}; }
  Nanoseconds monotonic() override { return now_; }
  void wait(std::span<pollfd> sockets, Nanoseconds at_most) override {
    if (on_wait) on_wait(now_);
    const bool ready = ::poll(sockets.data(), sockets.size(), 0) > 0;
    now_ += ready ? 10 * kMicrosecond : at_most;
  }
  std::function<void(Nanoseconds now)> on_wait;

 private:
  Nanoseconds now_ = 0;
};

// What a collector keeps of a message.
struct Kept {
  std::string bytes, payload, correlation_id, key, name;
  uint32_t agent_id = 0;
  uint8_t type = 0;
  Transport transport = Transport::Udp;
  Timestamp time;
  Endpoint src, dst;
};

class Collector {
 public:
  explicit Collector(int type) : type_(type) { bind_to(0); }
  ~Collector() { close_all(); }
  Collector(const Collector&) = delete;

  uint16_t port() const { return port_; }
  std::string url() const {
    return (type_ == SOCK_STREAM ? "tcp:127.0.0.1:" : "udp:127.0.0.1:") + std::to_string(port_);
  }
  std::vector<Kept> kept;

  // Takes all that has come.
  void drain() {
    if (socket_ < 0) return;
    if (type_ == SOCK_DGRAM) return drain_datagrams();
    for (int one; (one = ::accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      connections_.emplace_back().socket = one;
    }
    for (Connection& connection : connections_) drain_stream(connection);
  }
  void close_all() {
    for (Connection& connection : connections_) {
      if (connection.socket >= 0) ::close(connection.socket);
    }
    connections_.clear();
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  void reopen() { bind_to(port_); }

 private:
  struct Connection {
    int socket = -1;
    siploom::hep::StreamReader reader;
  };

  static sockaddr* plain(sockaddr_in& address) {
    return static_cast<sockaddr*>(static_cast<void*>(&address));
  }
  void bind_to(uint16_t port) {
    socket_ = ::socket(AF_INET, type_ | SOCK_NONBLOCK, 0);
    const int on = 1, large = 8 << 20;
    setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    REQUIRE(::bind(socket_, plain(address), sizeof address) == 0);
    if (type_ == SOCK_STREAM) REQUIRE(::listen(socket_, 16) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(socket_, plain(address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  void drain_datagrams() {
    char buffer[65'536];
    for (ssize_t got; (got = ::recv(socket_, buffer, sizeof buffer, 0)) >= 0;) {
      keep({buffer, static_cast<size_t>(got)});
    }
  }
  void drain_stream(Connection& connection) {
    uint8_t buffer[4096];
    while (connection.socket >= 0) {
      const ssize_t got = ::recv(connection.socket, buffer, sizeof buffer, 0);
      if (got == 0) {
        ::close(connection.socket);
        connection.socket = -1;
      }
      if (got <= 0) return;
      connection.reader.feed({buffer, static_cast<size_t>(got)});
      ByteSpan message;
      while (connection.reader.next(message) == siploom::hep::StreamReader::Step::Message) {
        keep(as_text(message));
      }
      CHECK(connection.reader.counters().skipped_octets == 0);
    }
  }
  void keep(std::string_view bytes) {
    siploom::hep::Packet packet;
    std::string scratch;
    REQUIRE(siploom::hep::decode(as_bytes(bytes), packet, scratch));
    Kept out;
    out.bytes = bytes;
    out.payload = as_text(packet.payload);
    out.correlation_id = packet.correlation_id;
    out.key = packet.auth_key;
    out.name = packet.agent_name;
    out.agent_id = packet.agent_id;
    out.type = packet.protocol_type;
    out.transport = packet.transport;
    out.time = packet.time;
    out.src = packet.src;
    out.dst = packet.dst;
    kept.push_back(std::move(out));
  }

  int type_, socket_ = -1;
  uint16_t port_ = 0;
  std::deque<Connection> connections_;
};

}  // namespace siploom::simulate::live::test
