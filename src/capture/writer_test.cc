#include "capture/writer.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace siploom::capture {
namespace {

class TempFile final {
 public:
  TempFile() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("siploom_writer_" + std::to_string(getpid()) + "_" + std::to_string(count++));
  }
  ~TempFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }
  std::vector<uint8_t> bytes() const {
    std::vector<uint8_t> out(std::filesystem::exists(path_) ? std::filesystem::file_size(path_)
                                                            : 0);
    std::FILE* f = std::fopen(path_.c_str(), "rb");
    REQUIRE(f != nullptr);
    CHECK(std::fread(out.data(), 1, out.size(), f) == out.size());
    std::fclose(f);
    return out;
  }

 private:
  std::filesystem::path path_;
};

Frame frame_of(const std::vector<uint8_t>& data, Nanoseconds time,
               LinkType link = LinkType::Ethernet) {
  Frame frame;
  frame.time = {time};
  frame.data = data.data();
  frame.captured = frame.original = static_cast<uint32_t>(data.size());
  frame.link = link;
  return frame;
}

struct Block {
  uint32_t type;
  ByteSpan body;
};
std::vector<Block> blocks_of(const std::vector<uint8_t>& file) {
  std::vector<Block> out;
  size_t at = 0;
  while (at + 12 <= file.size()) {
    const uint32_t length = load_le32(&file[at + 4]);
    REQUIRE(length % 4 == 0);
    REQUIRE(length >= 12);
    REQUIRE(length <= file.size() - at);
    CHECK(load_le32(&file[at + length - 4]) == length);
    out.push_back({load_le32(&file[at]), ByteSpan(file).subspan(at + 8, length - 12)});
    at += length;
  }
  CHECK(at == file.size());
  return out;
}

const std::vector<uint8_t> kData = {1, 2, 3, 4, 5};
constexpr Nanoseconds kTime = 1'767'600'000 * kSecond + 123'456'789;

