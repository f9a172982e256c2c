#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "capture/merge_source.h"
#include "capture/writer.h"
#include "support/temp_folder.h"

using namespace siploom;
using namespace siploom::capture;

namespace {

struct Folder : siploom::test::TempFolder {
  // A capture with a frame at each of these seconds.
  std::string add(const std::string& name, const std::vector<int64_t>& seconds) const {
    const std::string file = path + "/" + name;
    auto writer = open_writer(file, {});
    REQUIRE(writer.has_value());
    const std::vector<uint8_t> bytes(60, 1);
    for (const int64_t second : seconds) {
      Frame frame;
      frame.time = {second * kSecond};
      frame.data = bytes.data();
      frame.captured = frame.original = 60;
      REQUIRE((*writer)->write(frame).has_value());
    }
    REQUIRE((*writer)->finish().has_value());
    return file;
  }
};

// Times of all frames, in s; numbers must be consecutive from 1.
std::vector<int64_t> times_of(Source& source) {
  std::vector<int64_t> out;
  FrameBatch batch;
  for (;;) {
    const auto more = source.next(batch, 1 << 20);
    REQUIRE(more.has_value());
    if (!batch.frames.empty()) CHECK(batch.first_number == out.size() + 1);
    for (const Frame& frame : batch.frames) out.push_back(frame.time.ns / kSecond);
    if (!*more) return out;
  }
}

std::vector<int64_t> merged(const std::vector<std::string>& paths) {
  auto source = open_merged(paths, nullptr);
  REQUIRE(source.has_value());
  return times_of(**source);
}

}  // namespace

TEST_CASE("several files come as one, by time") {
  const Folder folder;
  const std::string a = folder.add("a.pcap", {1, 4, 9}), b = folder.add("b.pcap", {2, 3, 10}),
                    c = folder.add("c.pcap", {0, 20});
  const std::vector<int64_t> all{0, 1, 2, 3, 4, 9, 10, 20};
  CHECK(merged({a, b, c}) == all);
  CHECK(merged({c, b, a}) == all);
}

TEST_CASE("a folder gives the captures in it; what is none is named, not fatal") {
  const Folder folder;
  folder.add("a.pcap", {1, 4});
  folder.add("b.pcap", {2});
  std::ofstream(folder.path + "/notes.json") << "{}";
  std::filesystem::create_directory(folder.path + "/sub");
  OpenOptions options;
  options.files = {folder.path};
  auto source = open_source(options);
  REQUIRE(source.has_value());
  CHECK(times_of(**source) == std::vector<int64_t>{1, 2, 4});
  const SourceStats stats = (*source)->stats();
  CHECK(stats.frames == 3);
  REQUIRE(stats.warnings.size() == 1);
  CHECK(stats.warnings.front().find("notes.json") != std::string::npos);
}

TEST_CASE("what the user named and cannot be opened is an error that names it") {
  const Folder folder;
  const std::string good = folder.add("a.pcap", {1});
  const auto missing = open_merged({good, folder.path + "/missing.pcap"}, nullptr);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().message.find("missing.pcap") != std::string::npos);
  std::filesystem::create_directory(folder.path + "/empty");
  OpenOptions options;
  options.files = {folder.path + "/empty"};
  CHECK_FALSE(open_source(options).has_value());
}

TEST_CASE("hundreds of files need few open at once") {
  const Folder folder;
  std::vector<std::string> paths;
  for (int i = 0; i < 300; ++i) {
    paths.push_back(folder.add(std::to_string(i) + ".pcap", {i * 10, i * 10 + 5}));
  }
  const std::vector<int64_t> times = merged(paths);
  CHECK(times.size() == 600);
  CHECK(std::is_sorted(times.begin(), times.end()));
}
