// `siploom store prune` and legal holds: what is held stays unless the hold is known to be gone.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "admin/holds.h"
#include "cli/commands.h"
#include "cli/held.h"
#include "cli/wall_clock.h"
#include "store/test_rows.h"
#include "support/temp_folder.h"

namespace siploom::cli {

using namespace store::test_rows;
namespace fs = std::filesystem;
using store::Shelf;

namespace {

admin::Identity clerk() {
  admin::Identity out;
  out.user_name = "clerk";
  return out;
}

// A folder as `siploom serve` has it: 100 records of ten calls, and one of these held.
struct ServedFolder {
  test::TempFolder folder;
  std::string store = folder.path + "/store", meta = folder.path + "/meta.db";
  int64_t hold = 0;

  ServedFolder() {
    const auto opened = open_store(options_in(store));
    seal(*opened, records(opened->take_sequences(100), 100) + calls(0, 10));
    with_holds([&](admin::Holds& holds) {
      admin::Hold wanted;
      wanted.call_ids = {call_id(3)};
      wanted.reason = "case 7";
      const auto set = holds.set(wanted, clerk());
      REQUIRE_MESSAGE(set.has_value(), (set ? "" : set.error().message));
      hold = set->id;
    });
  }
  template <class Fn>
  void with_holds(Fn&& work) const {
    auto database = admin::Database::open(meta, wall_clock);
    REQUIRE(database);
    admin::Holds holds(**database);
    work(holds);
  }
  int prune(bool release = false, const std::string& elsewhere = {}) const {
    Options options;
    options.store.store = store;
    options.store.action = "prune";
    options.store.older_than = kSecond;
    options.store.release_holds = release;
    options.store.meta = elsewhere;
    return store_command(options);
  }
  uint64_t rows(bool held) const {
    uint64_t sum = 0;
    const auto view = store::Store::read(store);
    REQUIRE(view);
    for (const store::Segment& segment : view->manifest->segments) {
      if (store::is_held(segment.shelf) == held) sum += segment.rows;
    }
    return sum;
  }
};

constexpr uint64_t kHeldRows = 11;  // ten records of the call, and the call

}  // namespace

TEST_CASE("prune keeps what a hold in the meta.db beside the store names, until it is released") {
  const ServedFolder f;
  CHECK(f.prune() == 0);
  CHECK(f.rows(false) == 0);
  CHECK(f.rows(true) == kHeldRows);
  CHECK(f.prune() == 0);
  CHECK(f.rows(true) == kHeldRows);
  // While holds are known, nothing but the server releases them.
  CHECK(f.prune(true) == 2);
  CHECK(f.rows(true) == kHeldRows);
  f.with_holds([&](admin::Holds& holds) { REQUIRE(holds.remove(f.hold, clerk())); });
  CHECK(f.prune() == 0);
  CHECK(f.rows(true) == 0);
}

TEST_CASE("prune drops nothing when the holds cannot be read") {
  const ServedFolder f;
  const std::string aside = f.folder.path + "/aside.db";
  SUBCASE("no database at all") { std::ofstream(f.meta, std::ios::trunc) << "not a database"; }
  SUBCASE("an empty file") { std::ofstream(f.meta, std::ios::trunc).flush(); }
  SUBCASE("a folder") {
    fs::remove(f.meta);
    fs::create_directory(f.meta);
  }
  fs::remove(f.meta + "-wal");
  CHECK(f.prune() == 2);
  CHECK(f.prune(true) == 2);
  CHECK(f.prune(false, f.folder.path + "/no-such.db") == 2);
  CHECK(f.rows(false) == 110);
}

TEST_CASE("held rows outlive their meta.db, and another place for it can be named") {
  const ServedFolder f;
  CHECK(f.prune() == 0);
  const std::string elsewhere = f.folder.path + "/kept/meta.db";
  fs::create_directory(f.folder.path + "/kept");
  fs::rename(f.meta, elsewhere);
  CHECK(f.prune() == 0);
  CHECK(f.rows(true) == kHeldRows);
  CHECK(f.prune(false, elsewhere) == 0);
  CHECK(f.rows(true) == kHeldRows);
  CHECK(f.prune(true) == 0);
  CHECK(f.rows(true) == 0);
}

TEST_CASE("a store that is reached by a link has the holds beside the link and beside the folder") {
  const ServedFolder f;
  const std::string link = f.folder.path + "/elsewhere/store";
  fs::create_directory(f.folder.path + "/elsewhere");
  fs::create_directory_symlink(f.store, link);
  for (const std::string& path : {f.store, f.store + "/", link, link + "/"}) {
    CAPTURE(path);
    const auto holds = holds_of_store(path, "");
    REQUIRE(holds);
    REQUIRE(holds->has_value());
    CHECK((*holds)->size() == 1);
  }
}

}  // namespace siploom::cli
