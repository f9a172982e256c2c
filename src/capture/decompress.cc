// gzip, zstd, xz and LZ4 as ByteSources.
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <vector>

#include "capture/byte_source.h"

namespace siploom::capture {

namespace {

constexpr size_t kInputBytes = 128 * 1024;

// What the four have in common: compressed octets in a buffer, and a step() that turns some of them
// into output.
class Decompressor : public ByteSource {
 public:
  explicit Decompressor(std::unique_ptr<ByteSource> from)
      : from_(std::move(from)), input_(kInputBytes) {}

  Result<Read> read(uint8_t* to, size_t size) final {
    while (true) {
      if (at_ == end_ && !at_end_) {
        const Read got = SL_TRY(from_->read(input_.data(), input_.size()));
        if (got.status == Status::Wait) return got;
        at_ = 0;
        end_ = got.size;
        at_end_ = got.status == Status::End;
      }
      const size_t before = at_;
      const Result<size_t> made = step(to, size);
      if (!made) return tl::unexpected<Error>(made.error());
      if (*made > 0) return Read{Status::Data, *made};
      if (at_end_ && at_ == end_) {
        if (!is_between_members())
          return fail(ErrorCode::Malformed, "the compressed data ends in the middle");
        return Read{};
      }
      if (at_ == before && at_ != end_ && is_stuck()) {
        return fail(ErrorCode::Malformed, "the compressed data is damaged");
      }
    }
  }

 protected:
  // Inflates from input() into `to`; gives the octets made.
  virtual Result<size_t> step(uint8_t* to, size_t size) = 0;
  virtual bool is_between_members() const = 0;
  virtual bool is_stuck() const { return true; }
  ByteSpan input() const { return ByteSpan(input_).subspan(at_, end_ - at_); }
  void used(size_t size) { at_ += size; }
  bool at_end() const { return at_end_; }

 private:
  std::unique_ptr<ByteSource> from_;
  std::vector<uint8_t> input_;
  size_t at_ = 0, end_ = 0;
  bool at_end_ = false;
};

tl::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::Malformed, std::string("the ") + what + " data is damaged");
}

class Gzip final : public Decompressor {
 public:
  explicit Gzip(std::unique_ptr<ByteSource> from) : Decompressor(std::move(from)) {
    inflateInit2(&stream_, MAX_WBITS + 16);
  }
  ~Gzip() override { inflateEnd(&stream_); }

 private:
  Result<size_t> step(uint8_t* to, size_t size) override {
    if (input().empty()) return size_t{0};
    // Members may follow one another (RFC 1952 2.2).
    if (between_) inflateReset(&stream_);
    between_ = false;
    stream_.next_in = const_cast<Bytef*>(input().data());
    stream_.avail_in = static_cast<uInt>(input().size());
    stream_.next_out = to;
    stream_.avail_out = static_cast<uInt>(size);
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    used(input().size() - stream_.avail_in);
    between_ = result == Z_STREAM_END;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return damaged("gzip");
    return size - stream_.avail_out;
  }
  bool is_between_members() const override { return between_; }

  z_stream stream_{};
  bool between_ = false;
};

class Zstd final : public Decompressor {
 public:
  explicit Zstd(std::unique_ptr<ByteSource> from)
      : Decompressor(std::move(from)), stream_(ZSTD_createDStream()) {}
  ~Zstd() override { ZSTD_freeDStream(stream_); }

 private:
  Result<size_t> step(uint8_t* to, size_t size) override {
    ZSTD_inBuffer in{input().data(), input().size(), 0};
    ZSTD_outBuffer out{to, size, 0};
    const size_t result = ZSTD_decompressStream(stream_, &out, &in);
    used(in.pos);
    if (ZSTD_isError(result) != 0) return damaged("zstd");
    if (in.pos != 0 || out.pos != 0) between_ = result == 0;
    return out.pos;
  }
  bool is_between_members() const override { return between_; }

  ZSTD_DStream* stream_;
  bool between_ = false;
};

class Xz final : public Decompressor {
 public:
  explicit Xz(std::unique_ptr<ByteSource> from) : Decompressor(std::move(from)) {
    constexpr uint64_t kMemory = 256u << 20;
    good_ = lzma_stream_decoder(&stream_, kMemory, LZMA_CONCATENATED) == LZMA_OK;
  }
  ~Xz() override { lzma_end(&stream_); }

 private:
  Result<size_t> step(uint8_t* to, size_t size) override {
    if (!good_) return damaged("xz");
    if (done_) return size_t{0};
    stream_.next_in = input().data();
    stream_.avail_in = input().size();
    stream_.next_out = to;
    stream_.avail_out = size;
    const lzma_ret result = lzma_code(&stream_, at_end() ? LZMA_FINISH : LZMA_RUN);
    used(input().size() - stream_.avail_in);
    done_ = result == LZMA_STREAM_END;
    if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR)
      return damaged("xz");
    return size - stream_.avail_out;
  }
  bool is_between_members() const override { return done_; }

  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool good_ = false, done_ = false;
};

class Lz4 final : public Decompressor {
 public:
  explicit Lz4(std::unique_ptr<ByteSource> from) : Decompressor(std::move(from)) {
    good_ = LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION)) == 0;
  }
  ~Lz4() override {
    if (good_) LZ4F_freeDecompressionContext(context_);
  }

 private:
  Result<size_t> step(uint8_t* to, size_t size) override {
    if (!good_) return damaged("LZ4");
    size_t in = input().size(), out = size;
    const size_t result = LZ4F_decompress(context_, to, &out, input().data(), &in, nullptr);
    used(in);
    if (LZ4F_isError(result) != 0) return damaged("LZ4");
    if (in != 0 || out != 0) between_ = result == 0;
    return out;
  }
  bool is_between_members() const override { return between_; }

  LZ4F_dctx* context_ = nullptr;
  bool good_ = false, between_ = false;
};

}  // namespace

Compression compression_of(ByteSpan head) {
  if (head.size() < 6) return Compression::None;
  if (head[0] == 0x1F && head[1] == 0x8B) return Compression::Gzip;
  const uint32_t magic = load_be32(head.data());
  if (magic == 0x28B52FFD || (magic & 0xF0FFFFFF) == 0x502A4D18) return Compression::Zstd;
  if (magic == 0xFD377A58 && head[4] == 0x5A) return Compression::Xz;
  if (magic == 0x04224D18) return Compression::Lz4;
  return Compression::None;
}

std::unique_ptr<ByteSource> decompressor(Compression kind, std::unique_ptr<ByteSource> from) {
  switch (kind) {
    case Compression::Gzip:
      return std::make_unique<Gzip>(std::move(from));
    case Compression::Zstd:
      return std::make_unique<Zstd>(std::move(from));
    case Compression::Xz:
      return std::make_unique<Xz>(std::move(from));
    case Compression::Lz4:
      return std::make_unique<Lz4>(std::move(from));
    case Compression::None:
      break;
  }
  return from;
}

}  // namespace siploom::capture
