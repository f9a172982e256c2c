#include "admin/database.h"

#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <thread>

#include "support/admin_bench.h"

using namespace siploom;
using namespace siploom::admin;
using siploom::admin::test::Bench;

namespace {

constexpr std::string_view kOne =
    "CREATE TABLE one (id INTEGER PRIMARY KEY, text TEXT);"
    "INSERT INTO one (text) VALUES ('kept');";
constexpr std::string_view kTwo = "ALTER TABLE one ADD COLUMN more TEXT NOT NULL DEFAULT 'new';";
constexpr std::string_view kWrong = "CREATE TABLE three (id); CREATE TABLE one (id);";

struct Folder {
  siploom::test::TempFolder folder;
  std::string path = folder.path + "/meta.db";
  Result<std::unique_ptr<Database>> open(std::span<const std::string_view> migrations) {
    return Database::open(
        path, [] { return Timestamp{admin::test::kStart}; }, migrations);
  }
};

int64_t number(Database& database, std::string_view sql) {
  return *database.read([&](Connection& db) { return db.number(sql); });
}

}  // namespace

TEST_CASE("a new file has the newest schema, and foreign keys are kept") {
  Bench bench;
  CHECK(number(*bench.database, "PRAGMA user_version") ==
        static_cast<int64_t>(schema_migrations().size()));
  CHECK(number(*bench.database, "PRAGMA foreign_keys") == 1);
  Folder other;
  CHECK(number(**other.open(schema_migrations()), "PRAGMA synchronous") == 2);
  const auto refused = bench.database->write([](Connection& db) {
    return db.run(
        "INSERT INTO notes (call_id, text, author_id, author, time) "
        "VALUES ('a', 'b', 99, 'c', 1)");
  });
  CHECK_FALSE(refused);
  bench.open();  // again
  CHECK(number(*bench.database, "SELECT count(*) FROM roles") == 4);
}

TEST_CASE("an older file is brought up to date and keeps what it has") {
  Folder at;
  const std::array<std::string_view, 2> both = {kOne, kTwo};
  REQUIRE(at.open(std::span(both).first(1)));
  auto now = at.open(both);
  REQUIRE(now);
  CHECK(number(**now, "PRAGMA user_version") == 2);
  CHECK(number(**now, "SELECT count(*) FROM one WHERE text = 'kept' AND more = 'new'") == 1);
}

TEST_CASE("a newer file is left alone") {
  Folder at;
  const std::array<std::string_view, 2> both = {kOne, kTwo};
  REQUIRE(at.open(both));
  const auto old = at.open(std::span(both).first(1));
  REQUIRE_FALSE(old);
  CHECK(old.error().code == ErrorCode::Unsupported);
  CHECK(old.error().message.find("newer siploom (schema 2, this one knows 1)") !=
        std::string::npos);
}

TEST_CASE("a migration that fails changes nothing") {
  Folder at;
  const std::array<std::string_view, 2> steps = {kOne, kWrong};
  REQUIRE(at.open(std::span(steps).first(1)));
  const auto failed = at.open(steps);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message.find("from schema 1 to 2") != std::string::npos);
  auto before = at.open(std::span(steps).first(1));
  REQUIRE(before);
  CHECK(number(**before, "SELECT count(*) FROM sqlite_schema WHERE name = 'three'") == 0);
}

TEST_CASE("what is no meta.db is refused with what to do") {
  Folder at;
  SUBCASE("no database at all") {
    std::ofstream(at.path) << std::string(8192, 'x');
    const auto opened = at.open(schema_migrations());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::Malformed);
    CHECK(opened.error().message.find("put a backup in its place") != std::string::npos);
  }
  SUBCASE("somebody else's") {
    { REQUIRE(at.open(schema_migrations())); }
    auto mine = at.open(schema_migrations());
    REQUIRE((*mine)->read([](Connection& db) { return db.script("PRAGMA application_id=77"); }));
    mine->reset();
    const auto opened = at.open(schema_migrations());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message.find("some other program") != std::string::npos);
  }
  SUBCASE("a damaged one") {
    { REQUIRE(at.open(schema_migrations())); }
    std::fstream file(at.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 + 20);
    file << std::string(8000, '\xA5');
    file.close();
    const auto opened = at.open(schema_migrations());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::Malformed);
  }
  SUBCASE("a folder that is not there") {
    at.path = at.folder.path + "/nowhere/meta.db";
    const auto opened = at.open(schema_migrations());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::Io);
  }
}

TEST_CASE("a transaction that fails is taken back") {
  Bench bench;
  const auto failed = bench.database->write([](Connection& db) -> Result<void> {
    SL_TRY_VOID(db.run("UPDATE roles SET scope = 'x'"));
    return fail(ErrorCode::InvalidArgument, "no");
  });
  CHECK_FALSE(failed);
  CHECK(number(*bench.database, "SELECT count(*) FROM roles WHERE scope = 'x'") == 0);
}

TEST_CASE("texts come out as they went in, NULs and quotes included") {
  Bench bench;
  const std::string text("it's \"\0\x01 \xFF;--", 14);
  auto back = bench.database->read([&](Connection& db) {
    return db.find("SELECT ?, ?, ?", {text, as_bytes(text), std::string_view{}},
                   [](const Row& row) {
                     CHECK_FALSE(row.is_null(2));
                     return row.text(0) + row.text(1) + row.text(2);
                   });
  });
  REQUIRE(back);
  CHECK(*back == text + text);
}

TEST_CASE("a backup is whole while others write, and never overwrites") {
  Bench bench;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      CHECK(bench.database->write([&](Connection& db) {
        return db.run("INSERT INTO settings VALUES (?, 'v', 1, 'me')", {std::to_string(i)});
      }));
    }
  });
  const std::string copy = bench.folder.path + "/copy.db";
  const auto done = bench.database->backup_to(copy);
  stop = true;
  writer.join();
  CHECK(done);
  CHECK_FALSE(bench.database->backup_to(copy));
  auto opened = Database::open(copy, bench.clock());
  REQUIRE(opened);
  CHECK(number(**opened, "SELECT count(*) FROM roles") == 4);
  CHECK_FALSE(bench.database->backup_to(bench.folder.path + "/nowhere/copy.db"));
}
