// Link: one node's socket. What cannot be sent at once waits in a bounded spool; a TCP collector
// that is away is tried again with growing pauses. One thread; no call blocks (but for the name
// server's answer).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>

#include "base/time.h"
#include "simulate/live/clock.h"
#include "simulate/live/destination.h"
#include "simulate/live/voice.h"

namespace siploom::simulate::live {

enum class Kind : uint8_t { Sip, Rtcp, Log };
constexpr size_t kKinds = 3;

constexpr size_t kSpoolBytes = size_t{32} << 20;
constexpr Nanoseconds kFirstPause = 250 * kMillisecond;
constexpr Nanoseconds kLongestPause = 15 * kSecond;
constexpr Nanoseconds kConnectLimit = 10 * kSecond;

struct LinkCounters {
  std::array<uint64_t, kKinds> sent{};
  uint64_t bytes = 0;       // of what was sent
  uint64_t overflowed = 0;  // lost: the spool was full
  uint64_t failed = 0;      // lost: the system refused it (no route, larger than a datagram)
  uint64_t left = 0;        // lost: still in the spool at the end
  uint64_t refused = 0;     // UDP: sent, but ICMP said that nobody listens
  uint64_t connects = 0;    // TCP
  uint64_t resent = 0;  // TCP: sent again, since nobody confirmed them before a connection broke

  uint64_t lost() const { return overflowed + failed + left; }
};

class Link final {
 public:
  // The voice, that of its destination, lives longer.
  Link(Destination destination, size_t spool_bytes, Voice& voice);
  ~Link();
  Link(Link&& other) noexcept = delete;

  // Error: the name is not known, or the system has no such socket. That nobody listens is none.
  Result<void> open(Nanoseconds now);
  void send(Kind kind, std::string message);
  // Sends what it can, and connects again when it is time to.
  void pump(Nanoseconds now);
  pollfd wanted() const;
  // When pump() should be called even if no socket is ready; kNoPump: no matter.
  static constexpr Nanoseconds kNoPump = INT64_MAX;
  Nanoseconds next_pump() const;
  // Whether waiting could still bring something to its end.
  bool has_work() const;
  // Counts what is left. Nothing may follow.
  void finish();

  const Destination& destination() const { return destination_; }
  const LinkCounters& counters() const { return counters_; }

 private:
  enum class State : uint8_t { Away, Connecting, Open };
  struct Spooled {
    std::string bytes;
    Kind kind;
    bool counted = false;  // as sent
  };

  Result<void> open_socket();
  void begin_connect(Nanoseconds now);
  void connected(Nanoseconds now);
  void lose(const char* why, Nanoseconds now);
  void lose(int code, Nanoseconds now);
  bool is_alive(Nanoseconds now);
  void flush(Nanoseconds now);
  void flush_udp();
  void flush_tcp(Nanoseconds now);
  void take_refusal();
  void release();
  void written(Spooled& message);
  void close_socket();

  Destination destination_;
  size_t spool_limit_;
  Voice& voice_;
  int socket_ = -1;
  State state_ = State::Away;
  // The first `written_` are in the hands of the kernel, but not confirmed by the other side; of
  // the next one `offset_` octets are.
  std::deque<Spooled> spool_;
  size_t written_ = 0, offset_ = 0;
  uint64_t unconfirmed_bytes_ = 0;
  size_t spooled_bytes_ = 0;
  Nanoseconds pause_ = kFirstPause, retry_at_ = 0, connect_until_ = 0;
  bool blocked_ = false;  // the kernel takes no more at present
  size_t attempts_ = 0;   // since there was a connection
  bool missed_ = false;   // said to be away
  LinkCounters counters_;
};

}  // namespace siploom::simulate::live
