#include "admin/audit.h"

#include <doctest/doctest.h>

#include <thread>

#include "support/admin_bench.h"

using namespace siploom;
using namespace siploom::admin;
using siploom::admin::test::Bench;

namespace {

AuditEvent event(AuditAction action, std::string user, std::string object) {
  AuditEvent out;
  out.action = action;
  out.user = std::move(user);
  out.object = std::move(object);
  return out;
}

// What somebody with the file and sqlite3 in hand can do.
void tamper(Database& database, std::string_view sql) {
  REQUIRE(database.read([&](Connection& db) {
    return db.script(std::string("DROP TRIGGER audit_is_not_changed; "
                                 "DROP TRIGGER audit_is_cut_at_its_anchor;")
                         .append(sql));
  }));
}

void fill(Audit& audit, int count) {
  for (int i = 0; i < count; ++i)
    REQUIRE(audit.add(event(AuditAction::Search, "ann", "search " + std::to_string(i))));
  REQUIRE(audit.flush_audit());
}

}  // namespace

TEST_CASE("names of actions go both ways") {
  for (int i = 0; i < static_cast<int>(AuditAction::Count); ++i) {
    const auto action = static_cast<AuditAction>(i);
    CHECK(find_audit_action(audit_action_name(action)) == action);
  }
  CHECK_FALSE(find_audit_action("nonsense"));
}

TEST_CASE("searches wait for the batch, logins do not") {
  Bench bench;
  Audit audit(*bench.database);
  REQUIRE(audit.add(event(AuditAction::Search, "ann", "method == INVITE")));
  CHECK(audit.list({})->rows.empty());
  REQUIRE(audit.add(event(AuditAction::Login, "ann", "")));
  const auto rows = audit.list({})->rows;
  REQUIRE(rows.size() == 2);  // newest first, and in order
  CHECK(rows[0].action == "login");
  CHECK(rows[1].event.object == "method == INVITE");
  CHECK(rows[1].event.time == Timestamp{admin::test::kStart});
  CHECK(audit.counters().written == 2);
  CHECK(audit.verify_audit()->intact);
}

TEST_CASE("the log is listed by user, action, time and text, in pages") {
  Bench bench;
  Audit audit(*bench.database);
  fill(audit, 25);
  bench.pass(kHour);
  REQUIRE(audit.add(event(AuditAction::Export, "Bob", "100%_sure")));
  AuditFilter filter;
  filter.user = "bob";
  CHECK(audit.list(filter)->rows.size() == 1);
  filter = {};
  filter.action = "search";
  Page page{10, std::nullopt};
  std::vector<int64_t> seen;
  do {
    const auto listed = audit.list(filter, page);
    REQUIRE(listed);
    for (const AuditRow& row : listed->rows) seen.push_back(row.seq);
    page.cursor = listed->next;
  } while (page.cursor);
  CHECK(seen.size() == 25);
  CHECK(std::is_sorted(seen.rbegin(), seen.rend()));
  filter = {};
  filter.text = "100%_SURE";
  CHECK(audit.list(filter)->rows.size() == 1);
  filter.text = "1%3";  // no pattern
  CHECK(audit.list(filter)->rows.empty());
  filter = {};
  filter.since = Timestamp{admin::test::kStart + 1};
  CHECK(audit.list(filter)->rows.size() == 1);
  filter = {};
  filter.until = Timestamp{admin::test::kStart};
  CHECK(audit.list(filter)->rows.empty());
}

TEST_CASE("the file itself refuses changes to the log") {
  Bench bench;
  Audit audit(*bench.database);
  fill(audit, 3);
  for (const std::string_view sql :
       {"UPDATE audit SET object = 'x'", "DELETE FROM audit WHERE seq = 3"})
    CHECK_FALSE(bench.database->write([&](Connection& db) { return db.run(sql); }));
}

