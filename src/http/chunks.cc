#include "http/chunks.h"

#include <algorithm>

#include "base/text.h"

namespace siploom::http {

ChunkReader::Step ChunkReader::feed(std::string_view in, size_t& used, std::string_view& piece) {
  used = 0;
  piece = {};
  while (at_ != At::Done && at_ != At::Failed && used < in.size()) {
    if (at_ != At::Data) {
      at_ = next(in[used++]);
      continue;
    }
    piece = in.substr(used, std::min<uint64_t>(left_, in.size() - used));
    used += piece.size();
    left_ -= piece.size();
    if (left_ == 0) at_ = At::DataCr;
    return Step::Data;
  }
  if (at_ == At::Done) return Step::Done;
  return at_ == At::Failed ? Step::Failed : Step::NeedMore;
}

// Inside text that is passed over: to its CR, refusing bare line ends and other controls.
ChunkReader::At ChunkReader::within(char c, At same, At line_feed, size_t bytes_max) {
  if (c == '\r') return line_feed;
  if (++line_bytes_ > bytes_max || (static_cast<unsigned char>(c) < 0x20 && c != '\t'))
    return At::Failed;
  return same;
}

ChunkReader::At ChunkReader::after_digit(char c) {
  const int digit = hex_value(c);
  if (digit < 0) {
    line_bytes_ = 0;
    if (c == '\r') return At::SizeLf;
    return c == ';' || is_blank(c) ? At::Extension : At::Failed;
  }
  if (left_ >> 59 != 0) return At::Failed;  // the next digit would not fit
  left_ = left_ * 16 + static_cast<uint64_t>(digit);
  return At::Digits;
}

ChunkReader::At ChunkReader::next(char c) {
  switch (at_) {
    case At::FirstDigit:
      left_ = 0;
      return hex_value(c) < 0 ? At::Failed : after_digit(c);
    case At::Digits:
      return after_digit(c);
    case At::Extension:
      return within(c, At::Extension, At::SizeLf, kChunkExtensionBytesMax);
    case At::SizeLf:
      line_bytes_ = 0;  // of all trailers from here on
      if (c != '\n') return At::Failed;
      return left_ == 0 ? At::TrailerStart : At::Data;
    case At::DataCr:
      return c == '\r' ? At::DataLf : At::Failed;
    case At::DataLf:
      return c == '\n' ? At::FirstDigit : At::Failed;
    case At::TrailerStart:
      return within(c, At::Trailer, At::LastLf, kTrailerBytesMax);
    case At::Trailer:
      return within(c, At::Trailer, At::TrailerLf, kTrailerBytesMax);
    case At::TrailerLf:
      return c == '\n' ? At::TrailerStart : At::Failed;
    case At::LastLf:
      return c == '\n' ? At::Done : At::Failed;
    case At::Data:
    case At::Done:
    case At::Failed:
      break;
  }
  return At::Failed;
}

}  // namespace siploom::http
