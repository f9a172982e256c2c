#include "intake/inflater.h"

#include <zlib.h>

#include <array>

namespace siploom::intake {

namespace {

constexpr int kGzipOrZlib = 15 + 32;
constexpr size_t kPieceBytes = 16 * 1024;

}  // namespace

Inflater::Inflater() : stream_(std::make_unique<z_stream>()) {
  ready_ = inflateInit2(stream_.get(), kGzipOrZlib) == Z_OK;
}

Inflater::~Inflater() {
  if (ready_) inflateEnd(stream_.get());
}

bool Inflater::feed(ByteSpan in, FunctionRef<bool(ByteSpan)> body) {
  if (!ready_) return false;
  in_bytes_ += in.size();
  stream_->next_in = const_cast<uint8_t*>(in.data());
  stream_->avail_in = static_cast<uInt>(in.size());
  std::array<uint8_t, kPieceBytes> piece;
  do {
    if (done_) return stream_->avail_in == 0;  // octets behind the end
    stream_->next_out = piece.data();
    stream_->avail_out = static_cast<uInt>(piece.size());
    const int code = inflate(stream_.get(), Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return false;
    const size_t size = piece.size() - stream_->avail_out;
    out_bytes_ += size;
    large_ =
        out_bytes_ > kMaxBytes || (out_bytes_ > kFreeBytes && out_bytes_ / kMaxRatio > in_bytes_);
    if (large_ || (size > 0 && !body(ByteSpan(piece).first(size)))) return false;
    done_ = code == Z_STREAM_END;
    if (code == Z_BUF_ERROR) break;
  } while (stream_->avail_in > 0 || stream_->avail_out == 0);
  return true;
}

}  // namespace siploom::intake
