#include "simulate/live/link.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace siploom::simulate::live {

namespace {

constexpr size_t kMostTogether = 64;  // messages in one write
constexpr int kMostReads = 64;        // of what collectors never say
constexpr unsigned kUserTimeoutMs = 30'000;

const sockaddr* plain(const SocketAddress& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address.bytes));
}

bool means_later(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS || code == EINTR;
}

void set_option(int socket, int level, int name, unsigned value) {
  static_cast<void>(setsockopt(socket, level, name, &value, sizeof value));
}

int take_socket_error(int socket) {
  int code = 0;
  socklen_t size = sizeof code;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

}  // namespace

Link::Link(Destination destination, size_t spool_bytes, Voice& voice)
    : destination_(std::move(destination)), spool_limit_(spool_bytes), voice_(voice) {}

Link::~Link() { close_socket(); }

void Link::close_socket() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

Result<void> Link::open(Nanoseconds now) {
  if (!destination_.tcp) {
    SL_TRY_VOID(open_socket());
    state_ = State::Open;
    return {};
  }
  if (auto known = resolve(destination_); !known)
    return fail(known.error().code, known.error().message);
  begin_connect(now);
  return {};
}

// Gives UDP its address, and begins to connect TCP.
Result<void> Link::open_socket() {
  const SocketAddress address = SL_TRY(resolve(destination_, attempts_));
  const int type = destination_.tcp ? SOCK_STREAM : SOCK_DGRAM;
  socket_ = ::socket(address.bytes.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) {
    return fail(ErrorCode::Io, fmt::format("{}: {}", destination_.text(), std::strerror(errno)));
  }
  if (destination_.tcp) {
    set_option(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
    // A machine that vanished says nothing.
    set_option(socket_, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  }
  if (::connect(socket_, plain(address), address.size) != 0 && errno != EINPROGRESS) {
    const int code = errno;
    close_socket();
    return fail(ErrorCode::Io, fmt::format("{}: {}", destination_.text(), std::strerror(code)));
  }
  return {};
}

void Link::begin_connect(Nanoseconds now) {
  state_ = State::Connecting;
  connect_until_ = now + kConnectLimit;
  auto opened = open_socket();
  ++attempts_;
  if (!opened) lose(opened.error().message.c_str(), now);
}

void Link::connected(Nanoseconds now) {
  state_ = State::Open;
  ++counters_.connects;
  attempts_ = 0;
  if (missed_) voice_.back(spool_.size());
  missed_ = false;
  flush(now);
}

void Link::lose(int code, Nanoseconds now) { lose(std::strerror(code), now); }

// Nothing is said of what was written and not confirmed: it is written again, at the risk that the
// other side has it twice.
void Link::lose(const char* why, Nanoseconds now) {
  close_socket();
  state_ = State::Away;
  counters_.resent += written_;
  written_ = offset_ = 0;
  unconfirmed_bytes_ = 0;
  blocked_ = false;
  retry_at_ = now + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
  if (missed_) return;
  missed_ = true;
  voice_.away(
      fmt::format("{}; trying again, up to {} MiB of messages wait", why, spool_limit_ >> 20));
}

void Link::send(Kind kind, std::string message) {
  if (spooled_bytes_ + message.size() > spool_limit_) {
    ++counters_.overflowed;
    return voice_.full();
  }
  spooled_bytes_ += message.size();
  spool_.push_back({std::move(message), kind, false});
  // A datagram leaves at once; a stream's messages gather until the next pump().
  if (!destination_.tcp && !blocked_) flush_udp();
}

void Link::written(Spooled& message) {
  if (message.counted) return;
  message.counted = true;
  ++counters_.sent[static_cast<size_t>(message.kind)];
  counters_.bytes += message.bytes.size();
}

void Link::take_refusal() {
  ++counters_.refused;
  voice_.refused();
}

void Link::flush_udp() {
  while (!spool_.empty()) {
    Spooled& message = spool_.front();
    ssize_t sent = ::send(socket_, message.bytes.data(), message.bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == ECONNREFUSED) {
      // An earlier datagram's fate; this one was not even tried.
      take_refusal();
      sent = ::send(socket_, message.bytes.data(), message.bytes.size(), MSG_NOSIGNAL);
    }
    if (sent < 0 && means_later(errno)) {
      blocked_ = true;
      return;
    }
    if (sent < 0) {
      ++counters_.failed;
      voice_.failed(std::strerror(errno));
    } else {
      written(message);
    }
    spooled_bytes_ -= message.bytes.size();
    spool_.pop_front();
  }
}

// False: the other side has closed, or the connection broke. Asked before each write, since the
// first one after a close succeeds.
bool Link::is_alive(Nanoseconds now) {
  char ignored[512];
  for (int i = 0; i < kMostReads; ++i) {
    const ssize_t got = ::recv(socket_, ignored, sizeof ignored, MSG_DONTWAIT);
    if (got > 0) continue;
    if (got < 0 && means_later(errno)) return true;
    got == 0 ? lose("the collector closed the connection", now) : lose(errno, now);
    return false;
  }
  return true;
}

// Lets go of what the other side's kernel has confirmed.
void Link::release() {
  int queued = 0;
  if (ioctl(socket_, SIOCOUTQ, &queued) != 0) return;
  while (written_ > 0) {
    const size_t size = spool_.front().bytes.size();
    if (unconfirmed_bytes_ < static_cast<uint64_t>(queued) + size) return;
    unconfirmed_bytes_ -= size;
    spooled_bytes_ -= size;
    spool_.pop_front();
    --written_;
    pause_ = kFirstPause;
  }
}

void Link::flush_tcp(Nanoseconds now) {
  blocked_ = false;
  if (!is_alive(now)) return;
  release();
  while (written_ < spool_.size()) {
    std::array<iovec, kMostTogether> parts;
    const size_t count = std::min(parts.size(), spool_.size() - written_);
    for (size_t i = 0; i < count; ++i) {
      std::string& bytes = spool_[written_ + i].bytes;
      const size_t skip = i == 0 ? offset_ : 0;
      parts[i] = {bytes.data() + skip, bytes.size() - skip};
    }
    msghdr header{};
    header.msg_iov = parts.data();
    header.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && !means_later(errno)) return lose(errno, now);
    blocked_ = sent < 0;
    if (blocked_) return;
    unconfirmed_bytes_ += static_cast<uint64_t>(sent);
    offset_ += static_cast<size_t>(sent);
    while (written_ < spool_.size() && offset_ >= spool_[written_].bytes.size()) {
      offset_ -= spool_[written_].bytes.size();
      written(spool_[written_++]);
    }
  }
}

void Link::flush(Nanoseconds now) {
  if (destination_.tcp) return flush_tcp(now);
  blocked_ = false;
  flush_udp();
}

void Link::pump(Nanoseconds now) {
  if (!destination_.tcp) {
    // What ICMP said since.
    if (const int code = take_socket_error(socket_); code == ECONNREFUSED) take_refusal();
    return flush(now);
  }
  switch (state_) {
    case State::Away:
      if (now >= retry_at_) begin_connect(now);
      break;
    case State::Connecting: {
      pollfd ready{socket_, POLLOUT, 0};
      if (::poll(&ready, 1, 0) == 0) {
        if (now >= connect_until_) lose(ETIMEDOUT, now);
        break;
      }
      const int code = take_socket_error(socket_);
      code == 0 ? connected(now) : lose(code, now);
      break;
    }
    case State::Open:
      flush(now);
      break;
  }
}

pollfd Link::wanted() const {
  const bool writes = state_ == State::Connecting || (state_ == State::Open && blocked_);
  // An answer over UDP is nobody's; errors show unasked.
  const int reads = destination_.tcp ? POLLIN : 0;
  return {socket_, static_cast<short>(reads | (writes ? POLLOUT : 0)), 0};
}

Nanoseconds Link::next_pump() const {
  if (state_ == State::Away) return retry_at_;
  return state_ == State::Connecting ? connect_until_ : kNoPump;
}

bool Link::has_work() const { return state_ != State::Away && !spool_.empty(); }

void Link::finish() {
  for (size_t i = written_; i < spool_.size(); ++i) {
    ++counters_.left;
    if (!spool_[i].counted) continue;
    // Its connection broke, and it never got another one.
    --counters_.sent[static_cast<size_t>(spool_[i].kind)];
    counters_.bytes -= spool_[i].bytes.size();
  }
  spool_.clear();
  written_ = 0;
  close_socket();
}

}  // namespace siploom::simulate::live
