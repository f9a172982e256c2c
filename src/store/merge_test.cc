#include "store/merge.h"

#include <algorithm>
#include <fstream>

#include "store/files.h"
#include "store/segment_index.h"
#include "store/test_rows.h"
#include "support/temp_folder.h"

namespace siploom::store {

using namespace test_rows;
namespace fs = std::filesystem;

namespace {

const std::atomic<bool> kGoOn{false};

Segment segment_of_rows(uint64_t number, uint64_t rows, Timestamp received,
                        Shelf shelf = Shelf::Sip) {
  Segment s;
  s.number = number;
  s.shelf = shelf;
  s.rows = rows;
  s.bytes = rows * 80;
  s.schema = kSchemaVersion;
  s.first = s.received_first = received;
  s.last = s.received_last = received + 60 * kSecond;
  return s;
}

std::unique_ptr<Compaction> open_compaction(Store& store, const MergeOptions& options = {}) {
  auto compaction = Compaction::open(store, options);
  REQUIRE(compaction);
  return std::move(*compaction);
}

std::vector<std::string> texts(const std::string& sql) {
  auto database = Database::open({});
  REQUIRE(database);
  auto connection = (*database)->connect();
  REQUIRE(connection);
  auto rows = connection->query(sql);
  REQUIRE_MESSAGE(rows.has_value(), (rows ? "" : rows.error().message));
  std::vector<std::string> out;
  while (*rows->next()) {
    std::string line;
    for (size_t i = 0; i < rows->column_count(); ++i) line += rows->display(i) + "|";
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace

TEST_CASE("merged segments have every row once, sorted, with facts and side file as if sealed") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  std::string files;
  for (size_t i = 0; i < 8; ++i) {
    RowOptions rows;
    rows.received = kNow + static_cast<int64_t>(i) * kSecond;
    rows.first_call = i * 3;
    seal_records(*store, 3000 + i, rows);
    const Segment made = store->view().manifest->segments.back();
    files += (files.empty() ? "'" : ", '") + store->folder() + "/" + made.path + "'";
  }
  const std::string all_columns = "SELECT * FROM read_parquet([{}]) ORDER BY sequence";
  const auto before = texts(fmt::format(fmt::runtime(all_columns), files));
  auto compaction = open_compaction(*store);
  REQUIRE(compaction->merge_once(kGoOn).value());
  const View view = store->view();
  REQUIRE(view.manifest->segments.size() == 1);
  const Segment& merged = view.manifest->segments[0];
  const std::string path = store->folder() + "/" + merged.path;
  CHECK(merged.rows == 24'028);
  CHECK(merged.level == 1);
  CHECK(merged.sequence_first == 1);
  CHECK(merged.sequence_last == 24'028);
  CHECK(merged.first == kNow);
  CHECK(merged.received_last == kNow + 7 * kSecond + 3006 * kMillisecond);
  CHECK(merged.hash == hash_file(path).value());
  CHECK(merged.bytes == fs::file_size(path));
  CHECK(texts(fmt::format(fmt::runtime(all_columns), "'" + path + "'")) == before);
  // Sorted by Call-ID, then time.
  CHECK(texts(fmt::format("SELECT count(*) FROM (SELECT call_id AS c, time AS t, lag(call_id) OVER "
                          "() AS pc, lag(time) OVER () AS pt FROM read_parquet('{}')) "
                          "WHERE pc > c OR (pc = c AND pt > t)",
                          path)) == std::vector<std::string>{"0|"});
  const auto index = SegmentIndex::open(path + ".idx");
  REQUIRE(index);
  CHECK(index->may_have(bloom_key(KeyKind::Id, call_id(12))));
  CHECK(index->may_have(bloom_key(KeyKind::Id, "leg-15")));
  CHECK(index->may_have(bloom_key(*parse_ip("2001:db8::2"))));
  CHECK_FALSE(index->may_have(bloom_key(KeyKind::Id, "nobody@nowhere")));
  uint64_t count = 0;
  index->for_each([&](const RollupRow& row) {
    CHECK(row.kind == "sip");
    CHECK(row.node == "edge1");
    CHECK((row.status == 0 || row.status == 200));
    count += row.count;
  });
  CHECK(count == 24'028);
  CHECK_FALSE(compaction->merge_once(kGoOn).value());
}

TEST_CASE("calls are merged, too, and no shelf with another") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  for (size_t i = 0; i < 8; ++i) {
    seal(*store, calls(i * 10, 10, kNow + static_cast<int64_t>(i) * kSecond) +
                     records(store->take_sequences(20), 20));
  }
  auto compaction = open_compaction(*store);
  while (*compaction->merge_once(kGoOn)) {
  }
  const View view = store->view();
  REQUIRE(view.manifest->segments.size() == 2);
  CHECK(rows_on(view, Shelf::Calls) == 80);
  CHECK(is_run(sequences_in(view), 160));
  CHECK(compaction->totals().merges == 2);
}

TEST_CASE("segments of an older schema get the columns they lack") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  for (size_t i = 0; i < 2; ++i) seal_records(*store, 50);
  auto old = store->view().manifest->segments[0];
  const std::string path = store->folder() + "/" + old.path, beside = folder.path + "/old.parquet";
  texts(
      fmt::format("COPY (SELECT * EXCLUDE (quirks, extra_ids) FROM read_parquet('{}')) TO '{}' "
                  "(FORMAT parquet)",
                  path, beside));
  const auto merger = Merger::open({}, {});
  REQUIRE(merger);
  MergeJob job;
  job.inputs = {{beside, 0},
                {store->folder() + "/" + store->view().manifest->segments[1].path, kSchemaVersion}};
  job.next_path = [&]() -> Result<std::string> { return folder.path + "/new.parquet"; };
  const auto merged = (*merger)->merge(job);
  REQUIRE(merged);
  REQUIRE(merged->size() == 1);
  CHECK(merged->at(0).schema == kSchemaVersion);
  CHECK(texts("SELECT count(*), count(quirks), count(extra_ids) FROM read_parquet('" + folder.path +
              "/new.parquet')") == std::vector<std::string>{"100|50|50|"});
  // As if it were of today's schema, it is refused rather than misread.
  job.inputs[0].schema = kSchemaVersion;
  CHECK_FALSE((*merger)->merge(job));
}

TEST_CASE("an output ends at its limit and the next begins; a choice of rows is kept") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  for (size_t i = 0; i < 3; ++i) seal_records(*store, 5000);
  const auto merger = Merger::open({}, {});
  MergeJob job;
  for (const Segment& each : store->view().manifest->segments) {
    job.inputs.push_back({store->folder() + "/" + each.path, each.schema});
  }
  job.max_rows = 4000;
  int outputs = 0;
  job.next_path = [&]() -> Result<std::string> {
    return fmt::format("{}/out-{}.parquet", folder.path, ++outputs);
  };
  auto merged = (*merger)->merge(job);
  REQUIRE(merged);
  CHECK(merged->size() == 4);
  CHECK(merged->back().rows == 3000);
  job.keep = [](const RowChunk&, size_t row) { return row % 1000 == 1; };
  merged = (*merger)->merge(job);
  REQUIRE(merged);
  CHECK(merged->size() == 1);
  job.keep = [](const RowChunk&, size_t) { return false; };
  merged = (*merger)->merge(job);
  REQUIRE(merged);
  CHECK(merged->empty());
}

TEST_CASE("whenever the power goes, a merge leaves every row once") {
  const test::TempFolder folder;
  const StoreOptions options = options_in(folder.path + "/store");
  std::vector<std::string> copies;
  {
    auto store = open_store(options);
    for (size_t i = 0; i < 8; ++i) seal_records(*store, 100);
    REQUIRE(store->append(as_bytes(records(store->take_sequences(10), 10))));
    const auto snapshot = [&](std::string_view step) {
      copies.push_back(fmt::format("{}/at-{}-{}", folder.path, copies.size(), step));
      fs::copy(options.folder, copies.back(), fs::copy_options::recursive);
    };
    MergeOptions merge;
    merge.on_step = snapshot;
    auto compaction = open_compaction(*store, merge);
    REQUIRE(compaction->merge_once(kGoOn).value());
    snapshot("end");
  }
  REQUIRE(copies.size() == 4);
  for (const std::string& copy : copies) {
    // Half a file, as a power cut within COPY leaves it.
    fs::create_directories(copy + "/segments/2026-09-21/14");
    std::ofstream(copy + "/segments/2026-09-21/14/sip-0000000099.parquet") << "PAR1 half";
    StoreOptions at = options;
    at.folder = copy;
    auto store = open_store(at);
    CHECK(is_run(sequences_in(store->view()), 810));
    size_t files = 0;
    for (const auto& file : fs::recursive_directory_iterator(copy + "/segments")) {
      files += file.path().extension() == ".parquet" ? 1 : 0;
    }
    CHECK(files == store->view().manifest->segments.size());
  }
}

TEST_CASE("whoever asks for it has few files of today, too, as the plan had said") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  for (size_t i = 0; i < 11; ++i) {
    RowOptions rows;
    rows.received = kNow + -(i < 3 ? 30 * 3600 * kSecond : Nanoseconds{0});
    seal_records(*store, i == 5 ? 2000 : 30 + i, rows);
  }
  seal(*store, calls(0, 10));
  seal(*store, calls(10, 10));
  CHECK(plan_merges(*store->view().manifest, {}, kNow).size() < 3);
  const auto plan = plan_merges(*store->view().manifest, merge_all_now(), kNow);
  MergeOptions options;
  options.policy = merge_all_now();
  auto compaction = open_compaction(*store, options);
  while (*compaction->merge_once(kGoOn)) {
  }
  CHECK(compaction->totals().merges == plan.size());
  CHECK(compaction->totals().last_merge.find(" files of ") != std::string::npos);
  CHECK(store->view().manifest->segments.size() <= 3);  // calls, and two days of records
  CHECK(rows_on(store->view(), Shelf::Calls) == 20);
  CHECK(sequences_in(store->view()).size() == 2000 + 10 * 30 + 50);
  CHECK(plan_merges(*store->view().manifest, merge_all_now(), kNow).empty());
}

TEST_CASE("a merge that is stopped leaves nothing behind") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  for (size_t i = 0; i < 8; ++i) seal_records(*store, 4000);
  std::atomic<bool> stop{false};
  MergeOptions merge;
  merge.on_step = [&](std::string_view step) {
    if (step == "chosen") stop = true;
  };
  CHECK_FALSE(open_compaction(*store, merge)->merge_once(stop).value());
  // In the midst of the rows.
  auto merger = Merger::open({}, {});
  MergeJob job;
  for (const Segment& each : store->view().manifest->segments) {
    job.inputs.push_back({store->folder() + "/" + each.path, each.schema});
  }
  stop = false;
  size_t seen = 0;
  job.keep = [&](const RowChunk&, size_t) {
    if (++seen == 20'000) stop = true;
    return true;
  };
  job.stop = &stop;
  job.next_path = [&]() -> Result<std::string> { return folder.path + "/out.parquet"; };
  CHECK_FALSE((*merger)->merge(job));
  CHECK(seen < 25'000);
  CHECK_FALSE(fs::exists(folder.path + "/out.parquet"));
  CHECK_FALSE(fs::exists(folder.path + "/out.parquet.idx"));
}

TEST_CASE("what retention removes meanwhile does not come back by a merge") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  for (size_t i = 0; i < 8; ++i) seal_records(*store, 100);
  MergeOptions merge;
  merge.on_step = [&](std::string_view step) {
    if (step == "written") REQUIRE(store->replace({1}, {}));
  };
  auto compaction = open_compaction(*store, merge);
  REQUIRE(compaction->merge_once(kGoOn).value());
  CHECK(sequences_in(store->view()).size() == 700);
  CHECK(store->view().manifest->segments.size() == 7);
  CHECK(compaction->totals().merges == 0);
}

TEST_CASE("a damaged input is set aside and its neighbours are merged without it") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  for (size_t i = 0; i < 9; ++i) seal_records(*store, 100);
  const std::string path = store->folder() + "/" + store->view().manifest->segments[3].path;
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(500);
    file << "XXXX";
  }
  auto compaction = open_compaction(*store);
  REQUIRE(compaction->merge_once(kGoOn).value());
  REQUIRE(compaction->merge_once(kGoOn).value());
  const View view = store->view();
  CHECK(view.manifest->segments.size() == 1);
  CHECK(sequences_in(view).size() == 800);
  REQUIRE(view.manifest->damaged.size() == 1);
  CHECK(view.manifest->damaged[0].rows == 100);
  CHECK(fs::exists(store->folder() + "/" + view.manifest->damaged[0].path));
}

