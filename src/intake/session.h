// Session: what one connection says, inside TLS or not, without sockets: its first octets tell HEP3
// framing, HTTP or (behind HTTP) WebSocket apart.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "intake/taker.h"

namespace siploom::intake {

class HepFramer;
class HttpSession;
class WebSocketSession;

class Session final {
 public:
  // Answers not yet sent; a peer that asks on and reads nothing is cut off.
  static constexpr size_t kMaxOutputBytes = 256 * 1024;

  enum class Phase : uint8_t { Opening, Begun, Idle };

  explicit Session(bool secure, bool sctp = false);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) = delete;

  // Takes all of `in`, which may be changed in place.
  void feed(std::span<uint8_t> in, Taker& taker);
  // The peer has closed: what was begun is counted.
  void finish(Taker& taker);

  bool is_over() const { return over_; }  // nothing more is read; close once output() is sent
  std::string& output() { return output_; }
  Phase phase() const;
  // Grows with each message, request or frame; tells a begun one from the next.
  uint64_t units() const { return units_; }
  uint64_t http_refused() const;
  capture::Carrier carrier() const;
  size_t held_bytes() const;  // memory that depends on what the peer sent

 private:
  enum class Kind : uint8_t { Unknown, Hep, Http, WebSocket };
  void decide(ByteSpan in, size_t& used, Taker& taker);
  void go_on(std::span<uint8_t> in, Taker& taker);
  size_t go_on_http(std::span<uint8_t> in, const Handover& to);
  void end() { over_ = true; }

  static constexpr size_t kMaxOpening = 8;
  bool secure_, sctp_;
  bool over_ = false;
  Kind kind_ = Kind::Unknown;
  uint8_t opening_size_ = 0;
  std::array<uint8_t, kMaxOpening> opening_{};
  uint64_t units_ = 0;
  std::unique_ptr<HepFramer> framer_;
  std::unique_ptr<HttpSession> http_;
  std::unique_ptr<WebSocketSession> websocket_;
  std::string output_;
};

}  // namespace siploom::intake
