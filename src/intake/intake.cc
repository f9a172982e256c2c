#include "intake/intake.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>

#include "intake/connections.h"
#include "intake/gate.h"
#include "intake/sockets.h"
#include "intake/udp_reader.h"

namespace siploom::intake {

namespace {

constexpr Nanoseconds kPatience = 100 * kMillisecond;
constexpr Nanoseconds kAcceptPause = 200 * kMillisecond;  // out of descriptors
constexpr Nanoseconds kMaxRest = kSecond;
constexpr size_t kRestBytes = 1u << 20;
constexpr int kEventsAtOnce = 256;
constexpr rlim_t kOtherDescriptors = 1'024;  // of the program, beside the connections

// What an epoll event is about, in the upper half of its mark; below it, which one.
constexpr uint64_t kWakeMark = 0, kListenerMark = uint64_t{1} << 32, kUdpMark = uint64_t{2} << 32,
                   kConnectionMark = uint64_t{3} << 32, kKindMask = ~uint64_t{0} << 32;

// The soft limit of descriptors is mostly 1,024, for the sake of select(), which nobody here uses.
// Gives what the system allows.
rlim_t raise_descriptor_limit(rlim_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

struct UdpSocket {
  Fd fd;
  Endpoint local;
  size_t buffer_bytes = 0;
  uint64_t datagrams = 0;
  uint64_t kernel_drops = 0;
  uint32_t drops_seen = 0;
  bool readable = false;
};

struct TcpListener {
  Fd fd;
  Endpoint local;
  bool is_sctp = false;
  bool ready = false;
  Nanoseconds paused_until = 0;
};

class Loop final : public Intake {
 public:
  Loop(IntakeOptions options, Policy policy, std::shared_ptr<const TlsContext> tls, Fd events,
       Fd wake)
      : options_(std::move(options)),
        clock_(*options_.clock),
        policy_(std::move(policy)),
        events_(std::move(events)),
        wake_(std::move(wake)),
        gate_(policy_, options_, writer_),
        connections_(options_, std::move(tls), gate_, events_.get(), kConnectionMark) {}

  Result<void> listen();
  Result<bool> next(capture::FrameBatch& batch, size_t target_bytes) override;
  Result<bool> rest(capture::FrameBatch& batch) override;
  capture::SourceStats stats() const override;
  std::vector<Endpoint> endpoints() const override;
  void pause(bool paused) override;
  Result<void> set_limits(std::vector<Cidr> allow, const RateLimit& rate) override;
  void wake() override;
  Snapshot snapshot(size_t max_sources) const override;

 private:
  Result<void> watch(int fd, uint64_t mark);
  int wait_ms(Nanoseconds waited) const;
  Result<int> poll(int timeout_ms);
  void mark_events(int count);
  void work();
  void read_udp(UdpSocket& socket);
  void accept_all();
  void keep_time();
  bool is_busy() const;
  void count_kernel_drops() const;

  const IntakeOptions options_;
  const Clock& clock_;
  Policy policy_;
  Fd events_, wake_;
  std::vector<TcpListener> listeners_;
  mutable std::vector<UdpSocket> udp_;
  std::vector<std::string> warnings_;
  std::array<epoll_event, kEventsAtOnce> found_{};
  bool woken_ = false;  // by the last poll()
  std::atomic<bool> paused_{false};

  // Held while events are worked on, never while waiting for them.
  mutable std::mutex mutex_;
  BatchWriter writer_;
  Gate gate_;
  Connections connections_;
  UdpReader reader_;
  Nanoseconds last_look_ = 0, stood_still_ = 0;  // time spent paused does not count for timeouts
  bool was_paused_ = false;
  bool resting_ = false;
  Timestamp rest_until_;
  Nanoseconds rest_began_ = 0;
};

Result<void> Loop::watch(int fd, uint64_t mark) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = mark;
  if (::epoll_ctl(events_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return fail(ErrorCode::Io, fmt::format("intake: epoll_ctl: {}", std::strerror(errno)));
  return {};
}

Result<void> Loop::listen() {
  const rlim_t wanted = options_.max_connections + kOtherDescriptors;
  const rlim_t descriptors = raise_descriptor_limit(wanted);
  if (descriptors < wanted)
    warnings_.push_back(
        fmt::format("the system allows {} descriptors; for {} connections {} are "
                    "needed (ulimit -n)",
                    descriptors, options_.max_connections, wanted));
  SL_TRY_VOID(watch(wake_.get(), kWakeMark));
  for (Listener& each : SL_TRY(open_listeners(options_))) {
    SL_TRY_VOID(watch(each.tcp.get(), kListenerMark | listeners_.size()));
    listeners_.push_back({std::move(each.tcp), each.local});
    if (each.sctp) {
      SL_TRY_VOID(watch(each.sctp.get(), kListenerMark | listeners_.size()));
      listeners_.push_back({std::move(each.sctp), each.local, true});
    }
    for (Fd& fd : each.udp) {
      SL_TRY_VOID(watch(fd.get(), kUdpMark | udp_.size()));
      const size_t granted = receive_buffer_of(fd.get());
      if (granted < options_.receive_buffer_bytes && &fd == &each.udp.front())
        warnings_.push_back(fmt::format(
            "udp {}: the kernel grants a receive buffer of {} KiB where {} KiB are wanted; raise "
            "net.core.rmem_max",
            format_endpoint(each.local), granted >> 10, options_.receive_buffer_bytes >> 10));
      UdpSocket& socket = udp_.emplace_back();
      socket.fd = std::move(fd);
      socket.local = each.local;
      socket.buffer_bytes = granted;
    }
  }
  return {};
}

bool Loop::is_busy() const {
  if (!paused_.load(std::memory_order_relaxed) && connections_.has_ready()) return true;
  return std::any_of(udp_.begin(), udp_.end(), [](const UdpSocket& each) { return each.readable; });
}

int Loop::wait_ms(Nanoseconds waited) const {
  Nanoseconds wait = kPatience - waited;
  const bool backing_off =
      std::any_of(listeners_.begin(), listeners_.end(),
                  [](const TcpListener& each) { return each.paused_until != 0; });
  if (connections_.has_held() || backing_off) wait = std::min(wait, Connections::kHoldFor);
  return static_cast<int>(std::max<Nanoseconds>(1, wait / kMillisecond));
}

Result<int> Loop::poll(int timeout_ms) {
  const int count = ::epoll_wait(events_.get(), found_.data(), kEventsAtOnce, timeout_ms);
  if (count < 0 && errno != EINTR)
    return fail(ErrorCode::Io, fmt::format("intake: epoll_wait: {}", std::strerror(errno)));
  woken_ = false;
  for (int i = 0; i < count; ++i) {
    if (found_[static_cast<size_t>(i)].data.u64 != kWakeMark) continue;
    uint64_t times = 0;
    woken_ = ::read(wake_.get(), &times, sizeof times) > 0;
  }
  return std::max(0, count);
}

// Nothing is read here, so that no event meets a closed connection.
void Loop::mark_events(int count) {
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = found_[static_cast<size_t>(i)];
    const auto which = static_cast<uint32_t>(event.data.u64);
    switch (event.data.u64 & kKindMask) {
      case kListenerMark:
        listeners_[which].ready = true;
        break;
      case kUdpMark:
        udp_[which].readable = true;
        break;
      case kConnectionMark:
        connections_.on_event(which, event.events);
        break;
      default:
        break;
    }
  }
}

void Loop::read_udp(UdpSocket& socket) {
  const bool shed = paused_.load(std::memory_order_relaxed);
  const size_t count = reader_.read(socket.fd.get());
  socket.readable = count == UdpReader::kBatch;
  socket.datagrams += count;
  const Nanoseconds now = clock_.monotonic();
  for (size_t i = 0; i < count; ++i) {
    Timestamp time = reader_.time(i);
    if (!is_known(time)) time = clock_.wall();
    gate_.begin({reader_.peer(i), socket.local.port, 0, time, now});
    if (shed) {
      gate_.shed_datagram();
    } else {
      gate_.take_datagram(reader_.octets(i));
    }
    if (resting_ && time > rest_until_) socket.readable = false;
  }
}

void Loop::accept_all() {
  const Nanoseconds now = clock_.monotonic();
  for (TcpListener& each : listeners_) {
    if (each.paused_until != 0 && now >= each.paused_until) {
      each.paused_until = 0;
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = kListenerMark | static_cast<uint64_t>(&each - listeners_.data());
      ::epoll_ctl(events_.get(), EPOLL_CTL_MOD, each.fd.get(), &event);
    }
    if (!each.ready) continue;
    each.ready = false;
    if (connections_.accept_from(each.fd.get(), each.local.port, each.is_sctp)) continue;
    // The waiting connection would end every epoll_wait at once.
    each.paused_until = now + kAcceptPause;
    epoll_event none{};
    ::epoll_ctl(events_.get(), EPOLL_CTL_MOD, each.fd.get(), &none);
  }
}

void Loop::keep_time() {
  const Nanoseconds now = clock_.monotonic();
  const bool paused = paused_.load(std::memory_order_relaxed);
  if (last_look_ != 0 && was_paused_) stood_still_ += now - last_look_;
  was_paused_ = paused;
  last_look_ = now;
  connections_.set_time(now - stood_still_);
}

void Loop::work() {
  keep_time();
  for (UdpSocket& each : udp_) {
    if (each.readable && !writer_.is_full()) read_udp(each);
  }
  accept_all();
  if (paused_.load(std::memory_order_relaxed)) return;
  connections_.serve(writer_);
  connections_.expire();
}

Result<bool> Loop::next(capture::FrameBatch& batch, size_t target_bytes) {
  writer_.start(batch, target_bytes);
  // Patience is the caller's time, whatever clock the intake keeps.
  const Nanoseconds began = system_clock().monotonic();
  Nanoseconds waited = 0;
  bool can_wait = !is_busy();
  do {
    const int count = SL_TRY(poll(can_wait ? wait_ms(waited) : 0));
    const std::lock_guard lock(mutex_);
    mark_events(count);
    work();
    can_wait = !is_busy();
    if (woken_ || writer_.is_full() || (can_wait && !writer_.is_empty())) break;
    waited = system_clock().monotonic() - began;
  } while (waited < kPatience);
  return true;
}

Result<bool> Loop::rest(capture::FrameBatch& batch) {
  writer_.start(batch, kRestBytes);
  const Nanoseconds now = system_clock().monotonic();
  if (paused_.load(std::memory_order_relaxed)) return false;
  if (!resting_) {
    resting_ = true;
    rest_until_ = system_clock().wall();
    rest_began_ = now;
    for (UdpSocket& each : udp_) each.readable = true;
  }
  if (now - rest_began_ > kMaxRest) return false;
  const int count = SL_TRY(poll(0));
  const std::lock_guard lock(mutex_);
  // UDP is known to be read until its time; what is newly marked came after it.
  std::vector<bool> readable;
  readable.reserve(udp_.size());
  for (const UdpSocket& each : udp_) readable.push_back(each.readable);
  mark_events(count);
  for (size_t i = 0; i < udp_.size(); ++i) udp_[i].readable = readable[i];
  while (is_busy() && !writer_.is_full() && system_clock().monotonic() - rest_began_ <= kMaxRest) {
    work();
  }
  return !writer_.is_empty();
}

void Loop::count_kernel_drops() const {
  for (UdpSocket& each : udp_) {
    const uint32_t drops = kernel_drops_of(each.fd.get());
    each.kernel_drops += static_cast<uint32_t>(drops - each.drops_seen);
    each.drops_seen = drops;
  }
}

capture::SourceStats Loop::stats() const {
  const std::lock_guard lock(mutex_);
  count_kernel_drops();
  capture::SourceStats out;
  out.frames = writer_.frames();
  out.bytes = writer_.bytes();
  for (const UdpSocket& each : udp_) out.kernel_dropped += each.kernel_drops;
  out.warnings = warnings_;
  return out;
}

std::vector<Endpoint> Loop::endpoints() const {
  std::vector<Endpoint> out;
  out.reserve(listeners_.size());
  for (const TcpListener& each : listeners_) {
    if (!each.is_sctp) out.push_back(each.local);
  }
  return out;
}

void Loop::pause(bool paused) {
  paused_.store(paused);
  wake();
}

Result<void> Loop::set_limits(std::vector<Cidr> allow, const RateLimit& rate) {
  const std::lock_guard lock(mutex_);
  SL_TRY_VOID(policy_.set_allowed(std::move(allow)));
  gate_.set_limits(rate);
  return {};
}

void Loop::wake() {
  const uint64_t once = 1;
  // It fails only when it is full of wakings already.
  if (::write(wake_.get(), &once, sizeof once) < 0) return;
}

Snapshot Loop::snapshot(size_t max_sources) const {
  const std::lock_guard lock(mutex_);
  count_kernel_drops();
  Snapshot out;
  out.totals = gate_.totals();
  connections_.add_to(out.totals);
  out.totals.sources_forgotten = gate_.sources().forgotten();
  for (const UdpSocket& each : udp_)
    out.udp.push_back({each.local, each.datagrams, each.kernel_drops, each.buffer_bytes});
  out.sources = gate_.sources().recent(max_sources);
  out.sources_known = gate_.sources().size();
  out.paused = paused_.load();
  return out;
}

}  // namespace

Result<std::unique_ptr<Intake>> open_intake(IntakeOptions options) {
  if (options.clock == nullptr) options.clock = &system_clock();
  Policy policy = SL_TRY(Policy::make(options.allow, options.keys));
  std::shared_ptr<const TlsContext> tls;
  if (!options.tls.certificate_file.empty()) tls = SL_TRY(TlsContext::open(options.tls));
  Fd events(::epoll_create1(EPOLL_CLOEXEC)), wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!events || !wake) return fail(ErrorCode::Io, fmt::format("intake: {}", std::strerror(errno)));
  auto loop = std::make_unique<Loop>(std::move(options), std::move(policy), std::move(tls),
                                     std::move(events), std::move(wake));
  SL_TRY_VOID(loop->listen());
  return std::unique_ptr<Intake>(std::move(loop));
}

}  // namespace siploom::intake
