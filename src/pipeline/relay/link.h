// Link: the connection to a far end over TCP or TLS, or the socket for UDP. Made again with growing
// pauses when it breaks. One thread; no call blocks (but for the name server's answer).
#pragma once

#include <poll.h>

#include <memory>
#include <string>

#include "base/time.h"
#include "intake/fd.h"
#include "pipeline/relay/options.h"
#include "pipeline/relay/tls_client.h"

namespace siploom::pipeline::relay {

class Link final {
 public:
  static constexpr Nanoseconds kFirstPause = 250 * kMillisecond;
  static constexpr Nanoseconds kLongestPause = 15 * kSecond;
  static constexpr Nanoseconds kConnectLimit = 10 * kSecond;
  static constexpr size_t kBufferBytes = 256 * 1024;  // octets on their way to the kernel

  Link(Destination destination, std::shared_ptr<const TlsTrust> trust);

  // Connects, reads what came, writes what waits. False: the connection broke, or could not be
  // made; what was sent since confirmed() is to be sent again, and why() tells.
  bool pump(Nanoseconds now);
  bool is_open() const { return state_ == State::Open; }
  bool is_blocked() const { return blocked_; }  // the kernel takes no more at present

  // Streams: whether write() may be called now.
  bool has_room() const { return is_open() && out_.size() < kBufferBytes; }
  // Streams: puts a message behind the others; gives its end, to be compared with confirmed().
  uint64_t write(std::string_view message);
  // Streams: how far the other side's kernel has confirmed what was written.
  uint64_t confirmed() const;

  enum class Sent : uint8_t { Sent, Later, Failed };
  // Datagrams. Failed: this one is lost, and why() tells.
  Sent send(std::string_view datagram, Nanoseconds now);

  pollfd wanted() const;
  // When pump() should be called even if no socket is ready; INT64_MAX: no matter.
  Nanoseconds next_pump() const;
  const std::string& why() const { return why_; }
  uint64_t connects() const { return connects_; }
  uint64_t refused() const { return refused_; }  // datagrams of which ICMP said that nobody listens

 private:
  enum class State : uint8_t { Away, Connecting, Handshake, Open };
  bool is_stream() const { return destination_.protocol != Protocol::Udp; }
  bool open_socket(Nanoseconds now);
  bool connect_done(Nanoseconds now);
  void opened();
  bool read(Nanoseconds now);
  bool flush(Nanoseconds now);
  bool lose(std::string why, Nanoseconds now);
  bool lose(int code, Nanoseconds now);

  Destination destination_;
  std::shared_ptr<const TlsTrust> trust_;
  State state_ = State::Away;
  intake::Fd fd_;
  std::unique_ptr<TlsClient> tls_;
  std::string out_;
  size_t out_at_ = 0;                 // of out_, what the kernel has
  uint64_t produced_ = 0, sent_ = 0;  // octets of this connection
  bool blocked_ = false;
  Nanoseconds pause_ = kFirstPause, retry_at_ = 0, connect_until_ = 0;
  size_t attempts_ = 0;
  uint64_t connects_ = 0, refused_ = 0;
  std::string why_;
};

}  // namespace siploom::pipeline::relay
