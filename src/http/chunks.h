// ChunkReader: the chunked transfer coding (RFC 9112 7.1), octet by octet, so that nothing has to
// be kept. One thread. (Inside the room.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace siploom::http {

constexpr size_t kChunkExtensionBytesMax = 256;  // of one chunk; nobody sends any
constexpr size_t kTrailerBytesMax = 8 * 1024;

class ChunkReader final {
 public:
  enum class Step : uint8_t { NeedMore, Data, Done, Failed };
  // Goes on in `in` to the next piece of data, which is a view into it, or as far as it can. All of
  // `in` up to `used` is done with.
  Step feed(std::string_view in, size_t& used, std::string_view& piece);

 private:
  enum class At : uint8_t {
    FirstDigit,
    Digits,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    LastLf,
    Done,
    Failed,
  };
  At next(char c);
  At after_digit(char c);
  At within(char c, At same, At line_feed, size_t bytes_max);

  At at_ = At::FirstDigit;
  uint64_t left_ = 0;
  size_t line_bytes_ = 0;
};

}  // namespace siploom::http
