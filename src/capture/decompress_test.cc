// gzip, zstd, xz and lz4 around captures.
#include <doctest/doctest.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "capture/test_files.h"

using namespace siploom;
using namespace siploom::capture::test;

namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string xz(const std::string& text) {
  std::string out(text.size() + 4096, '\0');
  size_t size = 0;
  REQUIRE(lzma_easy_buffer_encode(
              6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const uint8_t*>(text.data()),
              text.size(), reinterpret_cast<uint8_t*>(out.data()), &size, out.size()) == LZMA_OK);
  out.resize(size);
  return out;
}

std::string lz4(const std::string& text) {
  std::string out(LZ4F_compressFrameBound(text.size(), nullptr), '\0');
  out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), nullptr));
  return out;
}

std::string capture_of(int packets) {
  const PcapFile file;
  std::string out = file.header();
  for (int i = 0; i < packets; ++i) {
    out += file.record(static_cast<uint32_t>(i), 0, "packet " + std::to_string(i * 7919));
  }
  return out;
}

}  // namespace

TEST_CASE("each compression gives the same packets as the file itself") {
  const std::string plain = capture_of(5000);
  const auto expected = read_file(plain).packets;
  REQUIRE(expected.size() == 5000);
  for (const std::string& packed : {gzip(plain), zstd(plain), xz(plain), lz4(plain)}) {
    const ReadFile read = read_file(packed);
    CHECK(read.packets == expected);
    CHECK(read.warnings.empty());
    CHECK(read.error.empty());
  }
}

TEST_CASE("members one after the other are one file (RFC 1952 2.2)") {
  const std::string plain = capture_of(100);
  const std::string packed = gzip(plain.substr(0, 500)) + gzip(plain.substr(500));
  CHECK(read_file(packed).packets.size() == 100);
  CHECK(read_file(zstd(plain.substr(0, 500)) + zstd(plain.substr(500))).packets.size() == 100);
}

TEST_CASE("cut off or damaged: what was read is kept, and it is said") {
  const std::string plain = capture_of(20'000);
  for (const std::string& packed : {gzip(plain), zstd(plain), xz(plain), lz4(plain)}) {
    const ReadFile cut = read_file(packed.substr(0, packed.size() * 3 / 4));
    CHECK((!cut.warnings.empty() || !cut.error.empty()));
    CHECK(cut.packets.size() < 20'000);
    std::string damaged = packed;
    for (size_t i = damaged.size() / 2; i < damaged.size() / 2 + 64; ++i) damaged[i] = '\x55';
    const ReadFile read = read_file(damaged);
    CHECK(read.packets.size() <= 20'000);
    CHECK((!read.warnings.empty() || !read.error.empty() || read.packets.size() == 20'000));
  }
  CHECK(read_file(gzip(plain).substr(0, gzip(plain).size() * 3 / 4)).packets.size() > 5'000);
}

TEST_CASE("compression inside compression is opened once, not for ever") {
  const std::string plain = capture_of(10);
  CHECK(read_file(gzip(zstd(plain))).packets.size() == 10);
  CHECK_FALSE(read_file(gzip(gzip(gzip(gzip(plain))))).error.empty());
}
