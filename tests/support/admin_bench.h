// What the tests of this room have in common: a database in a folder of its own and a clock that is
// turned by hand.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "admin/database.h"
#include "admin/password.h"
#include "base/check.h"
#include "base/net.h"
#include "support/temp_folder.h"

namespace siploom::admin::test {

constexpr int64_t kStart = 1'800'000'000 * kSecond;

const IpAddress kHome = *parse_ip("192.0.2.1");

struct Bench {
  Bench() { open(); }
  void open() {
    database.reset();
    auto opened = Database::open(path, clock());
    SL_CHECK(opened.has_value());
    database = std::move(*opened);
    // A test outlives no crash of the machine, and is not to wait for disks.
    SL_CHECK(database->read([](Connection& db) { return db.script("PRAGMA synchronous=OFF"); })
                 .has_value());
  }
  Clock clock() {
    return [this] { return Timestamp{now.load()}; };
  }
  void pass(Nanoseconds time) { now += time; }

  siploom::test::TempFolder folder;
  std::string path = folder.path + "/meta.db";
  std::atomic<int64_t> now{kStart};
  std::unique_ptr<Database> database;
};

constexpr const char* kGoodPassword = "correct horse";

// argon2id at its cheapest, so that tests are fast.
constexpr PasswordCost kCheap{1, 8192};

}  // namespace siploom::admin::test
