#include "pipeline/relay/link.h"

#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace siploom::pipeline::relay {

namespace {

constexpr int kMostReads = 16;
constexpr unsigned kUserTimeoutMs = 30'000;

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

bool means_later(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS || code == EINTR;
}

int socket_error(int socket) {
  int code = 0;
  socklen_t size = sizeof code;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

// All addresses of the host, IPv4 first: "localhost" is ::1, too, where few collectors listen.
std::vector<Address> resolve(const Destination& destination, std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = destination.protocol == Protocol::Udp ? SOCK_DGRAM : SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  std::vector<Address> all;
  const int code =
      ::getaddrinfo(destination.host.c_str(), destination.port.c_str(), &hints, &found);
  if (code != 0) {
    why = destination.host + ": " + ::gai_strerror(code);
    return all;
  }
  for (const bool v4 : {true, false}) {
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      if ((each->ai_family == AF_INET) != v4) continue;
      Address& address = all.emplace_back();
      address.size = std::min<socklen_t>(each->ai_addrlen, sizeof address.bytes);
      std::memcpy(&address.bytes, each->ai_addr, address.size);
    }
  }
  ::freeaddrinfo(found);
  if (all.empty()) why = destination.host + ": no address";
  return all;
}

}  // namespace

Link::Link(Destination destination, std::shared_ptr<const TlsTrust> trust)
    : destination_(std::move(destination)), trust_(std::move(trust)) {}

bool Link::lose(int code, Nanoseconds now) { return lose(std::strerror(code), now); }

bool Link::lose(std::string why, Nanoseconds now) {
  why_ = std::move(why);
  fd_.reset();
  tls_.reset();
  state_ = State::Away;
  out_.clear();
  out_at_ = 0;
  produced_ = sent_ = 0;
  blocked_ = false;
  retry_at_ = now + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
  return false;
}

bool Link::open_socket(Nanoseconds now) {
  std::string why;
  const std::vector<Address> all = resolve(destination_, why);
  if (all.empty()) return lose(std::move(why), now);
  const Address& address = all[attempts_++ % all.size()];
  const int type = is_stream() ? SOCK_STREAM : SOCK_DGRAM;
  fd_ = intake::Fd(::socket(address.bytes.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return lose(errno, now);
  if (is_stream()) {
    const unsigned on = 1, timeout = kUserTimeoutMs;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // A machine that vanished says nothing.
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
  }
  if (::connect(fd_.get(), address.get(), address.size) != 0 && errno != EINPROGRESS)
    return lose(errno, now);
  if (!is_stream()) {
    opened();
    return true;
  }
  state_ = State::Connecting;
  connect_until_ = now + kConnectLimit;
  return true;
}

void Link::opened() {
  state_ = State::Open;
  ++connects_;
  pause_ = kFirstPause;
}

bool Link::connect_done(Nanoseconds now) {
  pollfd ready{fd_.get(), POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 0) return now < connect_until_ || lose(ETIMEDOUT, now);
  if (const int code = socket_error(fd_.get()); code != 0) return lose(code, now);
  if (destination_.protocol != Protocol::Tls) {
    opened();
    return true;
  }
  state_ = State::Handshake;
  tls_ = std::make_unique<TlsClient>(trust_, destination_.host);
  return tls_->feed({}, out_) || lose(tls_->why(), now);
}

// Collectors say nothing, but TLS does, and a close shows here first: a write after it succeeds.
bool Link::read(Nanoseconds now) {
  std::array<uint8_t, 4096> buffer;
  for (int i = 0; i < kMostReads; ++i) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) return means_later(errno) || lose(errno, now);
    if (got == 0) return lose("the collector closed the connection", now);
    if (tls_ == nullptr) continue;
    const size_t before = out_.size();
    if (!tls_->feed(ByteSpan(buffer).first(static_cast<size_t>(got)), out_))
      return lose(tls_->why(), now);
    produced_ += state_ == State::Open ? out_.size() - before : 0;
    if (state_ != State::Handshake || !tls_->is_open()) continue;
    opened();
    produced_ = sent_ + (out_.size() - out_at_);
  }
  return true;
}

bool Link::flush(Nanoseconds now) {
  blocked_ = false;
  while (out_at_ < out_.size()) {
    const ssize_t size = ::send(fd_.get(), out_.data() + out_at_, out_.size() - out_at_,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && !means_later(errno)) return lose(errno, now);
    blocked_ = size < 0;
    if (blocked_) return true;
    out_at_ += static_cast<size_t>(size);
    sent_ += static_cast<uint64_t>(size);
  }
  out_.clear();
  out_at_ = 0;
  return true;
}

bool Link::pump(Nanoseconds now) {
  if (state_ == State::Away) return now < retry_at_ || open_socket(now);
  if (!is_stream()) {
    if (const int code = socket_error(fd_.get()); code == ECONNREFUSED) ++refused_;
    blocked_ = false;
    return true;
  }
  if (state_ == State::Connecting && !connect_done(now)) return false;
  if (state_ == State::Connecting) return true;
  if (state_ == State::Handshake && now >= connect_until_) return lose(ETIMEDOUT, now);
  return read(now) && flush(now);
}

uint64_t Link::write(std::string_view message) {
  const size_t before = out_.size();
  // A TLS that cannot go on shows at the next read.
  if (tls_ == nullptr) {
    out_ += message;
  } else if (!tls_->write(message, out_)) {
    ::shutdown(fd_.get(), SHUT_RDWR);
  }
  produced_ += out_.size() - before;
  return produced_;
}

uint64_t Link::confirmed() const {
  int queued = 0;
  if (!fd_ || ::ioctl(fd_.get(), SIOCOUTQ, &queued) != 0) return 0;
  return sent_ - std::min<uint64_t>(sent_, static_cast<uint64_t>(std::max(0, queued)));
}

Link::Sent Link::send(std::string_view datagram, Nanoseconds now) {
  if (!is_open()) return Sent::Later;
  ssize_t size = ::send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
  if (size < 0 && errno == ECONNREFUSED) {
    // An earlier datagram's fate; this one was not even tried.
    ++refused_;
    size = ::send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
  }
  if (size >= 0) return Sent::Sent;
  blocked_ = means_later(errno);
  if (blocked_) return Sent::Later;
  why_ = std::strerror(errno);
  // An interface that came or went may ask for another address of our own.
  if (errno != EMSGSIZE && errno != ECONNREFUSED) lose(errno, now);
  return Sent::Failed;
}

pollfd Link::wanted() const {
  const bool writes = state_ == State::Connecting || blocked_;
  const int reads = is_stream() && state_ != State::Connecting ? POLLIN : 0;
  return {state_ == State::Away ? -1 : fd_.get(),
          static_cast<short>(reads | (writes ? POLLOUT : 0)), 0};
}

Nanoseconds Link::next_pump() const {
  if (state_ == State::Away) return retry_at_;
  return state_ == State::Open ? INT64_MAX : connect_until_;
}

}  // namespace siploom::pipeline::relay
