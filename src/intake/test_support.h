// What the intake's tests share: HEP messages, a taker that notes, a clock turned by hand, an
// intake that is read by a thread, and a client.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <zlib.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "intake/intake.h"
#include "intake/taker.h"

namespace siploom::intake::test {

inline std::string be16(size_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }
inline std::string chunk(uint16_t type, const std::string& value, uint16_t vendor = 0) {
  return be16(vendor) + be16(type) + be16(value.size() + 6) + value;
}
// A HEP3 message with a payload, and a key if there is one.
inline std::string hep3(const std::string& payload, const std::string& key = "",
                        const char* magic = "HEP3") {
  std::string chunks = chunk(1, "\x02") + chunk(3, std::string("\xc0\x00\x02\x0a", 4)) +
                       chunk(4, std::string("\xc6\x33\x64\x14", 4));
  if (!key.empty()) chunks += chunk(14, key);
  chunks += chunk(15, payload);
  return magic + be16(chunks.size() + 6) + chunks;
}
inline std::string hep1() {
  return std::string("\x01\x10\x02\x11\x13\xc4\x13\xd8\xc0\x00\x02\x0a\xc6\x33\x64\x14", 16) +
         "OPTIONS sip:a@b SIP/2.0\r\n\r\n";
}

// `window` as zlib has it: 15 for its own framing, 16 more for gzip.
inline std::string gzip(const std::string& text, int window = 15 + 16) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class Notes final : public Taker {
 public:
  Drop take(ByteSpan message, capture::Carrier carrier) override {
    last_carrier = carrier;
    if (refuse_with != Drop::None) {
      count(refuse_with);
      return refuse_with;
    }
    messages.emplace_back(as_text(message));
    return Drop::None;
  }
  void count(Drop trouble) override { ++drops[static_cast<size_t>(trouble)]; }
  uint64_t dropped(Drop why) const { return drops[static_cast<size_t>(why)]; }

  std::vector<std::string> messages;
  DropCounts drops{};
  capture::Carrier last_carrier = capture::Carrier::Udp;
  Drop refuse_with = Drop::None;
};

class HandClock final : public Clock {
 public:
  Timestamp wall() const override { return {1'700'000'000 * kSecond + now_.load()}; }
  Nanoseconds monotonic() const override { return now_.load(); }
  void turn(Nanoseconds by) { now_ += by; }

 private:
  std::atomic<Nanoseconds> now_{1'000 * kSecond};
};

struct Taken {
  capture::IntakeHeader header;
  std::string message;
  Timestamp time;
};

inline constexpr auto kSoon = std::chrono::seconds(20);  // for what must happen; it ends at once
template <class Truth>
bool eventually(Truth&& truth) {
  const auto until = std::chrono::steady_clock::now() + kSoon;
  while (!truth()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline IntakeOptions loopback() {
  IntakeOptions options;
  options.listen = {*parse_endpoint("127.0.0.1:0")};
  options.receive_buffer_bytes = 1u << 20;
  return options;
}

// An intake and the one thread that reads it.
class Running final {
 public:
  explicit Running(IntakeOptions options = loopback()) {
    auto opened = open_intake(std::move(options));
    if (!opened) FAIL(opened.error().message);
    intake_ = std::move(*opened);
    reader_ = std::jthread([this](const std::stop_token& stop) {
      capture::FrameBatch batch;
      while (!stop.stop_requested()) {
        if (!intake_->next(batch, 384 * 1024)) return;
        note(batch);
      }
    });
  }
  ~Running() { stop(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void stop() {
    if (!reader_.joinable()) return;
    reader_.request_stop();
    intake_->wake();
    reader_.join();
  }
  Intake& intake() { return *intake_; }
  Endpoint at(size_t i = 0) const { return intake_->endpoints().at(i); }
  std::vector<Taken> taken() {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return taken_.size();
  }
  bool wait_for(size_t messages) {
    return eventually([&] { return count() >= messages; });
  }
  bool wait_for_drop(Drop why, uint64_t times = 1) {
    return eventually([&] { return dropped(why) >= times; });
  }
  uint64_t dropped(Drop why) const {
    return intake_->snapshot().totals.drops[static_cast<size_t>(why)];
  }
  void note(const capture::FrameBatch& batch) {
    const std::lock_guard lock(mutex_);
    for (const capture::Frame& frame : batch.frames) {
      const auto header = capture::decode_intake_header(frame.bytes());
      if (!header || frame.link != capture::LinkType::HepIntake) continue;
      taken_.push_back({*header,
                        std::string(as_text(frame.bytes().subspan(capture::kIntakeHeaderBytes))),
                        frame.time});
    }
  }

 private:
  std::unique_ptr<Intake> intake_;
  std::mutex mutex_;
  std::vector<Taken> taken_;
  std::jthread reader_;
};

// A blocking socket to an intake.
class Client final {
 public:
  Client(const Endpoint& to, int type, int protocol = 0) {
    fd_ = ::socket(AF_INET, type, protocol);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    std::memcpy(&address.sin_addr, &to.address.octets[12], 4);
    const timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    is_connected = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  static Client udp(const Endpoint& to) { return Client(to, SOCK_DGRAM); }
  static Client tcp(const Endpoint& to) { return Client(to, SOCK_STREAM); }
  bool send(std::string_view octets) const {
    while (!octets.empty()) {
      const ssize_t size = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      octets.remove_prefix(static_cast<size_t>(size));
    }
    return true;
  }
  // Until `end` is the end of what came, or the peer closed (an empty `end`).
  std::string receive(std::string_view end = "") const {
    std::string out;
    char piece[4096];
    while (end.empty() || !out.ends_with(end)) {
      const ssize_t size = ::recv(fd_, piece, sizeof piece, 0);
      if (size <= 0) break;
      out.append(piece, static_cast<size_t>(size));
    }
    return out;
  }
  // The other side has closed (or reset) within a second.
  bool is_closed() const {
    char piece[4096];
    pollfd waiting{fd_, POLLIN, 0};
    for (;;) {
      if (::poll(&waiting, 1, 20'000) <= 0) return false;
      if (::recv(fd_, piece, sizeof piece, MSG_DONTWAIT) <= 0) return true;
    }
  }
  bool is_open() const {
    pollfd waiting{fd_, POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 0;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int fd() const { return fd_; }
  bool is_connected = false;

 private:
  int fd_ = -1;
};

// A frame as a WebSocket client sends it (RFC 6455 5.2).
inline std::string websocket_frame(int opcode, const std::string& payload, bool final = true) {
  const std::string mask = "\x12\x34\x56\x78";
  std::string out(1, static_cast<char>((final ? 0x80 : 0) | opcode));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65'536) {
    out += static_cast<char>(0xFE) + be16(payload.size());
  } else {
    out += static_cast<char>(0xFF) + be16(0) + be16(0) + be16(payload.size() >> 16) +
           be16(payload.size() & 0xFFFF);
  }
  out += mask;
  for (size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}
inline const std::string kUpgrade =
    "GET /hep HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: hep, other\r\n\r\n";
inline std::string post(const std::string& body, const std::string& headers = "") {
  return "POST /any HTTP/1.1\r\nHost: x\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace siploom::intake::test
