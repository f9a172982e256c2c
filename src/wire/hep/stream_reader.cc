#include "wire/hep/stream_reader.h"

#include <algorithm>
#include <cstring>

#include "wire/hep/hep.h"

namespace siploom::hep {

namespace {

constexpr size_t kHead = 6;

// Whether more octets could make a head of these, at most 6.
bool may_begin_message(ByteSpan bytes) {
  for (const char* magic : {"HEP3", "EEP3", "EEP1"}) {
    if (std::memcmp(bytes.data(), magic, std::min<size_t>(4, bytes.size())) == 0) {
      return bytes.size() < kHead || load_be16(&bytes[4]) >= kHead;
    }
  }
  return false;
}

// Offset of the first octet that may begin a message, or the size.
size_t find_message(ByteSpan bytes) {
  for (size_t at = 0; at < bytes.size(); ++at) {
    if ((bytes[at] == 'H' || bytes[at] == 'E') && may_begin_message(bytes.subspan(at))) return at;
  }
  return bytes.size();
}

}  // namespace

void StreamReader::skip(size_t octets) {
  if (octets == 0) return;
  if (garbage_ == 0) ++counters_.resyncs;
  counters_.skipped_octets += octets;
  garbage_ += octets;
  lost_ = lost_ || garbage_ > kMaxGarbage;
}

void StreamReader::top_up(size_t size) {
  if (buffer_.size() >= size) return;
  const size_t part = std::min(size - buffer_.size(), input_.size());
  buffer_.insert(buffer_.end(), input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(part));
  input_ = input_.subspan(part);
}

StreamReader::Step StreamReader::from_buffer(ByteSpan& message) {
  while (!buffer_.empty()) {
    top_up(kHead);
    const size_t start = find_message(buffer_);
    if (start > 0) {
      skip(start);
      buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start));
      continue;
    }
    if (buffer_.size() < kHead) return Step::NeedMore;
    const size_t length = load_be16(&buffer_[4]);
    top_up(length);
    if (buffer_.size() < length) return Step::NeedMore;
    message = buffer_;
    given_ = true;
    return Step::Message;
  }
  return from_input(message);
}

StreamReader::Step StreamReader::from_input(ByteSpan& message) {
  const size_t start = find_message(input_);
  skip(start);
  input_ = input_.subspan(start);
  if (lost_ || input_.empty()) return Step::NeedMore;
  const auto length = stream_length(input_);
  if (length && *length <= input_.size()) {
    message = input_.first(*length);
    input_ = input_.subspan(*length);
    return Step::Message;
  }
  buffer_.assign(input_.begin(), input_.end());
  input_ = {};
  return Step::NeedMore;
}

StreamReader::Step StreamReader::next(ByteSpan& message) {
  if (given_) {
    buffer_.clear();
    given_ = false;
  }
  if (lost_) return Step::Lost;
  Step step = from_buffer(message);
  if (lost_) step = Step::Lost;
  if (step == Step::Message) {
    ++counters_.messages;
    garbage_ = 0;
  }
  if (step == Step::Lost) {
    input_ = {};
    buffer_ = {};
  }
  return step;
}

}  // namespace siploom::hep
