#include "wire/sip/framer.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "wire/sip/header_id.h"
#include "wire/sip/shape.h"

namespace siploom::sip {

namespace {

constexpr size_t kNoEnd = static_cast<size_t>(-1);

// Octets up to and with the empty line, or kNoEnd. `from` must not lie inside the sequence being
// looked for.
size_t end_of_headers(std::string_view text, size_t from) {
  for (size_t at = from;;) {
    const void* found =
        at < text.size() ? std::memchr(text.data() + at, '\n', text.size() - at) : nullptr;
    if (found == nullptr) return kNoEnd;
    const auto lf = static_cast<size_t>(static_cast<const char*>(found) - text.data());
    if (lf + 1 < text.size() && text[lf + 1] == '\n') return lf + 2;
    if (lf + 2 < text.size() && text[lf + 1] == '\r' && text[lf + 2] == '\n') return lf + 3;
    at = lf + 1;
  }
}

// Content-Length among these header lines; 0 when there is none (RFC 3261 20.14) or it is not a
// number.
size_t content_length(std::string_view headers) {
  while (!headers.empty()) {
    const std::string_view line = take_line(headers);
    const Halves halves = split_once(line, ':');
    if (!halves.found || header_id(trim(halves.before)) != HeaderId::ContentLength) continue;
    return parse_number<size_t>(trim(halves.after)).value_or(0);
  }
  return 0;
}

bool could_begin_sip(std::string_view text) {
  // Until its line is whole, a start line is given the benefit of the doubt if it is text.
  const size_t end = text.find('\n');
  if (end != std::string_view::npos) return looks_like_sip(as_bytes(text.substr(0, end + 1)));
  if (text.size() > kMaxStartLine) return false;
  for (const char c : text.substr(0, 64)) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\r') return false;
  }
  const size_t word = text.find(' ');
  return (word == std::string_view::npos ? text.size() : word) <= 32 && (is_alnum(text.front()));
}

// Offset of the next line that looks like a start line; the length of the text when there is none.
// A line that is not whole yet is left for the next time.
size_t next_start(std::string_view text) {
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    if (rest.empty() || rest.front() == '\r' || rest.front() == '\n') continue;
    const size_t line_end = rest.find('\n');
    if (line_end == std::string_view::npos) return could_begin_sip(rest) ? at + 1 : text.size();
    if (looks_like_sip(as_bytes(rest.substr(0, line_end + 1)))) return at + 1;
  }
  return text.size();
}

}  // namespace

FrameResult frame_stream(ByteSpan stream, FramerState& state) {
  const std::string_view text = as_text(stream);
  if (text.empty()) return {};
  if (state.message_size == 0) {
    size_t blank = 0;
    while (blank < text.size() && (text[blank] == '\r' || text[blank] == '\n')) ++blank;
    if (blank != 0) return {FrameStep::KeepAlive, blank};
    if (!could_begin_sip(text)) {
      state = {};
      return {FrameStep::Skip, next_start(text)};
    }
    // The empty line may have begun in what was searched: step back over its three possible octets.
    const size_t end = end_of_headers(text, state.searched < 3 ? 0 : state.searched - 3);
    if (end == kNoEnd) {
      if (text.size() < kMaxStreamHeaders) {
        state.searched = text.size();
        return {};
      }
      state = {};
      return {FrameStep::Skip, std::max<size_t>(1, next_start(text))};
    }
    const size_t body = content_length(text.substr(0, end));
    // A length beyond all reason is a lie: take the headers, and look for the next start line
    // behind them.
    state.message_size = body > kMaxStreamMessage - end ? end : end + body;
  }
  if (state.message_size > text.size()) return {};
  const FrameResult result{FrameStep::Message, state.message_size};
  state = {};
  return result;
}

ByteSpan take_truncated(ByteSpan left) {
  const std::string_view text = as_text(left);
  size_t begin = 0;
  if (!looks_like_sip(left) || text.front() == '\r' || text.front() == '\n')
    begin = next_start(text);
  if (begin >= text.size() || !looks_like_sip(left.subspan(begin))) return {};
  return left.subspan(begin, next_start(text.substr(begin)));
}

bool has_whole_headers(ByteSpan message) { return end_of_headers(as_text(message), 0) != kNoEnd; }

}  // namespace siploom::sip
