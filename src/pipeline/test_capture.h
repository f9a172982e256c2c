// Captures in memory for tests: frames of small calls, given to the engine in batches.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "capture/source.h"
#include "packet/test_frames.h"

namespace siploom::pipeline::test {

inline constexpr Timestamp kStart{1'790'000'000 * kSecond};

using packet::test::Bytes;

struct TestFrame {
  Timestamp time;
  Bytes bytes;
};

// Gives its frames in batches of about the size that is asked for; may fail after some of them.
class TestSource final : public capture::Source {
 public:
  explicit TestSource(std::vector<TestFrame> frames, size_t fail_after = SIZE_MAX)
      : frames_(std::move(frames)), fail_after_(fail_after) {}
  Result<bool> next(capture::FrameBatch& batch, size_t target_bytes) override {
    batch.clear();
    batch.first_number = next_ + 1;
    while (next_ < frames_.size() && batch.file_bytes < target_bytes) {
      if (next_ >= fail_after_) return fail(ErrorCode::Io, "the disk is gone");
      const TestFrame& from = frames_[next_++];
      capture::Frame& frame = batch.frames.emplace_back();
      frame.time = from.time;
      frame.data = from.bytes.data();
      frame.captured = frame.original = static_cast<uint32_t>(from.bytes.size());
      batch.file_bytes += from.bytes.size();
    }
    return !batch.frames.empty();
  }
  capture::SourceStats stats() const override { return {}; }

 private:
  std::vector<TestFrame> frames_;
  size_t next_ = 0;
  size_t fail_after_;
};

inline std::string sip_text(std::string_view start_line, std::string_view call_id, int cseq,
                            std::string_view method, std::string_view body = {}) {
  return fmt::format(
      "{}\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{}-{}\r\nFrom: <sip:a@x>;tag=1\r\n"
      "To: <sip:b@x>\r\nCall-ID: {}\r\nCSeq: {} {}\r\nContent-Length: {}\r\n\r\n{}",
      start_line, call_id, cseq, call_id, cseq, method, body.size(), body);
}

inline Bytes udp_frame(std::string_view payload, bool back = false, uint16_t ip_id = 0) {
  packet::test::Ipv4Fields fields;
  fields.id = ip_id;
  if (back) std::swap(fields.last_src, fields.last_dst);
  return packet::test::ethernet(
      0x0800,
      packet::test::ipv4(packet::test::udp(5060, 5060, packet::test::bytes_of(payload)), fields));
}

// INVITE, 180, 200, ACK, BYE, 200: a second each.
inline void add_call(std::vector<TestFrame>& to, int number, Timestamp start) {
  const std::string id = fmt::format("call-{}", number);
  const auto add = [&](int second, const std::string& text, bool back) {
    to.push_back({start + second * kSecond, udp_frame(text, back)});
  };
  add(0, sip_text("INVITE sip:b@x SIP/2.0", id, 1, "INVITE"), false);
  add(1, sip_text("SIP/2.0 180 Ringing", id, 1, "INVITE"), true);
  add(2, sip_text("SIP/2.0 200 OK", id, 1, "INVITE"), true);
  add(3, sip_text("ACK sip:b@x SIP/2.0", id, 1, "ACK"), false);
  add(4, sip_text("BYE sip:b@x SIP/2.0", id, 2, "BYE"), false);
  add(5, sip_text("SIP/2.0 200 OK", id, 2, "BYE"), true);
}

}  // namespace siploom::pipeline::test
