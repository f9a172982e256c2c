// Target: one far end, with what waits for it: a queue in memory, behind it a spool on disk, and
// the thread that sends. Over TCP and TLS what a broken connection may have swallowed is sent
// again, so that the far end has it once at the least; UDP cannot know.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "pipeline/relay/disk_spool.h"
#include "pipeline/relay/link.h"

namespace siploom::pipeline::relay {

using SharedMessage = std::shared_ptr<const std::string>;

struct TargetCounters {
  std::string to;  // "tcp:10.0.0.1:9060"
  bool connected = false;
  uint64_t sent = 0, sent_octets = 0;        // messages; what is sent again counts once
  uint64_t queued = 0, queued_octets = 0;    // in memory now, to be sent
  uint64_t spooled = 0, spooled_octets = 0;  // on disk now
  uint64_t dropped = 0;                      // lost: no room in memory or on disk, or unsendable
  uint64_t resent = 0;                       // sent once more, after a connection broke
  uint64_t reconnects = 0;                   // connections after the first
  uint64_t refused = 0;                      // UDP: sent, but ICMP said that nobody listens
  std::string last_error;
  Timestamp last_error_at = kNoTime;
};

class Target final {
 public:
  // On their way and not known to have arrived.
  static constexpr size_t kMaxUnconfirmedBytes = size_t{4} << 20;
  // The far end's kernel confirms what its program may never read: for so long, and as far as they
  // do not exceed that many octets, messages are kept to be sent again when the connection breaks.
  static constexpr Nanoseconds kSettleFor = kSecond;
  static constexpr size_t kMaxSettlingBytes = size_t{2} << 20;
  static constexpr size_t kReadBackBytes = size_t{1} << 20;  // from the spool at once
  static constexpr Nanoseconds kStopLimit = 2 * kSecond;     // for what is queued at the end
  // What one turn sends before it looks at everything else again.
  static constexpr size_t kTurnBytes = size_t{1} << 20;

  // Begins at once. Error: the spool's folder cannot be read.
  static Result<std::unique_ptr<Target>> start(const Destination& to, const RelayOptions& options,
                                               std::shared_ptr<const TlsTrust> trust);
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  // Never waits; what finds no room is dropped and counted. Any thread.
  void push(std::span<const SharedMessage> messages);
  // Sends what it can for kStopLimit at the most; the rest goes to disk, where there is a spool.
  void begin_stop();
  void finish_stop();
  TargetCounters counters() const;
  bool is_stream() const { return to_.protocol != Protocol::Udp; }

 private:
  struct Unconfirmed {
    SharedMessage message;
    uint64_t end = 0;  // in the octets of the connection
    Nanoseconds written_at = 0;
  };
  Target(const Destination& to, const RelayOptions& options, std::shared_ptr<const TlsTrust> trust);
  void run();
  void take_in();
  void pump(Nanoseconds now);
  void broke();
  void send_stream(Nanoseconds now);
  void send_datagrams(Nanoseconds now);
  void release(Nanoseconds now);
  SharedMessage next();
  void read_back();
  void spill();
  void spill_all();
  void publish();
  void note(const std::string& error);
  void wait(Nanoseconds now);
  bool is_done(Nanoseconds now) const;

  const Destination to_;
  const size_t queue_bytes_;
  const intake::Clock& clock_;
  std::function<void(std::string_view)> notice_;
  intake::Fd wake_;
  std::atomic<bool> stopping_{false};

  // The sending thread's own.
  Link link_;
  DiskSpool spool_;
  std::deque<SharedMessage> first_,
      pending_;  // first_ goes before what is on disk, pending_ behind
  std::deque<Unconfirmed> unconfirmed_;
  size_t unconfirmed_bytes_ = 0, pending_bytes_ = 0;
  uint64_t spool_dropped_seen_ = 0;
  bool told_away_ = false;
  Nanoseconds stop_by_ = 0;

  mutable std::mutex mutex_;
  std::deque<SharedMessage> incoming_;
  size_t waiting_bytes_ = 0;  // of incoming_ and pending_: what the limit is about
  TargetCounters counters_;
  std::thread thread_;
};

}  // namespace siploom::pipeline::relay
