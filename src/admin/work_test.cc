// Saved searches, notes and holds.
#include <doctest/doctest.h>

#include "admin/holds.h"
#include "admin/notes.h"
#include "admin/saved_searches.h"
#include "admin/users.h"
#include "support/admin_bench.h"

using namespace siploom;
using namespace siploom::admin;
using siploom::admin::test::Bench;
using siploom::admin::test::kGoodPassword;

namespace {

struct Desk : Bench {
  Users users{*database, admin::test::kCheap};
  SavedSearches searches{*database};
  Notes notes{*database};
  Holds holds{*database};
  int64_t ann = make("ann"), bob = make("bob");

  int64_t make(const std::string& name) {
    return users.add({name, "", Role::Admin, "", kGoodPassword})->id;
  }
  static Identity as(int64_t id, std::string name) {
    Identity who;
    who.user_id = id;
    who.user_name = std::move(name);
    return who;
  }
};

SavedSearch search(int64_t owner, std::string name, std::string filter = "call.duration > 1s") {
  SavedSearch out;
  out.owner_id = owner;
  out.name = std::move(name);
  out.filter = std::move(filter);
  return out;
}

Hold hold(std::vector<std::string> calls, std::string filter, std::string reason = "case 7") {
  Hold out;
  out.call_ids = std::move(calls);
  out.filter = std::move(filter);
  out.reason = std::move(reason);
  return out;
}

}  // namespace

TEST_CASE("saved searches are their owner's until they are shared") {
  Desk at;
  auto mine = at.searches.add(search(at.ann, "long calls"));
  REQUIRE(mine);
  CHECK(mine->owner == "ann");
  CHECK_FALSE(at.searches.add(search(at.ann, "long calls")));
  CHECK(at.searches.add(search(at.bob, "long calls")));
  CHECK(at.searches.list(at.bob, "")->rows.size() == 1);
  CHECK(at.searches.get(mine->id, at.bob).error().code == ErrorCode::NotFound);
  mine->shared = true;
  CHECK_FALSE(at.searches.change(*mine, at.bob));
  REQUIRE(at.searches.change(*mine, at.ann));
  CHECK(at.searches.list(at.bob, "calls")->rows.size() == 2);
  CHECK(at.searches.list(at.bob, "messages")->rows.empty());
  CHECK(at.searches.get(mine->id, at.bob));
  CHECK_FALSE(at.searches.remove(mine->id, at.bob));
  CHECK(at.searches.list(at.bob, "", {1, std::nullopt})->next == mine->id);
  CHECK(at.searches.remove(mine->id, std::nullopt));
  CHECK_FALSE(at.searches.get(mine->id, at.ann));
}

TEST_CASE("a saved search is checked") {
  Desk at;
  CHECK_FALSE(at.searches.add(search(at.ann, "x", "method ==")));
  CHECK_FALSE(at.searches.add(search(at.ann, "", "")));
  CHECK_FALSE(at.searches.add(search(at.ann, std::string(1 << 20, 'x'), "")));
  CHECK_FALSE(at.searches.add(search(at.ann, "x", std::string(1 << 20, 'x'))));
  CHECK_FALSE(at.searches.add(search(99, "x")));
  SavedSearch wild = search(at.ann, "it's \"mine\"; --");
  CHECK(at.searches.add(wild));
  wild.kind = "Calls!";
  CHECK_FALSE(at.searches.add(wild));
  wild = search(at.ann, "y", "method ==");
  wild.kind = "messages";
  CHECK_FALSE(at.searches.add(wild));
  wild.filter = "method == INVITE";
  wild.columns = std::string("a\0b", 3);
  CHECK_FALSE(at.searches.add(wild));
  for (int64_t i = 1; i < kMaxSavedSearchesPerUser; ++i)
    REQUIRE(at.searches.add(search(at.ann, std::to_string(i), "")));
  CHECK(at.searches.add(search(at.ann, "more")).error().code == ErrorCode::LimitExceeded);
}

