#include "intake/connections.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "base/hash_net.h"
#include "intake/sockets.h"

namespace siploom::intake {

namespace {

constexpr uint8_t kTlsHandshake = 0x16;  // RFC 8446 5.1; nothing else that is taken begins so

}  // namespace

Connections::Connections(const IntakeOptions& options, std::shared_ptr<const TlsContext> tls,
                         Gate& gate, int events, uint64_t mark)
    : options_(options),
      clock_(*options.clock),
      tls_(std::move(tls)),
      gate_(gate),
      events_(events),
      mark_(mark),
      durations_{options.timeouts.opening, options.timeouts.begun, options.timeouts.idle,
                 options.timeouts.linger},
      buffer_(new uint8_t[kReadBytes]) {}

Connections::~Connections() = default;

bool Connections::accept_from(int listener, uint16_t local_port, bool sctp) {
  for (size_t i = 0; i < kAcceptedAtOnce; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Fd fd(::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size,
                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      const Endpoint peer = to_endpoint(address);
      if (may_add(peer)) add(std::move(fd), peer, local_port, sctp);
      continue;
    }
    if (errno == EAGAIN) return true;
    const bool of_the_peer = errno == ECONNABORTED || errno == EINTR || errno == EPROTO ||
                             errno == EPERM || errno == ENETDOWN || errno == EHOSTUNREACH ||
                             errno == ENETUNREACH || errno == EHOSTDOWN;
    if (of_the_peer) continue;
    ++counts_.accept_errors;
    return false;
  }
  return true;
}

bool Connections::may_add(const Endpoint& peer) {
  gate_.begin({peer, 0, 0, clock_.wall(), clock_.monotonic()});
  if (!gate_.is_allowed()) {
    gate_.count(Drop::NotAllowed);
    return false;
  }
  const uint32_t* of_address = by_address_.find(hash_address(peer.address), peer.address);
  if (slots_.size() - free_.size() >= options_.max_connections ||
      (of_address != nullptr && *of_address >= options_.max_connections_by_address)) {
    ++counts_.connections_over_cap;
    return false;
  }
  return true;
}

void Connections::add(Fd fd, const Endpoint& peer, uint16_t local_port, bool sctp) {
  const int on = 1;  // SCTP refuses it, and answers nobody that is in a hurry
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t slot = free_.back();
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = mark_ | slot;
  if (::epoll_ctl(events_, EPOLL_CTL_ADD, fd.get(), &event) != 0) {
    ++counts_.accept_errors;  // the user's limit of watched descriptors
    return;
  }
  free_.pop_back();
  slots_[slot] = std::make_unique<Connection>();
  Connection& c = *slots_[slot];
  c.fd = std::move(fd);
  c.peer = peer;
  c.local_port = local_port;
  c.slot = slot;
  c.sctp = sctp;
  c.session.emplace(false, sctp);
  ++*by_address_.insert(hash_address(peer.address), peer.address).first;
  ++counts_.connections_accepted;
  set_timer(c);
}

void Connections::on_event(uint32_t slot, uint32_t events) {
  if (slot >= slots_.size() || slots_[slot] == nullptr) return;
  Connection& c = *slots_[slot];
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) c.ended = true;
  // The first event of a connection says that it can be written to, which nobody asked.
  const bool matters = (events & ~static_cast<uint32_t>(EPOLLOUT)) != 0 || !c.out.empty();
  if (matters && !c.held && !c.queue.linked()) ready_.push_back(c);
}

void Connections::serve(const BatchWriter& writer) {
  const Nanoseconds began = clock_.monotonic();
  for (size_t i = 0; i < kServedAtOnce && !ready_.empty() && !writer.is_full(); ++i) {
    serve_one(*ready_.front());
    if (clock_.monotonic() - began > kSlice) return;
  }
}

void Connections::serve_one(Connection& c) {
  ready_.push_back(c);  // the next one's turn comes first
  if (!c.out.empty()) {
    if (!flush(c)) return close(c);
    if (!c.out.empty()) return c.queue.unlink();
    after(c);
    return;
  }
  gate_.begin({c.peer, c.local_port, 0, clock_.wall(), clock_.monotonic()});
  if (!c.lingering && gate_.is_in_debt()) return hold(c);
  const ssize_t size = ::recv(c.fd.get(), buffer_.get(), kReadBytes, 0);
  if (size < 0 && errno == EINTR) return;
  if (size < 0 && errno == EAGAIN) return c.queue.unlink();
  if (size <= 0) {
    finish(c);
    return close(c);
  }
  // All that was there; a new event tells of more.
  if (static_cast<size_t>(size) < kReadBytes && !c.ended && !c.sctp) c.queue.unlink();
  if (c.lingering) {
    c.lingered += static_cast<size_t>(size);
    if (c.lingered > kMaxLingerBytes) close(c);
    return;
  }
  if (!c.finished) take(c, {buffer_.get(), static_cast<size_t>(size)});
}

void Connections::take(Connection& c, std::span<uint8_t> octets) {
  if (!c.opened) {
    c.opened = true;
    if (octets[0] == kTlsHandshake && tls_ != nullptr) {
      c.tls = std::make_unique<TlsStream>(tls_);
      c.session.emplace(true, c.sctp);
    } else if (octets[0] == kTlsHandshake) {
      ++counts_.tls_handshake_failures;  // no certificate was given
      return close(c);
    }
  }
  bool goes_on = true;
  if (c.tls != nullptr) {
    goes_on = take_tls(c, octets);
  } else {
    c.session->feed(octets, gate_);
    if (c.out.empty()) {
      c.out.swap(c.session->output());
    } else {
      c.out += c.session->output();
      c.session->output().clear();
    }
  }
  counts_.http_refused += c.session->http_refused() - c.refused_seen;
  c.refused_seen = c.session->http_refused();
  c.finished = !goes_on || c.session->is_over();
  if (!flush(c)) return close(c);
  after(c);
}