TEST_CASE("whoever changes the log is found out") {
  Bench bench;
  Audit audit(*bench.database);
  fill(audit, 1'200);
  REQUIRE(audit.verify_audit()->intact);
  CHECK(audit.verify_audit()->checked == 1'200);
  struct Case {
    std::string_view sql;
    int64_t broken_at;
  };
  for (const auto& [sql, broken_at] :
       {Case{"UPDATE audit SET object = 'x' WHERE seq = 700", 700},
        Case{"UPDATE audit SET user_id = 0 WHERE seq = 700", 700},
        Case{"DELETE FROM audit WHERE seq = 700", 700},
        Case{"DELETE FROM audit WHERE seq = 1200", 1200},
        Case{"DELETE FROM audit WHERE seq = 1", 1},
        Case{"INSERT INTO audit SELECT 1201, time, user_id, user_name, token_id, address, action, "
             "object, detail, result, hash FROM audit WHERE seq = 1200",
             1201},
        Case{"UPDATE audit SET object = user_name, user_name = object WHERE seq = 5", 5}}) {
    CAPTURE(sql);
    const std::string copy =
        bench.folder.path + "/copy" + std::to_string(broken_at) + std::to_string(sql.size());
    REQUIRE(bench.database->backup_to(copy));
    auto opened = Database::open(copy, bench.clock());
    REQUIRE(opened);
    tamper(**opened, sql);
    const auto verdict = Audit(**opened).verify_audit();
    REQUIRE(verdict);
    CHECK_FALSE(verdict->intact);
    CHECK(verdict->broken_at == broken_at);
    CHECK_FALSE(verdict->what.empty());
  }
}

TEST_CASE("what is old is cut, and the rest still stands") {
  Bench bench;
  Audit audit(*bench.database);
  fill(audit, 10);
  bench.pass(kDay);
  fill(audit, 5);
  CHECK(*audit.remove_older_than(Timestamp{admin::test::kStart + kHour}) == 10);
  auto verdict = audit.verify_audit();
  CHECK(verdict->intact);
  CHECK(verdict->checked == 6);  // five and the note of the cut
  CHECK(audit.list({})->rows.front().action == "audit-cut");
  CHECK(*audit.remove_older_than(Timestamp{admin::test::kStart + kHour}) == 0);
  bench.pass(kDay);
  CHECK(*audit.remove_older_than(Timestamp{bench.now}) == 6);
  fill(audit, 2);
  verdict = audit.verify_audit();
  CHECK(verdict->intact);
  CHECK(verdict->checked == 3);
}

TEST_CASE("hostile texts are kept within limits") {
  Bench bench;
  Audit audit(*bench.database);
  AuditEvent wild = event(AuditAction::LoginFailed, std::string("a\0'\";--\xFF\x1b[2J", 12),
                          std::string(1 << 20, 'x'));
  wild.detail = std::string(1 << 20, '[');
  REQUIRE(audit.add(wild));
  REQUIRE(audit.flush_audit());
  const auto rows = audit.list({})->rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].event.user == "a\\x00'\";--\\xff\\x1b[2J");
  CHECK(rows[0].event.object.size() <= kMaxAuditTextOctets);
  CHECK(rows[0].event.detail == R"({"left_out_octets":1048576})");
  CHECK(audit.verify_audit()->intact);
}

TEST_CASE("a log that cannot be written says so and loses nothing unseen") {
  Bench bench;
  Audit audit(*bench.database);
  REQUIRE(bench.database->read([](Connection& db) { return db.run("PRAGMA query_only=1"); }));
  const auto failed = audit.add(event(AuditAction::Login, "ann", ""));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message.find("audit log cannot be written") != std::string::npos);
  CHECK(audit.counters().queued == 1);
  for (size_t i = 0; i < kMaxAuditQueued + 5; ++i)
    static_cast<void>(audit.add(event(AuditAction::Search, "ann", "x")));
  CHECK(audit.counters().queued == kMaxAuditQueued);
  CHECK(audit.counters().lost == 6);
  REQUIRE(bench.database->read([](Connection& db) { return db.run("PRAGMA query_only=0"); }));
  REQUIRE(audit.flush_audit());
  CHECK(audit.counters().queued == 0);
  AuditFilter gaps;
  gaps.action = "audit-lost";
  const auto rows = audit.list(gaps)->rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].event.detail == R"({"events":6})");
  CHECK(audit.verify_audit()->intact);
}

TEST_CASE("several threads write one chain") {
  Bench bench;
  Audit audit(*bench.database);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto action = i % 10 == 0 ? AuditAction::Export : AuditAction::Search;
        CHECK(audit.add(event(action, "user" + std::to_string(t), std::to_string(i))));
      }
    });
  }
  for (int i = 0; i < 5; ++i) CHECK(audit.verify_audit()->intact);
  for (std::thread& thread : threads) thread.join();
  REQUIRE(audit.flush_audit());
  const auto verdict = audit.verify_audit();
  CHECK(verdict->intact);
  CHECK(verdict->checked == 200);
}
