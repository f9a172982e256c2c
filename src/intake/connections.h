// Connections: everything on TCP and SCTP. Ready connections are served in turn, one read each, so
// that none starves another; waits are kept in lists by their kind, so that no turn looks at all of
// them.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "base/flat_map.h"
#include "base/intrusive_list.h"
#include "intake/fd.h"
#include "intake/gate.h"
#include "intake/options.h"
#include "intake/session.h"
#include "intake/tls.h"

namespace siploom::intake {

class Connections final {
 public:
  static constexpr size_t kReadBytes = 64 * 1024;
  static constexpr size_t kAcceptedAtOnce = 64;
  static constexpr size_t kServedAtOnce = 64;
  static constexpr Nanoseconds kSlice = 5 * kMillisecond;     // then UDP has its turn
  static constexpr Nanoseconds kHoldFor = 50 * kMillisecond;  // over the rate: the next look
  static constexpr size_t kMaxLingerBytes = 1u << 20;

  // `events`: the epoll instance, in which a connection is known as `mark` | its slot.
  Connections(const IntakeOptions& options, std::shared_ptr<const TlsContext> tls, Gate& gate,
              int events, uint64_t mark);
  ~Connections();

  // Accepts some; false: the system is out of descriptors or memory, and a pause is due.
  bool accept_from(int listener, uint16_t local_port, bool sctp = false);
  void on_event(uint32_t slot, uint32_t events);
  void serve(const BatchWriter& writer);
  // `now` is the time for timeouts, which stands still while nothing is read.
  void set_time(Nanoseconds now) { now_ = now; }
  void expire();

  bool has_ready() const { return !ready_.empty(); }
  bool has_held() const { return !held_.empty(); }
  void add_to(Totals& totals) const;

 private:
  enum class Wait : uint8_t { Opening, Begun, Idle, Linger, None };
  static constexpr size_t kWaits = 4;
  struct Connection {
    Fd fd;
    Endpoint peer;
    uint16_t local_port = 0;
    uint32_t slot = 0;
    Wait wait = Wait::None;
    bool sctp = false;       // each read gives one message at the most (RFC 6458 8)
    bool opened = false;     // the first octet has come
    bool ended = false;      // the peer has closed; what it sent may still lie there
    bool finished = false;   // nothing more is taken from it
    bool lingering = false;  // our side is closed
    bool held = false;
    bool answered = false;  // something was sent to it
    bool handshake_counted = false;
    size_t lingered = 0;
    Nanoseconds deadline = 0;
    uint64_t units = 0;
    uint64_t refused_seen = 0;
    std::optional<Session> session;
    std::unique_ptr<TlsStream> tls;
    std::string out;
    ListLink<Connection> queue, timer;
  };
  using Queue = IntrusiveList<Connection, &Connection::queue>;
  using Timers = IntrusiveList<Connection, &Connection::timer>;

  void add(Fd fd, const Endpoint& peer, uint16_t local_port, bool sctp);
  bool may_add(const Endpoint& peer);
  void serve_one(Connection& c);
  void take(Connection& c, std::span<uint8_t> octets);
  bool take_tls(Connection& c, std::span<uint8_t> octets);
  bool flush(Connection& c);
  void after(Connection& c);
  void hold(Connection& c);
  void finish(Connection& c);
  void set_timer(Connection& c);
  Wait wait_of(const Connection& c) const;
  void close(Connection& c);

  const IntakeOptions& options_;
  const Clock& clock_;
  std::shared_ptr<const TlsContext> tls_;
  Gate& gate_;
  int events_;
  uint64_t mark_;
  Nanoseconds now_ = 0, look_at_held_ = 0;
  std::array<Nanoseconds, kWaits> durations_;
  std::vector<std::unique_ptr<Connection>> slots_;
  std::vector<uint32_t> free_;
  FlatMap<IpAddress, uint32_t> by_address_;
  Queue ready_, held_;
  std::array<Timers, kWaits> timers_;
  std::unique_ptr<uint8_t[]> buffer_;
  Totals counts_;
};

}  // namespace siploom::intake
