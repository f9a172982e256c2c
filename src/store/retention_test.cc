#include "store/retention.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "store/merge.h"
#include "store/search.h"
#include "store/stat.h"
#include "store/test_rows.h"
#include "support/temp_folder.h"

namespace siploom::store {

using namespace test_rows;
namespace fs = std::filesystem;

namespace {

constexpr DiskSpace kRoomy{1'000'000'000, 900'000'000};

Segment segment_of_bytes(uint64_t number, Shelf shelf, Timestamp received, uint64_t bytes = 100) {
  Segment s;
  s.number = number;
  s.shelf = shelf;
  s.rows = 10;
  s.bytes = bytes;
  s.received_first = s.received_last = received;
  s.first = s.last = kNoTime;
  return s;
}

std::vector<uint64_t> numbers(const std::vector<Drop>& drops) {
  std::vector<uint64_t> out;
  for (const Drop& drop : drops) out.push_back(drop.segment.number);
  return out;
}

ShelfLimit& limit(RetentionPolicy& policy, Shelf shelf) {
  return policy.shelves[static_cast<size_t>(shelf)];
}

std::unique_ptr<Retention> open_retention(Store& store, const RetentionOptions& options) {
  auto retention = Retention::open(store, options);
  REQUIRE(retention);
  return std::move(*retention);
}

RetentionOptions drop_all_records() {
  RetentionOptions options;
  limit(options.policy, Shelf::Sip).max_age = kSecond;
  limit(options.policy, Shelf::Calls).max_age = kSecond;
  return options;
}

}  // namespace

TEST_CASE("the oldest segments go first, by the stated order") {
  Manifest manifest;
  RetentionPolicy policy;
  for (uint64_t i = 0; i < 4; ++i) {
    const Timestamp received = kNow + -static_cast<int64_t>(10 - i) * kDay;
    manifest.segments.push_back(segment_of_bytes(10 + i, Shelf::Sip, received));
    manifest.segments.push_back(segment_of_bytes(20 + i, Shelf::Media, received));
    manifest.segments.push_back(segment_of_bytes(30 + i, Shelf::Calls, received));
    manifest.segments.push_back(segment_of_bytes(40 + i, Shelf::Held, received));
  }
  const auto plan = [&](const DiskSpace& disk = kRoomy, uint64_t soon = 0) {
    return numbers(plan_drops(manifest, policy, kNow, disk, soon));
  };
  using List = std::vector<uint64_t>;
  CHECK(plan().empty());
  limit(policy, Shelf::Media).max_age = 9 * kDay;
  CHECK(plan() == List{20});
  limit(policy, Shelf::Sip).max_bytes = 250;
  CHECK(plan() == List{20, 10, 11});
  policy.max_bytes = 1100;  // of 1300 that are left then
  CHECK(plan() == List{20, 10, 11, 21, 12});
  policy.max_bytes = 700;  // held ones are counted, and stay; calls come last
  CHECK(plan() == List{20, 10, 11, 21, 12, 22, 13, 23, 30});
  policy = {};
  policy.min_free_bytes = 1000;
  CHECK(plan({10'000, 800}) == List{10, 20});
  CHECK(plan({10'000, 800}, 100) == List{10});
  policy.min_free_percent = 10;
  CHECK(plan({9'000, 1000}).empty());
  CHECK(plan({10'000, 0}).size() == 10);
  // Never more than half of the disk is wanted.
  policy.min_free_bytes = 1'000'000;
  CHECK(plan({2'000, 900}).size() == 1);
}

TEST_CASE("clocks that lie keep nothing for ever, and take nothing before its time") {
  Manifest manifest;
  RetentionPolicy policy;
  limit(policy, Shelf::Sip).max_age = 5 * kDay;
  // The rows' own times are nonsense, ours are sane.
  manifest.segments.push_back(segment_of_bytes(1, Shelf::Sip, kNow + -10 * kDay));
  manifest.segments[0].first = {0};
  manifest.segments[0].last = kNow + 10'000 * kDay;
  manifest.segments.push_back(segment_of_bytes(2, Shelf::Sip, kNow + -2 * kDay));
  manifest.segments[1].first = manifest.segments[1].last = {0};
  CHECK(numbers(plan_drops(manifest, policy, kNow, kRoomy)) == std::vector<uint64_t>{1});
  // Ours was ahead for a while: as old as what was made before.
  manifest.segments.push_back(segment_of_bytes(3, Shelf::Sip, kNow + 3000 * kDay));
  CHECK(plan_drops(manifest, policy, kNow, kRoomy).size() == 1);
  CHECK(plan_drops(manifest, policy, kNow + 6 * kDay, kRoomy).size() == 3);
}

TEST_CASE("what went is in the journal, and only its last thousand lines") {
  const test::TempFolder folder;
  CHECK(read_journal(folder.path).empty());
  DropEvent event;
  event.when = event.received_first = event.received_last = kNow;
  for (uint64_t i = 0; i < 13; ++i) {
    std::vector<DropEvent> some(100, event);
    for (DropEvent& each : some) each.segments = i;
    REQUIRE(append_journal(folder.path, some));
  }
  auto events = read_journal(folder.path);
  REQUIRE(events.size() == kMaxDropEvents);
  CHECK(events.front().segments == 3);
  // A damaged line is left out.
  std::fstream(journal_path(folder.path), std::ios::in | std::ios::out).write("7", 1);
  CHECK(read_journal(folder.path).size() == kMaxDropEvents - 1);
}

TEST_CASE("retention drops by age, tells it, and touches neither memory nor logs") {
  const test::TempFolder folder;
  StoreOptions at = options_in(folder.path + "/store");
  Timestamp now = kNow;
  at.clock = [&] { return now; };
  auto store = open_store(at);
  seal_records(*store, 100);
  now = now + 3 * kDay;
  RowOptions rows;
  rows.received = now;
  seal_records(*store, 50, rows);
  rows.received = kNow + -100 * kDay;
  REQUIRE(store->append(as_bytes(records(store->take_sequences(7), 7, rows))));
  RetentionOptions options;
  limit(options.policy, Shelf::Sip).max_age = 2 * kDay;
  auto retention = open_retention(*store, options);
  auto dry = retention->run(true);
  REQUIRE(dry);
  CHECK(dry->dropped.size() == 1);
  CHECK(dry->rows == 100);
  CHECK(sequences_in(store->view()).size() == 157);
  const auto done = retention->run();
  REQUIRE(done);
  CHECK(done->rows == 100);
  CHECK(sequences_in(store->view()).size() == 57);
  const auto events = read_journal(store->folder());
  REQUIRE(events.size() == 1);
  CHECK(events[0].reason == DropReason::Age);
  CHECK(events[0].rows == 100);
  CHECK(events[0].received_first == kNow);
  CHECK(kept_since(*store->view().manifest, Shelf::Sip) == kNow + 3 * kDay);
  CHECK(retention->run()->dropped.empty());
  CHECK(read_journal(store->folder()).size() == 1);
}

TEST_CASE("held rows outlive their segments until the hold is released") {
  const test::TempFolder folder;
  StoreOptions at = options_in(folder.path + "/store");
  at.clock = [] { return kNow + 10 * kDay; };
  auto store = open_store(at);
  for (int i = 0; i < 2; ++i) {
    seal(*store, records(store->take_sequences(100), 100) + calls(0, 10));
  }
  std::vector<Hold> holds = {{{call_id(3), call_id(4), "leg-5"}, "", kNoTime, kNoTime}};
  bool broken = true;
  RetentionOptions options = drop_all_records();
  options.holds = [&]() -> Result<std::vector<Hold>> {
    if (broken) return fail(ErrorCode::Io, "the list of holds cannot be read");
    return holds;
  };
  auto retention = open_retention(*store, options);
  CHECK_FALSE(retention->run());
  CHECK(sequences_in(store->view()).size() == 200);
  broken = false;
  auto done = retention->run();
  REQUIRE(done);
  CHECK(done->dropped.size() == 4);
  CHECK(done->held_rows == 46);
  View view = store->view();
  CHECK(rows_on(view, Shelf::Held) == 42);  // two calls' in each, and the two of leg-5
  CHECK(rows_on(view, Shelf::HeldCalls) == 4);
  CHECK(rows_on(view, Shelf::Sip) == 0);
  // Nothing but the hold changes that, merging included.
  CHECK(retention->run()->dropped.empty());
  auto compaction = Compaction::open(*store, {});
  REQUIRE(compaction);
  CHECK_FALSE((*compaction)->merge_once(std::atomic<bool>{false}).value());
  // One of both calls is released.
  holds[0].call_ids = {call_id(4)};
  REQUIRE(retention->run());
  view = store->view();
  CHECK(rows_on(view, Shelf::Held) == 20);
  CHECK(rows_on(view, Shelf::HeldCalls) == 2);
  holds.clear();
  done = retention->run();
  REQUIRE(done);
  CHECK(store->view().manifest->segments.empty());
  CHECK(read_journal(store->folder()).back().reason == DropReason::Released);
}

TEST_CASE("a hold's time range and its filter say which calls are held") {
  const test::TempFolder folder;
  StoreOptions at = options_in(folder.path + "/store");
  at.clock = [] { return kNow + 10 * kDay; };
  auto store = open_store(at);
  RowOptions rows;
  seal(*store, records(store->take_sequences(100), 100) + calls(0, 10));
  rows.received = kNow + 5 * kDay;
  seal_records(*store, 100, rows);
  SearchOptions searching;
  searching.folder = store->folder();
  auto search = Search::open(searching);
  REQUIRE(search);
  std::vector<Hold> holds = {{{call_id(1)}, "", kNow, kNow + kDay},
                             {{}, "call_id = '" + call_id(2) + "'", kNoTime, kNoTime}};
  RetentionOptions options = drop_all_records();
  options.holds = [&]() -> Result<std::vector<Hold>> { return holds; };
  // A filter that nobody can ask drops nothing.
  CHECK_FALSE(open_retention(*store, options)->run());
  options.search = search->get();
  auto done = open_retention(*store, options)->run();
  REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().message));
  CHECK(rows_on(store->view(), Shelf::Held) == 30);  // call 1 on the first day, call 2 on both
  CHECK(rows_on(store->view(), Shelf::HeldCalls) == 2);
}

TEST_CASE("numbers of a store, and its rows as a file") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  seal(*store, records(store->take_sequences(100), 100) + calls(0, 10));
  REQUIRE(store->append(as_bytes(records(store->take_sequences(20), 20))));
  const View view = store->view();
  const StoreStat numbers = stat(view);
  CHECK(numbers.shelves[static_cast<size_t>(Shelf::Sip)].rows == 100);
  CHECK(numbers.shelves[static_cast<size_t>(Shelf::Sip)].received_first == kNow);
  CHECK(numbers.sum.rows == 110);
  CHECK(numbers.sum.bytes_per_row() > 1);
  CHECK(numbers.memory_rows[0] == 20);
  CHECK(numbers.logs == 1);
  CHECK(numbers.disk_bytes > 0);
  ExportOptions options;
  const std::string path = folder.path + "/out.parquet";
  CHECK(export_rows(view, options, path).value() == 120);
  CHECK(fs::file_size(path) > 0);
  CHECK_FALSE(export_rows(view, options, path));
  options.format = ExportFormat::Csv;
  options.from = kNow;
  options.to = kNow + 10 * kMillisecond;
  CHECK(export_rows(view, options, folder.path + "/out.csv").value() == 20);
  options.table = Table::Calls;
  CHECK(export_rows(view, options, folder.path + "/calls.csv").value() == 10);
  CHECK_FALSE(export_rows(view, options, folder.path + "/nowhere/calls.csv"));
}

TEST_CASE("a full disk refuses what is new, loses nothing, and takes more when there is room") {
  const test::TempFolder folder;
  const std::string disk = folder.path + "/disk";
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=32m") != 0) {
    MESSAGE("skipped: mounting a small disk needs root");
    return;
  }
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{disk};
  StoreOptions at = options_in(disk + "/store");
  RowOptions rows;
  rows.extra_bytes = 2000;
  uint64_t kept = 0;
  std::set<uint64_t> accepted;
  {
    auto store = open_store(at);
    RetentionOptions options;
    options.policy.min_free_bytes = uint64_t{8} << 20;
    auto retention = open_retention(*store, options);
    const auto append = [&] {
      const uint64_t sequence = store->take_sequences(500);
      const auto done = store->append(as_bytes(records(sequence, 500, rows)));
      if (!done) return done;
      for (uint64_t i = 0; i < 500; ++i) accepted.insert(sequence + i);
      return done;
    };
    REQUIRE(append());
    REQUIRE(store->rotate(true));
    REQUIRE(store->seal().value());
    CHECK_FALSE(retention->is_urgent());
    Result<void> last;
    while ((last = append())) {
    }
    CHECK(last.error().code == ErrorCode::LimitExceeded);
    CHECK(store->state() == StoreState::Full);
    CHECK(retention->is_urgent());
    kept = accepted.size();
    CHECK(sequences_in(store->view()).size() == kept);
    // Not even a manifest fits: the reserve makes room for it.
    { std::ofstream(disk + "/filler") << std::string(size_t{64} << 20, 'x'); }
    CHECK(disk_space(disk)->free_bytes == 0);
    const auto dropped = retention->run();
    REQUIRE_MESSAGE(dropped.has_value(), (dropped ? "" : dropped.error().message));
    CHECK(dropped->rows == 500);
    CHECK(dropped->dropped.at(0).reason == DropReason::FreeSpace);
    fs::remove(disk + "/filler");
    REQUIRE(append());
    CHECK(store->state() == StoreState::Good);
    REQUIRE(store->rotate(true));
    while (*store->seal()) {
    }
    CHECK(sequences_in(store->view()).size() == accepted.size() - 500);
    REQUIRE(append());
  }
  auto again = open_store(at);
  CHECK(sequences_in(again->view()).size() == accepted.size() - 500);
  CHECK(again->recovery().cut_bytes == 0);
}

}  // namespace siploom::store