TEST_CASE("pcap has a header and records with microseconds, or nanoseconds when asked") {
  for (const bool nanoseconds : {false, true}) {
    TempFile temp;
    WriterOptions options;
    options.nanoseconds = nanoseconds;
    auto writer = open_writer(temp.path(), options);
    REQUIRE(writer);
    Frame frame = frame_of(kData, kTime);
    frame.original = 9;
    CHECK((*writer)->write(frame));
    CHECK((*writer)->finish());
    const auto bytes = temp.bytes();
    REQUIRE(bytes.size() == 24 + 16 + 5);
    CHECK(load_le32(&bytes[0]) == (nanoseconds ? 0xA1B23C4Du : 0xA1B2C3D4u));
    CHECK(load_le32(&bytes[20]) == 1);
    CHECK(load_le32(&bytes[24]) == 1'767'600'000);
    CHECK(load_le32(&bytes[28]) == (nanoseconds ? 123'456'789u : 123'456u));
    CHECK(load_le32(&bytes[32]) == 5);
    CHECK(load_le32(&bytes[36]) == 9);
    CHECK(bytes[40] == 1);
    CHECK(bytes[44] == 5);
  }
}

TEST_CASE("pcap refuses a second link type and says what to do") {
  TempFile temp;
  auto writer = open_writer(temp.path(), {});
  REQUIRE(writer);
  const auto refused = (*writer)->write(frame_of(kData, kTime, LinkType::LinuxSll));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("pcapng") != std::string::npos);
}

TEST_CASE("frames longer than the snaplen are cut, their length stays known") {
  TempFile temp;
  WriterOptions options;
  options.snaplen = 3;
  auto writer = open_writer(temp.path(), options);
  REQUIRE(writer);
  CHECK((*writer)->write(frame_of(kData, kTime)));
  CHECK((*writer)->finish());
  const auto bytes = temp.bytes();
  REQUIRE(bytes.size() == 24 + 16 + 3);
  CHECK(load_le32(&bytes[32]) == 3);
  CHECK(load_le32(&bytes[36]) == 5);
}

TEST_CASE("times that pcap cannot hold are put to its ends") {
  TempFile temp;
  auto writer = open_writer(temp.path(), {});
  REQUIRE(writer);
  CHECK((*writer)->write(frame_of({}, -5 * kSecond)));
  CHECK((*writer)->write(frame_of({}, 5'000'000'000 * kSecond)));
  CHECK((*writer)->finish());
  const auto bytes = temp.bytes();
  REQUIRE(bytes.size() == 24 + 32);
  CHECK(load_le32(&bytes[24]) == 0);
  CHECK(load_le32(&bytes[40]) == 0xFFFFFFFF);
}

TEST_CASE("pcapng names its interfaces, one for each link type, and keeps nanoseconds") {
  TempFile temp;
  WriterOptions options;
  options.format = FileFormat::PcapNg;
  options.comment = "made for a test";
  options.interface_name = "eth9";
  auto writer = open_writer(temp.path(), options);
  REQUIRE(writer);
  CHECK((*writer)->write(frame_of(kData, kTime)));
  CHECK((*writer)->write(frame_of(kData, kTime + 1, LinkType::LinuxSll)));
  CHECK((*writer)->write(frame_of({}, kTime + 2)));
  CHECK((*writer)->finish());
  const auto bytes = temp.bytes();
  const auto blocks = blocks_of(bytes);
  REQUIRE(blocks.size() == 6);
  CHECK(blocks[0].type == 0x0A0D0D0A);
  CHECK(as_text(blocks[0].body).find("made for a test") != std::string_view::npos);
  CHECK(as_text(blocks[0].body).find("siploom") != std::string_view::npos);
  CHECK(blocks[1].type == 1);
  CHECK(load_le16(blocks[1].body.data()) == 1);
  CHECK(as_text(blocks[1].body).find("eth9") != std::string_view::npos);
  CHECK(blocks[2].type == 6);
  CHECK(load_le32(blocks[2].body.data()) == 0);
  const uint64_t time =
      uint64_t{load_le32(blocks[2].body.data() + 4)} << 32 | load_le32(blocks[2].body.data() + 8);
  CHECK(time == static_cast<uint64_t>(kTime));
  CHECK(load_le32(blocks[2].body.data() + 12) == 5);
  CHECK(blocks[2].body[24] == 5);
  CHECK(blocks[3].type == 1);
  CHECK(load_le16(blocks[3].body.data()) == 113);
  CHECK(load_le32(blocks[4].body.data()) == 1);
  CHECK(load_le32(blocks[5].body.data()) == 0);
}

TEST_CASE("appending goes on where an earlier writer stopped") {
  for (const FileFormat format : {FileFormat::Pcap, FileFormat::PcapNg}) {
    TempFile temp;
    WriterOptions options;
    options.format = format;
    size_t once = 0;
    for (int i = 0; i < 2; ++i) {
      auto writer = open_writer(temp.path(), options, LinkType::Ethernet, true);
      REQUIRE(writer);
      CHECK((*writer)->write(frame_of(kData, kTime + i)));
      CHECK((*writer)->finish());
      if (i == 0) once = temp.bytes().size();
    }
    const auto bytes = temp.bytes();
    if (format == FileFormat::Pcap) {
      CHECK(bytes.size() == 24 + 2 * (16 + 5));
    } else {
      CHECK(bytes.size() == 2 * once);
      CHECK(blocks_of(bytes).size() == 6);
    }
  }
}

TEST_CASE("appending to a file of another kind is refused and leaves it as it is") {
  TempFile temp;
  auto first = open_writer(temp.path(), {});
  REQUIRE(first);
  CHECK((*first)->finish());
  const auto before = temp.bytes();
  WriterOptions other;
  other.format = FileFormat::PcapNg;
  CHECK_FALSE(open_writer(temp.path(), other, LinkType::Ethernet, true));
  other.format = FileFormat::Pcap;
  other.nanoseconds = true;
  CHECK_FALSE(open_writer(temp.path(), other, LinkType::Ethernet, true));
  CHECK_FALSE(open_writer(temp.path(), {}, LinkType::Raw, true));
  CHECK(temp.bytes() == before);
}

TEST_CASE("frames larger than the buffer, and more than it holds, arrive whole") {
  TempFile temp;
  WriterOptions options;
  options.snaplen = 4u << 20;
  auto writer = open_writer(temp.path(), options);
  REQUIRE(writer);
  std::vector<uint8_t> large(3u << 20, 7);
  large.back() = 8;
  CHECK((*writer)->write(frame_of(kData, kTime)));
  CHECK((*writer)->write(frame_of(large, kTime)));
  CHECK((*writer)->write(frame_of(kData, kTime)));
  CHECK((*writer)->flush());
  const auto bytes = temp.bytes();
  REQUIRE(bytes.size() == 24 + 3 * 16 + 10 + large.size());
  CHECK(bytes[24 + 16 + 5 + 16 + large.size() - 1] == 8);
  CHECK(bytes.back() == 5);
}

TEST_CASE("what the system refuses is reported with the path") {
  const auto missing = open_writer("/nonexistent/folder/x.pcap", {});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find("/nonexistent/folder/x.pcap") != std::string::npos);
  CHECK_FALSE(open_writer("", {}));
  if (std::filesystem::exists("/dev/full")) {
    auto writer = open_writer("/dev/full", {});
    REQUIRE(writer);
    CHECK((*writer)->write(frame_of(kData, kTime)));
    const auto finished = (*writer)->finish();
    REQUIRE_FALSE(finished);
    CHECK(finished.error().message.find("/dev/full") != std::string::npos);
    CHECK((*writer)->finish());
  }
}

}  // namespace
}  // namespace siploom::capture
