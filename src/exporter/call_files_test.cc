#include "exporter/call_files.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "capture/open_file.h"
#include "support/temp_folder.h"

using namespace siploom;
using namespace siploom::exporter;

namespace {

capture::Frame frame(const std::vector<uint8_t>& bytes, int64_t seconds,
                     capture::LinkType link = capture::LinkType::Ethernet) {
  capture::Frame out;
  out.time = {seconds * kSecond};
  out.link = link;
  out.data = bytes.data();
  out.captured = out.original = static_cast<uint32_t>(bytes.size());
  return out;
}

size_t frames_of(const std::string& path) {
  auto source = capture::open_file(path, nullptr);
  REQUIRE(source.has_value());
  size_t count = 0;
  capture::FrameBatch batch;
  for (;;) {
    batch.clear();
    const auto more = (*source)->next(batch, 1 << 20);
    REQUIRE(more.has_value());
    count += batch.frames.size();
    if (!*more) return count;
  }
}

}  // namespace

TEST_CASE("a thousand calls interleaved give a file each") {
  const test::TempFolder folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 1000; ++i) paths.push_back(folder.path + "/" + std::to_string(i) + ".pcap");
  CallFiles files(paths, {});
  const std::vector<uint8_t> bytes(100, 7);
  for (int round = 0; round < 5; ++round) {
    for (size_t call = 0; call < 1000; ++call) {
      REQUIRE(files.add(call, frame(bytes, round)).has_value());
    }
  }
  REQUIRE(files.finish().has_value());
  CHECK(files.files_written() == 1000);
  CHECK(frames_of(paths[0]) == 5);
  CHECK(frames_of(paths[999]) == 5);
}

TEST_CASE("more than is kept in memory is appended") {
  const test::TempFolder folder;
  CallFiles files({folder.path + "/a.pcap", folder.path + "/b.pcap"}, {});
  const std::vector<uint8_t> bytes(60'000, 7);
  for (int i = 0; i < 3000; ++i) REQUIRE(files.add(i % 2 == 0, frame(bytes, i)).has_value());
  REQUIRE(files.finish().has_value());
  CHECK(frames_of(folder.path + "/a.pcap") == 1500);
  CHECK(frames_of(folder.path + "/b.pcap") == 1500);
}

TEST_CASE("a frame of another link type is left out of a plain pcap and counted") {
  const test::TempFolder folder;
  CallFiles files({folder.path + "/a.pcap"}, {});
  const std::vector<uint8_t> bytes(60, 7);
  REQUIRE(files.add(0, frame(bytes, 1)).has_value());
  REQUIRE(files.add(0, frame(bytes, 2, capture::LinkType::Raw)).has_value());
  REQUIRE(files.finish().has_value());
  CHECK(files.left_out() == 1);
  CHECK(frames_of(folder.path + "/a.pcap") == 1);
}

TEST_CASE("a folder that is not there is an error that names the file") {
  CallFiles files({"/nonexistent/folder/a.pcap"}, {});
  const std::vector<uint8_t> bytes(60, 7);
  auto done = files.add(0, frame(bytes, 1));
  if (done.has_value()) done = files.finish();
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().message.find("/nonexistent/folder/a.pcap") != std::string::npos);
}

TEST_CASE("a file name part is harmless whatever the Call-ID") {
  CHECK(file_name_part("abc-1@10.0.0.1") == "abc-1@10.0.0.1");
  CHECK(file_name_part("../../etc/passwd").find('/') == std::string::npos);
  CHECK(rc::check("of any octets", [](const std::string& text) {
    const std::string part = file_name_part(text);
    RC_ASSERT(part.size() <= 80u);
    RC_ASSERT(!part.starts_with("."));
    RC_ASSERT(part.find('/') == std::string::npos);
    for (const char c : part) RC_ASSERT(c > ' ' && c < '\x7f');
  }));
}
