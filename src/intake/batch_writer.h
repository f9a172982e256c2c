// BatchWriter: puts messages, each behind its intake header, into the batch that is being filled.
#pragma once

#include "capture/intake_header.h"
#include "capture/source.h"
#include "intake/block_pool.h"

namespace siploom::intake {

class BatchWriter final {
 public:
  // Frames go to `batch` (cleared here) until it holds about `target_bytes`.
  void start(capture::FrameBatch& batch, size_t target_bytes);
  // Adds a frame and gives its message's octets, copied, to be changed until the batch is given
  // away. `message` is at most kMaxMessageBytes.
  std::span<uint8_t> add(const capture::IntakeHeader& header, ByteSpan message, Timestamp time);

  static constexpr size_t kMaxMessageBytes = 512 * 1024;

  bool is_full() const { return batch_->file_bytes >= target_bytes_; }
  bool is_empty() const { return batch_->frames.empty(); }
  uint64_t frames() const { return frames_; }
  uint64_t bytes() const { return bytes_; }

 private:
  BlockPool pool_;
  std::shared_ptr<uint8_t[]> block_;
  size_t used_ = 0;
  capture::FrameBatch* batch_ = nullptr;
  size_t target_bytes_ = 0;
  uint64_t frames_ = 0, bytes_ = 0;
};

}  // namespace siploom::intake
