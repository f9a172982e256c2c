// StreamWriter: a response body written piece by piece on a thread of the pool for streams.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/body_source.h"

namespace siploom::http {

class GzipStream;

// Octets that wait for a client, at most; a write blocks beyond.
constexpr size_t kStreamQueuedBytesMax = 256 * 1024;

// Between the writer and the connection.
class StreamQueue final : public BodySource {
 public:
  void attach(std::function<void()> wake) override;
  Taken take(std::string& out) override;
  void detach() override;
  void stop() override { detach_with_wake(); }

  // Writer's side. False once nobody reads.
  bool put(std::string_view bytes);
  void end(bool whole);
  bool is_open() const;

 private:
  void detach_with_wake();
  void wake_locked();

  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::string bytes_;
  std::function<void()> wake_;
  bool armed_ = true;  // the reader has seen that there is nothing
  bool ended_ = false, whole_ = false, gone_ = false;
};

// What a streaming handler writes to. One thread.
class StreamWriter final {
 public:
  StreamWriter(std::shared_ptr<StreamQueue> queue, bool gzip);
  ~StreamWriter();
  StreamWriter(const StreamWriter&) = delete;
  StreamWriter& operator=(const StreamWriter&) = delete;

  // Blocks while kStreamQueuedBytesMax octets wait for a slow client (one that takes nothing at all
  // is given up after ServerLimits::write_stall). False when the client has gone or the server
  // stops: then return.
  bool write(std::string_view text);
  bool is_open() const { return queue_->is_open(); }
  // The rest cannot be had: the connection is cut, so that the client sees that the body is not
  // whole.
  void abort() { aborted_ = true; }

  // For the server: what ends the body.
  void finish();

 private:
  std::shared_ptr<StreamQueue> queue_;
  std::unique_ptr<GzipStream> gzip_;
  bool aborted_ = false;
};

}  // namespace siploom::http