TEST_CASE("notes on a call stay when their author goes") {
  Desk at;
  const auto ann = Desk::as(at.ann, "ann");
  const auto note = at.notes.add("a@b", Timestamp{5}, "one-way audio\nsince 10:00", ann);
  REQUIRE(note);
  CHECK(at.notes.add("other", kNoTime, "x", Desk::as(99, "cli")));  // no user of this server
  CHECK_FALSE(at.notes.change(note->id, "y", at.bob));
  CHECK(at.notes.change(note->id, "both ways", at.ann));
  REQUIRE(at.users.remove(at.ann));
  const auto rows = at.notes.list("a@b")->rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].text == "both ways");
  CHECK(rows[0].author == "ann");
  CHECK_FALSE(rows[0].author_id);
  CHECK(rows[0].start == Timestamp{5});
  CHECK(at.notes.list("")->rows.size() == 2);
  CHECK_FALSE(at.notes.remove(note->id, at.bob));
  CHECK(at.notes.remove(note->id, std::nullopt));
  CHECK_FALSE(at.notes.add("", kNoTime, "x", ann));
  CHECK_FALSE(at.notes.add("a", kNoTime, "", ann));
  CHECK_FALSE(at.notes.add("a", kNoTime, std::string(1 << 20, 'x'), ann));
  CHECK_FALSE(at.notes.add(std::string(1 << 20, 'x'), kNoTime, "x", ann));
  CHECK_FALSE(at.notes.add("a\xFF", kNoTime, "x", ann));
}

TEST_CASE("holds are listed, asked by call and time, and removed") {
  Desk at;
  const auto ann = Desk::as(at.ann, "ann");
  Hold wanted = hold({"a@b", "c@d", "a@b"}, "");
  wanted.since = Timestamp{100};
  wanted.until = Timestamp{200};
  const auto set = at.holds.set(wanted, ann);
  REQUIRE(set);
  CHECK(set->call_ids.size() == 2);
  CHECK(set->set_by == "ann");
  REQUIRE(at.holds.set(hold({}, "from.user == 'x'"), ann));
  CHECK(*at.holds.names_call("a@b", Timestamp{100}));
  CHECK(*at.holds.names_call("a@b", kNoTime));
  CHECK_FALSE(*at.holds.names_call("a@b", Timestamp{200}));
  CHECK_FALSE(*at.holds.names_call("a@b", Timestamp{99}));
  CHECK_FALSE(*at.holds.names_call("x@y", Timestamp{100}));
  REQUIRE(at.holds.remove(set->id, Desk::as(at.bob, "bob")));
  CHECK_FALSE(at.holds.remove(set->id, ann));
  CHECK_FALSE(*at.holds.names_call("a@b", Timestamp{100}));
  CHECK(at.holds.list(true)->rows.size() == 1);
  const auto all = at.holds.list(false)->rows;
  REQUIRE(all.size() == 2);
  CHECK(all[0].removed_by == "bob");
  CHECK(all[0].call_ids.size() == 2);
}

TEST_CASE("a hold is checked") {
  Desk at;
  const auto ann = Desk::as(at.ann, "ann");
  CHECK_FALSE(at.holds.set(hold({}, ""), ann));
  CHECK_FALSE(at.holds.set(hold({"a"}, "", " "), ann));
  CHECK_FALSE(at.holds.set(hold({""}, ""), ann));
  CHECK_FALSE(at.holds.set(hold({}, "method =="), ann));
  CHECK_FALSE(at.holds.set(hold({std::string(1 << 20, 'x')}, ""), ann));
  CHECK_FALSE(at.holds.set(hold(std::vector<std::string>(kMaxCallsOfHold + 1, "x"), ""), ann));
  Hold backwards = hold({"a"}, "");
  backwards.since = Timestamp{2};
  backwards.until = Timestamp{1};
  CHECK_FALSE(at.holds.set(backwards, ann));
}
