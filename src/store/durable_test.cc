// Disks that fail, fill up and come back: what was accepted is there, and the state tells the
// truth.
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <future>

#include "store/files.h"
#include "store/test_rows.h"
#include "support/temp_folder.h"

namespace siploom::store {

using namespace test_rows;
namespace fs = std::filesystem;

namespace {

// A disk whose next syncs fail.
struct Disk {
  int failures = 0, why = EIO, syncs = 0;

  StoreOptions options(const std::string& folder) {
    StoreOptions out = options_in(folder);
    out.sync_data = [this](int fd) {
      ++syncs;
      if (failures == 0) return ::fdatasync(fd);
      --failures;
      errno = why;
      return -1;
    };
    return out;
  }
};

void append(Store& store, uint64_t count) {
  REQUIRE(store.append(as_bytes(records(store.take_sequences(count), count))));
}

// What the kernel makes of pages that it could not write: octets from `from` on are gone.
void drop_pages(const std::string& path, uint64_t from) {
  const uint64_t size = fs::file_size(path);
  fs::resize_file(path, from);
  fs::resize_file(path, size);
}

// Rows of the store as a power cut at this moment leaves them.
std::multiset<uint64_t> after_power_cut(const std::string& store, const std::string& copy) {
  fs::remove_all(copy);
  fs::copy(store, copy, fs::copy_options::recursive);
  return sequences_in(open_store(options_in(copy))->view());
}

}  // namespace

TEST_CASE("a sync that failed once and then succeeds has not lost what the kernel dropped") {
  const test::TempFolder folder;
  Disk disk;
  auto store = open_store(disk.options(folder.path + "/store"));
  append(*store, 20);
  REQUIRE(store->sync());
  const std::string log = log_path(store->folder(), 1);
  const uint64_t safe = fs::file_size(log);
  append(*store, 30);
  disk.failures = 1;
  CHECK_FALSE(store->sync());
  drop_pages(log, safe);
  CHECK(store->state() == StoreState::Failed);
  CHECK(store->flushed_sequence() == 21);
  // Until it is on a disk nothing more is taken.
  CHECK_FALSE(store->append(as_bytes(records(1000, 1))));
  REQUIRE(store->sync());
  CHECK(store->state() == StoreState::Good);
  CHECK(store->flushed_sequence() == 51);
  CHECK(is_run(after_power_cut(store->folder(), folder.path + "/copy"), 50));
  append(*store, 10);
  REQUIRE(store->sync());
  CHECK(is_run(after_power_cut(store->folder(), folder.path + "/copy"), 60));
  REQUIRE(store->rotate(true));
  REQUIRE(store->seal().value());
  CHECK_FALSE(fs::exists(log));
  CHECK(is_run(sequences_in(store->view()), 60));
}

TEST_CASE("a log that was rotated away while its sync failed is written again, too") {
  const test::TempFolder folder;
  Disk disk;
  auto store = open_store(disk.options(folder.path + "/store"));
  append(*store, 20);
  REQUIRE(store->rotate(true));
  append(*store, 5);
  disk.failures = 1;
  CHECK_FALSE(store->sync());
  drop_pages(log_path(store->folder(), 1), kLogHeadBytes);
  CHECK(store->flushed_sequence() == 1);
  disk.failures = 1;  // nor can it be written again at once
  CHECK_FALSE(store->sync());
  REQUIRE(store->sync());
  CHECK(store->flushed_sequence() == 26);
  CHECK(is_run(after_power_cut(store->folder(), folder.path + "/copy"), 25));
  CHECK(open_store(options_in(folder.path + "/copy"))->recovery().cut_bytes == 0);
}

TEST_CASE("a disk that was full at a sync is good again without anybody appending") {
  const test::TempFolder folder;
  Disk disk;
  disk.why = ENOSPC;
  auto store = open_store(disk.options(folder.path + "/store"));
  append(*store, 20);
  disk.failures = 2;
  CHECK_FALSE(store->sync());
  CHECK(store->state() == StoreState::Full);
  CHECK_FALSE(store->sync());
  CHECK(store->state() == StoreState::Full);
  REQUIRE(store->sync());
  CHECK(store->state() == StoreState::Good);
  CHECK(store->state_text().empty());
}

TEST_CASE("a log whose sync failed is of no concern once its rows are sealed") {
  const test::TempFolder folder;
  Disk disk;
  auto store = open_store(disk.options(folder.path + "/store"));
  append(*store, 20);
  disk.failures = 1;
  CHECK_FALSE(store->sync());
  REQUIRE(store->rotate(true));
  REQUIRE(store->seal().value());
  REQUIRE(store->sync());
  CHECK(store->state() == StoreState::Good);
  CHECK(logs_in(store->folder()).size() == 1);
  append(*store, 20);
  CHECK(is_run(sequences_in(store->view()), 40));
}

TEST_CASE("a sync does not wait while an append waits for a sealing") {
  const test::TempFolder folder;
  StoreOptions options = options_in(folder.path + "/store");
  options.seal_rows = 10;
  options.most_waiting = 2;
  auto store = open_store(options);
  for (int i = 0; i < 3; ++i) append(*store, 10);
  auto waiting = std::async(std::launch::async, [&] { append(*store, 10); });
  CHECK(waiting.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  auto synced = std::async(std::launch::async, [&] { REQUIRE(store->sync()); });
  CHECK(synced.wait_for(std::chrono::seconds(5)) == std::future_status::ready);
  store->stop();
  waiting.get();
  synced.get();
  CHECK(is_run(sequences_in(store->view()), 40));
}

TEST_CASE("a disk that had no room for an append is good again when there is, without traffic") {
  const test::TempFolder folder;
  const std::string small = folder.path + "/disk";
  fs::create_directory(small);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=4m") != 0) {
    MESSAGE("skipped: mounting a small disk needs root");
    return;
  }
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{small};
  auto store = open_store(options_in(small + "/store"));
  append(*store, 10);
  { std::ofstream(small + "/filler") << std::string(size_t{8} << 20, 'x'); }
  RowOptions large;
  large.extra_bytes = 4000;
  const std::string rows = records(store->take_sequences(100), 100, large);
  CHECK_FALSE(store->append(as_bytes(rows)));
  REQUIRE(store->sync());
  CHECK(store->state() == StoreState::Full);  // still
  fs::remove(small + "/filler");
  REQUIRE(store->sync());
  CHECK(store->state() == StoreState::Good);
  REQUIRE(store->append(as_bytes(rows)));
}

}  // namespace siploom::store
