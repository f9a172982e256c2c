#include "intake/websocket_session.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/text.h"

namespace siploom::intake {

namespace {

constexpr uint8_t kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
constexpr uint16_t kProtocolError = 1002, kUnsupported = 1003, kTooBig = 1009;
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// A control frame from the server: final, not masked, at most 125 octets.
void add_control(uint8_t opcode, ByteSpan payload, std::string& out) {
  out += static_cast<char>(0x80 | opcode);
  out += static_cast<char>(payload.size());
  out.append(as_text(payload));
}

void add_close(uint16_t code, std::string& out) {
  const std::array<uint8_t, 2> payload = {static_cast<uint8_t>(code >> 8),
                                          static_cast<uint8_t>(code)};
  add_control(kClose, payload, out);
}

}  // namespace

bool is_websocket_key(std::string_view key) {
  return key.size() == 24 && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2,
                     [](char c) { return is_alnum(c) || c == '+' || c == '/'; });
}

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key) + std::string(kGuid);
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64(as_text(ByteSpan(digest).first(size)));
}

// RFC 6455 5.2; what a client sends is masked.
size_t WebSocketSession::head_wanted() const {
  if (head_size_ < 2) return 2;
  const int length = head_[1] & 0x7F;
  const size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
  return 2 + extra + 4;
}

bool WebSocketSession::feed(std::span<uint8_t> in, const Handover& to, std::string& out) {
  while (!in.empty()) {
    if (!in_payload_) {
      head_[head_size_++] = in[0];
      in = in.subspan(1);
      if (head_size_ < head_wanted()) {
        // A client that does not mask would be misread from here on.
        if (head_size_ == 2 && (head_[1] & 0x80) == 0) return fail(kProtocolError, to, out);
        continue;
      }
      if (!begin_frame(to, out)) return false;
    }
    const auto size = static_cast<size_t>(std::min<uint64_t>(left_, in.size()));
    take_payload(in.first(size), to);
    left_ -= size;
    in = in.subspan(size);
    if (left_ == 0 && !end_frame(to, out)) return false;
  }
  return true;
}

bool WebSocketSession::begin_frame(const Handover& to, std::string& out) {
  final_ = (head_[0] & 0x80) != 0;
  opcode_ = head_[0] & 0x0F;
  const int length = head_[1] & 0x7F;
  left_ = length == 126   ? load_be16(&head_[2])
          : length == 127 ? load_be64(&head_[2])
                          : static_cast<uint64_t>(length);
  std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(head_size_) - 4, 4, mask_.begin());
  mask_at_ = 0;
  head_size_ = 0;
  control_size_ = 0;
  if ((head_[0] & 0x70) != 0) return fail(kProtocolError, to, out);
  if (opcode_ >= kClose) {
    if (opcode_ > kPong || !final_ || left_ > kMaxControl) return fail(kProtocolError, to, out);
  } else {
    if (opcode_ == kText) return fail(kUnsupported, to, out);
    if (opcode_ > kBinary || (opcode_ == kContinuation) != in_message_)
      return fail(kProtocolError, to, out);
    if (left_ > kMaxMessageBytes - message_bytes_) return fail(kTooBig, to, out);
    message_bytes_ += left_;
    in_message_ = true;
  }
  in_payload_ = true;
  return true;
}

void WebSocketSession::take_payload(std::span<uint8_t> payload, const Handover& to) {
  unmask(payload);
  if (opcode_ >= kClose) {
    std::copy(payload.begin(), payload.end(),
              control_.begin() + static_cast<std::ptrdiff_t>(control_size_));
    control_size_ += payload.size();
  } else if (!framing_lost_) {
    framing_lost_ = !framer_.feed(payload, to);
  }
}

bool WebSocketSession::end_frame(const Handover& to, std::string& out) {
  in_payload_ = false;
  const ByteSpan control = ByteSpan(control_).first(control_size_);
  if (opcode_ == kPing) add_control(kPong, control, out);
  if (opcode_ == kClose) {
    // RFC 6455 5.5.1: the code is sent back.
    add_control(kClose, control.first(std::min<size_t>(2, control.size())), out);
    finish(to);
    return false;
  }
  if (opcode_ < kClose && final_) {
    framer_.finish(to);
    framing_lost_ = in_message_ = false;
    message_bytes_ = 0;
    ++messages_;
  }
  return true;
}

bool WebSocketSession::fail(uint16_t code, const Handover& to, std::string& out) {
  to.count(code == kTooBig ? Drop::Oversize : Drop::BadFrame);
  add_close(code, out);
  return false;
}

void WebSocketSession::unmask(std::span<uint8_t> payload) {
  std::array<uint8_t, 8> turned{};
  for (size_t i = 0; i < 8; ++i) turned[i] = mask_[(mask_at_ + i) % 4];
  uint64_t mask = 0;
  std::memcpy(&mask, turned.data(), 8);
  size_t i = 0;
  for (; i + 8 <= payload.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, &payload[i], 8);
    word ^= mask;
    std::memcpy(&payload[i], &word, 8);
  }
  for (; i < payload.size(); ++i) payload[i] ^= turned[i % 8];
  mask_at_ += payload.size();
}

void WebSocketSession::finish(const Handover& to) {
  if (in_message_) to.count(Drop::BadFrame);
  in_message_ = false;
}

}  // namespace siploom::intake
