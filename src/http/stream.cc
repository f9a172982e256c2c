#include "http/stream.h"

#include <algorithm>

#include "http/gzip.h"

namespace siploom::http {

void StreamQueue::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

BodySource::Taken StreamQueue::take(std::string& out) {
  const std::lock_guard lock(mutex_);
  if (gone_) return Taken::Broken;
  if (!bytes_.empty()) {
    out.swap(bytes_);
    bytes_.clear();
    room_.notify_all();
    return Taken::Some;
  }
  if (ended_) return whole_ ? Taken::End : Taken::Broken;
  armed_ = true;
  return Taken::Nothing;
}

void StreamQueue::detach() {
  const std::lock_guard lock(mutex_);
  gone_ = true;
  wake_ = nullptr;
  bytes_ = {};
  room_.notify_all();
}

void StreamQueue::detach_with_wake() {
  const std::lock_guard lock(mutex_);
  gone_ = true;
  wake_locked();
  room_.notify_all();
}

void StreamQueue::wake_locked() {
  if (!armed_ || !wake_) return;
  armed_ = false;
  wake_();
}

bool StreamQueue::put(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  while (!bytes.empty()) {
    room_.wait(lock, [&] { return gone_ || bytes_.size() < kStreamQueuedBytesMax; });
    if (gone_) return false;
    const size_t size = std::min(bytes.size(), kStreamQueuedBytesMax - bytes_.size());
    bytes_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    wake_locked();
  }
  return !gone_;
}

void StreamQueue::end(bool whole) {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  whole_ = whole;
  wake_locked();
}

bool StreamQueue::is_open() const {
  const std::lock_guard lock(mutex_);
  return !gone_;
}

StreamWriter::StreamWriter(std::shared_ptr<StreamQueue> queue, bool gzip)
    : queue_(std::move(queue)), gzip_(gzip ? std::make_unique<GzipStream>() : nullptr) {}
StreamWriter::~StreamWriter() = default;

bool StreamWriter::write(std::string_view text) {
  if (aborted_) return false;
  return gzip_ ? queue_->put(gzip_->write(text)) : queue_->put(text);
}

void StreamWriter::finish() {
  if (gzip_ && !aborted_) queue_->put(gzip_->finish());
  queue_->end(!aborted_);
}

}  // namespace siploom::http
