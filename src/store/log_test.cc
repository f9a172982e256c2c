// Logs that are damaged, and what is made of them.
#include "store/log.h"

#include "store/check.h"
#include "store/files.h"
#include "store/test_rows.h"
#include "support/temp_folder.h"

namespace siploom::store {

using namespace test_rows;
namespace fs = std::filesystem;

namespace {

// A store with one log of `frames` frames of ten rows each; gives where they end.
std::vector<uint64_t> make_log(const std::string& folder, int frames) {
  auto store = open_store(options_in(folder));
  std::vector<uint64_t> ends = {kLogHeadBytes};
  for (int i = 0; i < frames; ++i) {
    REQUIRE(store->append(as_bytes(records(store->take_sequences(10), 10))));
    ends.push_back(fs::file_size(log_path(folder, 1)));
  }
  return ends;
}

uint64_t rows_of(const std::string& path) {
  const auto read = read_log(path, [](ByteSpan) {});
  REQUIRE(read);
  return read->entries;
}

}  // namespace

TEST_CASE("rows behind a damage in the middle of a log are kept, and the damaged file, too") {
  const test::TempFolder folder;
  const std::string at = folder.path + "/store";
  const auto ends = make_log(at, 5);
  flip(log_path(at, 1), ends[2] + 100);
  const std::string damaged = octets_of(log_path(at, 1));
  for (int start = 0; start < 2; ++start) {  // not sealed by the first
    auto store = open_store(options_in(at));
    CHECK(store->recovery().rows == 40);
    CHECK(store->recovery().cut_bytes == 0);
    REQUIRE(store->recovery().damaged.size() == 1);
    CHECK(store->recovery().damaged[0].path == "log/0000000001.log");
    const auto found = sequences_in(store->view());
    CHECK(found.size() == 40);
    CHECK(found.count(50) == 1);
    CHECK(found.count(21) == 0);
    if (start == 0) continue;
    while (*store->seal()) {
    }
    CHECK_FALSE(fs::exists(log_path(at, 1)));
    const auto manifest = store->view().manifest;
    REQUIRE(manifest->damaged.size() == 1);
    CHECK(manifest->damaged[0].path == "damaged/0000000001.log");
    CHECK(manifest->damaged[0].why.find("damaged at octets") == 0);
    CHECK(octets_of(at + "/damaged/0000000001.log") == damaged);
  }
  const auto store = open_store(options_in(at));
  CHECK(store->recovery().damaged.empty());
  CHECK(sequences_in(store->view()).size() == 40);
  const auto report = check(at, {});
  REQUIRE(report);
  CHECK(report->set_aside.size() == 1);
  CHECK(report->orphans.empty());
}

TEST_CASE("a log with no sound head is set aside, and the store works") {
  const test::TempFolder folder;
  const std::string at = folder.path + "/store";
  make_log(at, 2);
  flip(log_path(at, 1), 20);
  CHECK(rows_of(log_path(at, 1)) == 20);  // the head is there twice
  flip(log_path(at, 1), kLogHeadBytes / 2 + 20);
  auto store = open_store(options_in(at));
  REQUIRE(store->recovery().damaged.size() == 1);
  REQUIRE(store->append(as_bytes(records(store->take_sequences(5), 5))));
  while (*store->seal()) {
  }
  CHECK(fs::exists(at + "/damaged/0000000001.log"));
  CHECK(sequences_in(store->view()).size() == 5);
}

TEST_CASE("a log that only got its size before the power went is no damage") {
  const test::TempFolder folder;
  const std::string at = folder.path + "/store";
  make_log(at, 2);
  write_octets(log_path(at, 1), std::string(fs::file_size(log_path(at, 1)), '\0'));
  const auto store = open_store(options_in(at));
  CHECK(store->recovery().damaged.empty());
  CHECK(store->recovery().cut_bytes > 0);
}

TEST_CASE("a stored message that looks like a frame is never taken for one") {
  const test::TempFolder folder;
  const std::string at = folder.path + "/store", other = folder.path + "/other";
  const auto ends = make_log(other, 2);
  const std::string frames = octets_of(log_path(other, 1)).substr(kLogHeadBytes, ends[2] - ends[0]);
  {
    auto store = open_store(options_in(at));
    for (int i = 0; i < 3; ++i) {
      RecordFields fields;
      fields.sequence = store->take_sequences(1);
      // At every distance from the next multiple of eight.
      std::string payload;
      for (int shift = 0; shift < 8; ++shift) payload += frames + "x";
      fields.payload = as_bytes(payload);
      std::string row;
      append_record(row, fields);
      REQUIRE(store->append(as_bytes(row)));
    }
    // Not even this log's own, at another place.
    RecordFields fields;
    fields.sequence = store->take_sequences(1);
    const std::string own = octets_of(log_path(at, 1)).substr(kLogHeadBytes, 60'000);
    std::string payload;
    for (int shift = 0; shift < 8; ++shift) payload += own.substr(0, 20'000) + "x";
    fields.payload = as_bytes(payload);
    std::string row;
    append_record(row, fields);
    REQUIRE(store->append(as_bytes(row)));
    REQUIRE(store->append(as_bytes(records(store->take_sequences(1), 1))));
  }
  const std::string whole = octets_of(log_path(at, 1));
  for (const uint64_t where : {uint64_t{0}, uint64_t{4}, uint64_t{9}, uint64_t{17}, uint64_t{40}}) {
    write_octets(log_path(at, 1), whole);
    flip(log_path(at, 1), kLogHeadBytes + where);
    CHECK(rows_of(log_path(at, 1)) == 4);
  }
}

TEST_CASE("messages made of what frames begin with do not make reading a damaged log long") {
  const test::TempFolder folder;
  const std::string at = folder.path + "/store";
  {
    auto store = open_store(options_in(at));
    std::string payload;
    const std::string bait("SLFR\0\0\0\1", 8);  // 16 MiB long, as it says
    while (payload.size() < kMaxPayloadBytes) payload += bait;
    for (int i = 0; i < 60; ++i) {
      RecordFields fields;
      fields.sequence = store->take_sequences(1);
      fields.payload = as_bytes(payload);
      std::string row;
      append_record(row, fields);
      REQUIRE(store->append(as_bytes(row)));
    }
  }
  std::string octets = octets_of(log_path(at, 1));
  for (size_t i = kLogHeadBytes; i < octets.size(); i += size_t{64} << 10) {
    octets[i] = static_cast<char>(octets[i] ^ 1);
  }
  write_octets(log_path(at, 1), octets);
  CHECK(rows_of(log_path(at, 1)) == 0);
}

TEST_CASE("rows that a power cut took from a log which another one follows are counted") {
  const test::TempFolder folder;
  const std::string at = folder.path + "/store";
  {
    auto store = open_store(options_in(at));
    for (int log = 0; log < 3; ++log) {
      for (int i = 0; i < 2; ++i) {
        REQUIRE(store->append(as_bytes(records(store->take_sequences(10), 10))));
      }
      REQUIRE(store->rotate(true));
    }
  }
  // The second log was not synced yet; the third reached the disk by itself.
  fs::resize_file(log_path(at, 2), fs::file_size(log_path(at, 2)) - 8);
  const auto store = open_store(options_in(at));
  CHECK(store->recovery().lost_rows == 10);
  CHECK(store->recovery().damaged.empty());
  CHECK(sequences_in(store->view()).size() == 50);
}

TEST_CASE("an append that is larger than a frame may be is there after a kill") {
  const test::TempFolder folder;
  const std::string at = folder.path + "/store";
  RowOptions large;
  large.extra_bytes = 350'000;
  large.calls = 1000;
  {
    auto store = open_store(options_in(at));
    REQUIRE(store->append(as_bytes(records(store->take_sequences(200), 200, large))));
  }
  const auto store = open_store(options_in(at));
  CHECK(store->recovery().cut_bytes == 0);
  CHECK(is_run(sequences_in(store->view()), 200));
}

}  // namespace siploom::store