TEST_CASE("what is merged is small, of one size and age, and of no held shelf") {
  Manifest manifest;
  const MergePolicy policy;
  const auto numbers = [&](Timestamp now = kNow) {
    std::vector<uint64_t> out;
    for (const Segment& s : choose_merge(manifest, policy, now)) out.push_back(s.number);
    return out;
  };
  for (uint64_t i = 0; i < 7; ++i) {
    manifest.segments.push_back(
        segment_of_rows(i + 1, 131'072, kNow + static_cast<int64_t>(i) * kSecond));
  }
  CHECK(numbers().empty());
  manifest.segments.push_back(segment_of_rows(8, 131'072, kNow + 8 * kSecond));
  CHECK(numbers() == std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 7, 8});
  // A result of that is left alone, and one much larger than the others does not come along.
  for (Segment& s : manifest.segments) s.rows = 1'100'000;
  CHECK(numbers().empty());
  for (Segment& s : manifest.segments) s.rows = 10;
  manifest.segments[4].rows = 5000;
  CHECK(numbers().empty());
  for (Segment& s : manifest.segments) {
    s.rows = 10;
    s.shelf = Shelf::Held;
  }
  CHECK(numbers().empty());
  CHECK(numbers(kNow + 100 * 24 * 3600 * kSecond).empty());
  // Days apart: only what is of one day, when that is over.
  manifest.segments.clear();
  for (uint64_t i = 0; i < 8; ++i) {
    manifest.segments.push_back(
        segment_of_rows(i + 1, 10, kNow + static_cast<int64_t>(i / 2) * 48 * 3600 * kSecond));
  }
  CHECK(numbers().empty());
  CHECK(numbers(kNow + 30 * 24 * 3600 * kSecond).size() == 2);
}

TEST_CASE("merging ends, and writes no row often") {
  Manifest manifest;
  const MergePolicy policy;
  uint64_t next = 1, written = 0, sealed = 0;
  Timestamp now = kNow;
  for (int i = 0; i < 3000; ++i) {
    now = now + 600 * kSecond;
    const uint64_t rows = i % 3 == 0 ? 700 : i % 50 == 0 ? 90'000 : 20;
    manifest.segments.push_back(segment_of_rows(next++, rows, now + -600 * kSecond));
    sealed += rows;
    for (;;) {
      const auto chosen = choose_merge(manifest, policy, now);
      if (chosen.empty()) break;
      Segment sum = segment_of_rows(next++, 0, chosen.front().received_first);
      for (const Segment& each : chosen) {
        sum.rows += each.rows;
        sum.received_first = std::min(sum.received_first, each.received_first);
        sum.received_last = std::max(sum.received_last, each.received_last);
        std::erase_if(manifest.segments, [&](const Segment& s) { return s.number == each.number; });
      }
      sum.bytes = sum.rows * 80;
      written += sum.rows;
      manifest.segments.push_back(sum);
    }
  }
  CHECK(manifest.segments.size() < 3000 / 144 * 4);  // of about 21 days
  CHECK(written < sealed * 4);
  INFO(written, " of ", sealed);
}

}  // namespace siploom::store
