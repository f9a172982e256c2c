// ChunkedReader: takes the chunked coding (RFC 9112 7.1) off a body, in pieces as they come.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/function_ref.h"

namespace siploom::intake {

class ChunkedReader final {
 public:
  static constexpr size_t kMaxLineBytes = 256;  // a size and its extensions, a trailer
  static constexpr size_t kMaxTrailers = 32;

  enum class Step : uint8_t { More, End, Bad };
  // Gives body octets to `body`. `used`: what belonged to the body; after End less than all.
  Step feed(ByteSpan in, size_t& used, FunctionRef<bool(ByteSpan)> body);

 private:
  enum class State : uint8_t { Size, Data, DataEnd, Trailer };
  Step line_done();

  State state_ = State::Size;
  std::string line_;
  uint64_t left_ = 0;
  size_t trailers_ = 0;
};

}  // namespace siploom::intake
