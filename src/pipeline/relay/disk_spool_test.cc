#include "pipeline/relay/disk_spool.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "capture/open_file.h"
#include "intake/test_support.h"
#include "support/temp_folder.h"

namespace siploom::pipeline::relay {

namespace {

std::vector<std::string> take_all(DiskSpool& spool, size_t at_once = 1'000) {
  std::vector<std::string> out;
  while (!spool.is_empty()) {
    REQUIRE(spool.take(at_once, [&](ByteSpan each) { out.emplace_back(as_text(each)); }));
  }
  return out;
}
void add(DiskSpool& spool, int from, int to, size_t size = 100) {
  for (int i = from; i < to; ++i) {
    std::string message = std::to_string(i) + " ";
    message.resize(size, 'm');
    REQUIRE(spool.add(as_bytes(message)));
  }
  REQUIRE(spool.flush());
}

}  // namespace

TEST_CASE("a spool gives what it took, in order, over several files") {
  const siploom::test::TempFolder folder;
  DiskSpool spool(folder.path + "/to", 1 << 20);
  REQUIRE(spool.open());
  CHECK(spool.is_empty());
  add(spool, 0, 3'000);
  CHECK(spool.messages() == 3'000);
  CHECK(spool.octets() == 3'000 * 104);
  const std::vector<std::string> all = take_all(spool);
  REQUIRE(all.size() == 3'000);
  for (int i = 0; i < 3'000; ++i)
    CHECK(all[static_cast<size_t>(i)].starts_with(std::to_string(i) + " "));
  CHECK(spool.octets() == 0);
  CHECK(spool.dropped() == 0);
  CHECK(std::filesystem::is_empty(folder.path + "/to"));
}

TEST_CASE("a full spool loses its oldest messages and counts them") {
  const siploom::test::TempFolder folder;
  DiskSpool spool(folder.path, 256 * 1024);
  add(spool, 0, 5'000);
  CHECK(spool.dropped() > 0);
  CHECK(spool.messages() + spool.dropped() == 5'000);
  CHECK(spool.octets() <= 256 * 1024);
  const std::vector<std::string> all = take_all(spool);
  CHECK(all.size() + spool.dropped() == 5'000);
  CHECK(all.back().starts_with("4999 "));
}

TEST_CASE("what one run leaves the next takes up, where it was") {
  const siploom::test::TempFolder folder;
  {
    DiskSpool spool(folder.path, 1 << 20);
    add(spool, 0, 100);
    std::vector<std::string> some;
    REQUIRE(spool.take(1'000, [&](ByteSpan each) { some.emplace_back(as_text(each)); }));
    CHECK(some.size() == 10);
    REQUIRE(spool.close());
  }
  {
    // A torn end, as after a crash.
    std::ofstream(folder.path + "/000000000001.spool", std::ios::app)
        << std::string("\0\0\1\0xyz", 7);
    DiskSpool spool(folder.path, 1 << 20);
    REQUIRE(spool.open());
    CHECK(spool.messages() == 90);
    add(spool, 100, 110);
    const std::vector<std::string> all = take_all(spool);
    REQUIRE(all.size() == 100);
    CHECK(all.front().starts_with("10 "));
    CHECK(all.back().starts_with("109 "));
  }
}

TEST_CASE("a spool whose folder cannot be made says so and counts") {
  const siploom::test::TempFolder folder;
  std::ofstream(folder.path + "/file") << "x";
  DiskSpool spool(folder.path + "/file/under", 1 << 20);
  REQUIRE(spool.add(as_bytes("message")));
  CHECK(!spool.flush());
  CHECK(spool.dropped() == 1);
  CHECK(spool.is_empty());
}

TEST_CASE("files that somebody removed are missed, not waited for") {
  const siploom::test::TempFolder folder;
  DiskSpool spool(folder.path, 1 << 20);
  add(spool, 0, 1'000);
  std::filesystem::remove(folder.path + "/000000000001.spool");
  size_t given = 0;
  for (int i = 0; i < 1'000 && !spool.is_empty(); ++i) {
    const auto taken = spool.take(10'000, [&](ByteSpan) { ++given; });
    static_cast<void>(taken);
  }
  CHECK(spool.is_empty());
  CHECK(given + spool.dropped() == 1'000);
}

TEST_CASE("a spool's files are read as captures") {
  const siploom::test::TempFolder folder;
  DiskSpool spool(folder.path, 1 << 20);
  REQUIRE(spool.add(as_bytes(intake::test::hep3("SIP"))));
  REQUIRE(spool.close());
  auto source = capture::open_file(folder.path + "/000000000001.spool", nullptr);
  REQUIRE(source);
  capture::FrameBatch batch;
  REQUIRE((*source)->next(batch, 1'000));
  CHECK(batch.frames.size() == 1);
}

}  // namespace siploom::pipeline::relay
