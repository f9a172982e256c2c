#include "simulate/output.h"

#include <algorithm>

namespace siploom::simulate {

namespace {

constexpr Nanoseconds kFragmentGap = 12 * kMicrosecond;  // 1500 octets at 1 Gbit/s
constexpr Nanoseconds kMirrorDelay = 9 * kMicrosecond;

}  // namespace

Output::Output(std::unique_ptr<capture::Writer> writer, Feed* feed, bool linux_sll, Truth& truth)
    : writer_(std::move(writer)),
      feed_(feed),
      truth_(truth),
      builder_(linux_sll),
      link_(linux_sll ? capture::LinkType::LinuxSll : capture::LinkType::Ethernet) {}

bool Output::udp(const Wire& wire, const Peer& src, const Peer& dst, ByteSpan payload,
                 Nanoseconds at) {
  if (feed_ != nullptr) {
    last_time_ = std::max(last_time_, at);
    return false;
  }
  builder_.begin_udp(wire, src, dst, payload, ip_ids_.next(src.host));
  const bool mirrored = wire.mirror && !builder_.is_fragmented();
  ByteSpan frame;
  for (; builder_.next_frame(frame); at += kFragmentGap) {
    emit(frame, at);
    if (mirrored) emit(frame, at + kMirrorDelay);
  }
  return mirrored;
}

void Output::tcp(const Wire& wire, const Peer& src, const Peer& dst, const TcpFields& fields,
                 ByteSpan payload, Nanoseconds at) {
  if (feed_ != nullptr) {
    last_time_ = std::max(last_time_, at);
    return;
  }
  builder_.begin_tcp(wire, src, dst, fields, payload, ip_ids_.next(src.host));
  ByteSpan frame;
  while (builder_.next_frame(frame)) {
    emit(frame, at);
    if (wire.mirror) emit(frame, at + kMirrorDelay);
  }
}

void Output::emit(ByteSpan frame, Nanoseconds at) {
  if (at <= now_) return write(frame, now_);
  uint32_t buffer = 0;
  if (free_buffers_.empty()) {
    buffer = static_cast<uint32_t>(buffers_.size());
    buffers_.emplace_back();
  } else {
    buffer = free_buffers_.back();
    free_buffers_.pop_back();
  }
  buffers_[buffer].assign(frame.begin(), frame.end());
  waiting_.push_back({at, order_++, buffer});
  std::push_heap(waiting_.begin(), waiting_.end());
}

void Output::release(Nanoseconds until) {
  while (!waiting_.empty() && waiting_.front().at <= until) {
    std::pop_heap(waiting_.begin(), waiting_.end());
    const Waiting next = waiting_.back();
    waiting_.pop_back();
    write(buffers_[next.buffer], next.at);
    free_buffers_.push_back(next.buffer);
  }
}

void Output::write(ByteSpan bytes, Nanoseconds at) {
  if (!status_) return;
  capture::Frame frame;
  frame.time = {at};
  frame.data = bytes.data();
  frame.captured = frame.original = static_cast<uint32_t>(bytes.size());
  frame.link = link_;
  last_time_ = at;
  ++truth_.packets;
  truth_.bytes += bytes.size();
  status_ = writer_->write(frame);
}

Result<void> Output::finish() {
  release(INT64_MAX);
  if (!status_ || feed_ != nullptr) return status_;
  return writer_->finish();
}

}  // namespace siploom::simulate
