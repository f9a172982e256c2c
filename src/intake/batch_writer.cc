#include "intake/batch_writer.h"

#include "base/check.h"

namespace siploom::intake {

void BatchWriter::start(capture::FrameBatch& batch, size_t target_bytes) {
  batch.clear();
  batch.first_number = frames_ + 1;
  batch_ = &batch;
  target_bytes_ = target_bytes;
}

std::span<uint8_t> BatchWriter::add(const capture::IntakeHeader& header, ByteSpan message,
                                    Timestamp time) {
  SL_CHECK(message.size() <= kMaxMessageBytes);
  const size_t size = capture::kIntakeHeaderBytes + message.size();
  if (block_ == nullptr || BlockPool::kBlockBytes - used_ < size) {
    block_ = pool_.take();
    used_ = 0;
  }
  // A block lives on into the next batch: both own it, and write and read different octets.
  if (batch_->owners.empty() || batch_->owners.back() != block_) batch_->owners.push_back(block_);
  uint8_t* const at = block_.get() + used_;
  capture::encode_intake_header(header, at);
  uint8_t* const copy = at + capture::kIntakeHeaderBytes;
  std::memcpy(copy, message.data(), message.size());
  used_ += size;
  capture::Frame& frame = batch_->frames.emplace_back();
  frame.data = at;
  frame.captured = frame.original = static_cast<uint32_t>(size);
  frame.link = capture::LinkType::HepIntake;
  frame.time = time;
  batch_->file_bytes += size;
  ++frames_;
  bytes_ += size;
  return {copy, message.size()};
}

}  // namespace siploom::intake
