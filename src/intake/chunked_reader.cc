#include "intake/chunked_reader.h"

#include <algorithm>

#include "base/text.h"

namespace siploom::intake {

namespace {

constexpr uint64_t kMaxChunkBytes = uint64_t{1} << 40;

}  // namespace

// `line_` is whole, without its line end.
ChunkedReader::Step ChunkedReader::line_done() {
  const std::string line = std::move(line_);
  line_.clear();
  if (state_ == State::DataEnd) {
    state_ = State::Size;
    return line.empty() ? Step::More : Step::Bad;
  }
  if (state_ == State::Trailer) {
    if (line.empty()) return Step::End;
    return ++trailers_ > kMaxTrailers ? Step::Bad : Step::More;
  }
  const auto size = parse_number<uint64_t>(trim(split_once(line, ';').before), 16);
  if (!size || *size > kMaxChunkBytes) return Step::Bad;
  left_ = *size;
  state_ = left_ == 0 ? State::Trailer : State::Data;
  return Step::More;
}

ChunkedReader::Step ChunkedReader::feed(ByteSpan in, size_t& used,
                                        FunctionRef<bool(ByteSpan)> body) {
  used = 0;
  while (used < in.size()) {
    if (state_ == State::Data) {
      const auto size = static_cast<size_t>(std::min<uint64_t>(left_, in.size() - used));
      const bool wanted = body(in.subspan(used, size));
      used += size;
      left_ -= size;
      if (left_ == 0) state_ = State::DataEnd;
      if (!wanted) return Step::Bad;
      continue;
    }
    const char octet = static_cast<char>(in[used++]);
    if (octet == '\n') {
      if (line_.empty() || line_.back() != '\r') return Step::Bad;
      line_.pop_back();
      const Step step = line_done();
      if (step != Step::More) return step;
    } else {
      if (line_.size() >= (state_ == State::DataEnd ? 1 : kMaxLineBytes)) return Step::Bad;
      line_ += octet;
    }
  }
  return Step::More;
}

}  // namespace siploom::intake
