// ByteSource: octets in order, from a descriptor, a decompressor or memory.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace siploom::capture {

class ByteSource {
 public:
  enum class Status : uint8_t { Data, Wait, End };
  struct Read {
    Status status = Status::End;
    size_t size = 0;
  };
  virtual ~ByteSource() = default;
  // Up to `size` octets. Wait: nothing came within about 100 ms. Errors name what is wrong with the
  // octets.
  virtual Result<Read> read(uint8_t* to, size_t size) = 0;
};

// Reads a descriptor and closes it at the end, unless it is standard input. `stop` ends the
// waiting.
std::unique_ptr<ByteSource> descriptor_source(int fd, const std::atomic<bool>* stop);
// Octets that outlive the source.
std::unique_ptr<ByteSource> memory_source(ByteSpan bytes);
// `head` first, then `rest`: for octets that were read to see what they are.
std::unique_ptr<ByteSource> joined_source(std::string head, std::unique_ptr<ByteSource> rest);

enum class Compression : uint8_t { None, Gzip, Zstd, Xz, Lz4 };
Compression compression_of(ByteSpan head);
// Inflates as it is read; members one after the other are one stream. A stream that breaks off ends
// in an error.
std::unique_ptr<ByteSource> decompressor(Compression kind, std::unique_ptr<ByteSource> from);

}  // namespace siploom::capture
