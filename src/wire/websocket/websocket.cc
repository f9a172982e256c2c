#include "wire/websocket/websocket.h"

#include <algorithm>
#include <array>

#include "base/find.h"
#include "base/text.h"

namespace siploom::websocket {

namespace {

constexpr size_t kMaxUpgradeHead = 16 * 1024;
constexpr uint8_t kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPong = 10;

struct FrameHead {
  size_t header = 0;  // octets; 0: not whole yet
  uint64_t payload = 0;
  std::array<uint8_t, 4> mask{};
  uint8_t opcode = 0;
  bool final = false, masked = false, bad = false;
};

// RFC 6455 5.2
FrameHead read_head(ByteSpan bytes) {
  FrameHead head;
  if (bytes.size() < 2) return head;
  head.final = (bytes[0] & 0x80) != 0;
  head.opcode = bytes[0] & 0x0F;
  head.masked = (bytes[1] & 0x80) != 0;
  const bool known = head.opcode <= kBinary || (head.opcode >= kClose && head.opcode <= kPong);
  head.bad = (bytes[0] & 0x70) != 0 || !known;
  const uint8_t length = bytes[1] & 0x7F;
  const size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
  const size_t header = 2 + extra + (head.masked ? 4 : 0);
  if (bytes.size() < header) return head;
  head.payload = length == 126   ? load_be16(&bytes[2])
                 : length == 127 ? load_be64(&bytes[2])
                                 : length;
  head.bad = head.bad || head.payload > Reader::kMaxMessageBytes ||
             (head.opcode >= kClose && length > 125);
  if (head.masked)
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(header) - 4, 4, head.mask.begin());
  head.header = header;
  return head;
}

}  // namespace

Step Reader::next(ByteSpan stream, size_t& used) {
  used = 0;
  if (done_) {
    message_.clear();
    done_ = in_message_ = false;
  }
  const FrameHead head = read_head(stream);
  if (head.bad) return Step::Bad;
  if (head.header == 0 || stream.size() - head.header < head.payload) return Step::NeedMore;
  used = head.header + static_cast<size_t>(head.payload);
  if (head.opcode >= kClose) return Step::Control;
  if ((head.opcode == kContinuation) != in_message_) {
    // Captured from the middle: a continuation without its beginning is passed over.
    if (head.opcode == kContinuation) return Step::Control;
    message_.clear();
  }
  if (message_.size() + head.payload > kMaxMessageBytes) return Step::Bad;
  if (head.opcode != kContinuation) text_ = head.opcode == kText;
  const ByteSpan payload = stream.subspan(head.header, static_cast<size_t>(head.payload));
  const size_t before = message_.size();
  message_.append(as_text(payload));
  if (head.masked) {
    for (size_t i = 0; i < payload.size(); ++i) {
      message_[before + i] = static_cast<char>(payload[i] ^ head.mask[i % 4]);
    }
  }
  in_message_ = true;
  done_ = head.final;
  return head.final ? Step::Message : Step::Control;
}

size_t upgrade_head_length(ByteSpan stream) {
  const std::string_view text = as_text(stream);
  const std::string_view get = "GET ", answer = "HTTP/1.1 101";
  const auto begins = [&](std::string_view word) {
    return text.size() >= word.size() ? text.starts_with(word) : word.starts_with(text);
  };
  if (text.empty() || (!begins(get) && !begins(answer))) return 0;
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return text.size() < kMaxUpgradeHead ? kNeedMore : 0;
  const std::string_view head = text.substr(0, end);
  const size_t upgrade = find_any_case(head, "\nupgrade:");
  if (upgrade == std::string_view::npos) return 0;
  std::string_view rest = head.substr(upgrade + 1);
  return find_any_case(take_line(rest), "websocket") == std::string_view::npos ? 0 : end + 4;
}

bool looks_like_sip_frame(ByteSpan stream) {
  const FrameHead head = read_head(stream);
  if (head.bad || head.header == 0 || !head.final ||
      (head.opcode != kText && head.opcode != kBinary))
    return false;
  if (head.payload < 4) return false;
  char begin[12] = {};
  const size_t size =
      std::min({sizeof begin, stream.size() - head.header, static_cast<size_t>(head.payload)});
  for (size_t i = 0; i < size; ++i) {
    begin[i] = static_cast<char>(stream[head.header + i] ^ (head.masked ? head.mask[i % 4] : 0));
  }
  const std::string_view text(begin, size);
  if (text.starts_with("\r\n\r\n") || text.starts_with("SIP/2.0 ")) return true;
  const size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  return word.size() >= 3 &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace siploom::websocket
