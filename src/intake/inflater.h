// Inflater: Content-Encoding gzip or deflate (zlib) in pieces. Bombs are cut off.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/function_ref.h"

struct z_stream_s;

namespace siploom::intake {

class Inflater final {
 public:
  static constexpr uint64_t kMaxBytes = 64u << 20;  // of one body, inflated
  static constexpr uint64_t kMaxRatio = 200;        // above kFreeBytes
  static constexpr uint64_t kFreeBytes = 256 * 1024;

  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // False: the octets are broken, too many, or `body` gave up.
  bool feed(ByteSpan in, FunctionRef<bool(ByteSpan)> body);
  bool is_done() const { return done_; }  // the stream's own end has come
  bool is_too_large() const { return large_; }

 private:
  std::unique_ptr<z_stream_s> stream_;
  uint64_t in_bytes_ = 0, out_bytes_ = 0;
  bool ready_ = false, done_ = false, large_ = false;
};

}  // namespace siploom::intake