bool Connections::take_tls(Connection& c, std::span<uint8_t> octets) {
  const Origin origin{c.peer, c.local_port, 0, clock_.wall(), clock_.monotonic()};
  const TlsStream::Step step = c.tls->feed(
      octets,
      [&](std::span<uint8_t> plain) {
        Origin verified = origin;
        if (c.tls->is_client_verified()) verified.flags = capture::kIntakeClientCertificate;
        gate_.begin(verified);
        c.session->feed(plain, gate_);
      },
      c.out);
  if (!c.handshake_counted && c.tls->is_handshake_done()) {
    c.handshake_counted = true;
    ++counts_.tls_handshakes;
  }
  if (step == TlsStream::Step::Failed) {
    finish(c);
    return false;
  }
  c.tls->write(c.session->output(), c.out);
  c.session->output() = std::string();
  if (step == TlsStream::Step::Closed) c.session->finish(gate_);
  if (c.session->is_over()) c.tls->close(c.out);
  return step == TlsStream::Step::More;
}

// False: the connection is broken.
bool Connections::flush(Connection& c) {
  size_t sent = 0;
  c.answered = c.answered || !c.out.empty();
  while (sent < c.out.size()) {
    const ssize_t size =
        ::send(c.fd.get(), c.out.data() + sent, c.out.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EAGAIN) return false;
    if (size < 0) break;
    sent += static_cast<size_t>(size);
  }
  if (sent == c.out.size()) {
    c.out = std::string();
  } else {
    c.out.erase(0, sent);
  }
  return true;
}

// What was to be sent is sent, or waits for the peer to read.
void Connections::after(Connection& c) {
  if (!c.out.empty()) {
    // Back-pressure: a peer that does not read its answers is not read either.
    c.queue.unlink();
  } else if (c.finished && !c.lingering) {
    if (!c.answered || c.ended) return close(c);
    // Closing with octets unread would take the answer away from the peer (RFC 9112 9.6).
    ::shutdown(c.fd.get(), SHUT_WR);
    c.lingering = true;
    if (!c.queue.linked()) ready_.push_back(c);
  }
  set_timer(c);
}

// Over its rate: what it sends waits in the kernel, and its timeouts wait, too.
void Connections::hold(Connection& c) {
  if (held_.empty()) look_at_held_ = now_ + kHoldFor;
  held_.push_back(c);
  c.held = true;
  c.timer.unlink();
  c.wait = Wait::None;
}

void Connections::finish(Connection& c) {
  c.finished = true;
  if (c.tls != nullptr && !c.handshake_counted) {
    c.handshake_counted = true;
    ++counts_.tls_handshake_failures;
  }
  c.session->finish(gate_);
}

Connections::Wait Connections::wait_of(const Connection& c) const {
  if (c.lingering) return Wait::Linger;
  if (!c.out.empty()) return Wait::Begun;
  if (c.tls != nullptr && !c.tls->is_handshake_done()) return Wait::Begun;
  switch (c.session->phase()) {
    case Session::Phase::Opening:
      return Wait::Opening;
    case Session::Phase::Begun:
      return Wait::Begun;
    case Session::Phase::Idle:
      break;
  }
  return Wait::Idle;
}

// A begun message keeps its deadline however often octets of it come.
void Connections::set_timer(Connection& c) {
  const Wait wait = wait_of(c);
  const uint64_t units = c.session->units();
  if (wait == c.wait && wait != Wait::Idle && units == c.units) return;
  c.wait = wait;
  c.units = units;
  const auto kind = static_cast<size_t>(wait);
  c.deadline = now_ + durations_[kind];
  timers_[kind].push_back(c);
}

void Connections::expire() {
  for (Timers& timers : timers_) {
    // All waits of a list are equally long: the first one is due first.
    while (!timers.empty() && timers.front()->deadline <= now_) {
      Connection& c = *timers.front();
      if (!c.lingering) {
        ++counts_.connections_timed_out;
        gate_.begin({c.peer, c.local_port, 0, clock_.wall(), clock_.monotonic()});
        finish(c);
      }
      close(c);
    }
  }
  if (held_.empty() || now_ < look_at_held_) return;
  while (!held_.empty()) {
    Connection& c = *held_.front();
    c.held = false;
    ready_.push_back(c);
    set_timer(c);
  }
}

void Connections::close(Connection& c) {
  const uint64_t hash = hash_address(c.peer.address);
  uint32_t* of_address = by_address_.find(hash, c.peer.address);
  if (of_address != nullptr && --*of_address == 0) by_address_.erase(hash, c.peer.address);
  const uint32_t slot = c.slot;
  free_.push_back(slot);
  slots_[slot].reset();
}

void Connections::add_to(Totals& totals) const {
  totals.connections = slots_.size() - free_.size();
  totals.connections_accepted = counts_.connections_accepted;
  totals.connections_over_cap = counts_.connections_over_cap;
  totals.connections_timed_out = counts_.connections_timed_out;
  totals.accept_errors = counts_.accept_errors;
  totals.tls_handshakes = counts_.tls_handshakes;
  totals.tls_handshake_failures = counts_.tls_handshake_failures;
  totals.http_refused = counts_.http_refused;
  totals.connection_bytes = 0;
  for (const auto& each : slots_) {
    if (each == nullptr) continue;
    totals.connection_bytes += sizeof *each + each->out.capacity() + each->session->held_bytes();
  }
}

}  // namespace siploom::intake
