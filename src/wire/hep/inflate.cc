#include "wire/hep/inflate.h"

#include <zlib.h>

#include <algorithm>

namespace siploom::hep {

namespace {

constexpr int kRawDeflate = -MAX_WBITS;
constexpr int kGzipOrZlib = MAX_WBITS + 32;

int window_of(ByteSpan bytes) {
  const bool gzip = bytes[0] == 0x1f && bytes[1] == 0x8b;
  const bool zlib = (bytes[0] & 0x0F) == 8 && (bytes[0] * 256 + bytes[1]) % 31 == 0;
  return gzip || zlib ? kGzipOrZlib : kRawDeflate;
}

}  // namespace

bool inflate(ByteSpan compressed, std::string& out) {
  out.clear();
  if (compressed.size() < 4) return false;
  z_stream stream{};
  if (inflateInit2(&stream, window_of(compressed)) != Z_OK) return false;
  const size_t most = std::min(kMaxInflatedBytes, compressed.size() * kMaxInflateRatio);
  out.resize(most);
  stream.next_in = const_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(most);
  const int result = ::inflate(&stream, Z_FINISH);
  out.resize(most - stream.avail_out);
  inflateEnd(&stream);
  return result == Z_STREAM_END && !out.empty();
}

}  // namespace siploom::hep
