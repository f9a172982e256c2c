#include "admin/users.h"

#include <doctest/doctest.h>

#include <thread>

#include "admin/scope.h"
#include "admin/sessions.h"
#include "admin/setup.h"
#include "admin/text_rules.h"
#include "admin/tokens.h"
#include "support/admin_bench.h"

using namespace siploom;
using namespace siploom::admin;
using siploom::admin::test::Bench;
using siploom::admin::test::kCheap;
using siploom::admin::test::kGoodPassword;
using siploom::admin::test::kHome;

namespace {

struct People : Bench {
  Users users{*database, kCheap};
  Sessions sessions{*database};
  Tokens tokens{*database};

  int64_t make(const std::string& name, Role role, const std::string& scope = "") {
    const auto user = users.add({name, "", role, scope, kGoodPassword});
    REQUIRE_MESSAGE(user.has_value(), (user ? "" : user.error().message));
    return user->id;
  }
};

UserChange with_role(Role role) {
  UserChange change;
  change.role = role;
  return change;
}
UserChange with_enabled(bool enabled) {
  UserChange change;
  change.enabled = enabled;
  return change;
}

}  // namespace

TEST_CASE("names are one person's, whatever the case") {
  People at;
  at.make("Ann", Role::Admin);
  CHECK_FALSE(at.users.add({"aNN", "", Role::Viewer, "", kGoodPassword}));
  at.make("J\u00D6RG", Role::Viewer);
  CHECK_FALSE(at.users.add({"j\u00F6rg", "", Role::Viewer, "", kGoodPassword}));
  at.make("\u0410\u043D\u043D\u0430", Role::Viewer);
  CHECK_FALSE(at.users.add({"\u0430\u041D\u043D\u0430", "", Role::Viewer, "", kGoodPassword}));
  CHECK(at.users.get_by_name("ANN")->name == "Ann");
  CHECK(at.users.get_by_name("nobody").error().code == ErrorCode::NotFound);
  UserChange rename;
  rename.name = "ann";  // her own name in another case
  CHECK(at.users.change(1, rename));
  rename.name = "j\u00F6rg";
  CHECK_FALSE(at.users.change(1, rename));
}

TEST_CASE("hostile names and texts are refused") {
  People at;
  for (const std::string& name :
       {std::string(), std::string(65, 'x'), std::string(1 << 20, 'x'), std::string("a\0b", 3),
        std::string("a\nb"), std::string("\xFF"), std::string(" a"), std::string("a "),
        std::string("a\u200Bb"), std::string("\u202Eabc"), std::string("a\x7F")}) {
    CAPTURE(name.substr(0, 80));
    CHECK_FALSE(at.users.add({name, "", Role::Viewer, "", kGoodPassword}));
  }
  for (const std::string& name :
       {std::string("x"), std::string(64, 'x'), std::string("o'neill\"; DROP TABLE users;--"),
        std::string("%_\\")})
    at.make(name, Role::Viewer);
  CHECK(at.users.count() == 4);
  for (const std::string& scope :
       {std::string("method =="), std::string("a) or (b"), std::string("\"open"),
        std::string(1 << 20, 'x'), std::string("no.such.field == 1"),
        std::string("not call.state == answered")}) {
    CAPTURE(scope.substr(0, 80));
    CHECK_FALSE(at.users.add({"new", "", Role::Viewer, scope, kGoodPassword}));
    CHECK_FALSE(at.users.set_role_scope(Role::Viewer, scope));
  }
  UserChange change;
  for (const std::string& json :
       {std::string("["), std::string("[]"), std::string("7"), std::string(),
        std::string("{\"a\":1}x"), "{\"a\":\"" + std::string(1 << 20, 'x') + "\"}"}) {
    change.preferences = json;
    CHECK_FALSE(at.users.change(1, change));
  }
  change.preferences = R"({"theme":"dark","zone":"Europe/Berlin"})";
  CHECK(at.users.change(1, change)->preferences == *change.preferences);
}

TEST_CASE("passwords have rules") {
  CHECK(check_password("ann", kGoodPassword));
  CHECK(check_password("ann", "\u00E4\u00F6\u00FC\u00DF\u00E4\u00F6\u00FC\u00DF\u00E4\u00F6"));
  for (const std::string& bad :
       {std::string("short"), std::string("ninechars"), std::string("Password123!"),
        std::string("1234567890"), std::string("aaaaaaaaaaaa"), std::string("QWERTYUIOP1"),
        std::string("administrator"), std::string(2'000, 'x'), std::string("correct\0horse", 13),
        std::string("correct\xFFhorse")}) {
    CAPTURE(bad.substr(0, 40));
    CHECK_FALSE(check_password("ann", bad));
  }
  CHECK_FALSE(check_password("Annemarie.Miller", "annemarie.miller"));
}

TEST_CASE("the last admin who can log in stays one") {
  People at;
  const int64_t ann = at.make("ann", Role::Admin);
  const auto kept = [&](int64_t id) {
    return !at.users.remove(id) && !at.users.change(id, with_enabled(false)) &&
           !at.users.change(id, with_role(Role::Operator));
  };
  CHECK(kept(ann));
  const int64_t bob = at.make("bob", Role::Admin);
  REQUIRE(at.users.change(bob, with_enabled(false)));
  CHECK(kept(ann));  // bob does not count
  REQUIRE(at.users.change(bob, with_enabled(true)));
  REQUIRE(at.users.change(ann, with_role(Role::Auditor)));
  CHECK(kept(bob));
  REQUIRE(at.users.remove(ann));
  CHECK(at.users.remove(ann).error().code == ErrorCode::NotFound);
}

TEST_CASE("two admins who remove each other at once leave one") {
  People at;
  const int64_t ids[] = {at.make("ann", Role::Admin), at.make("bob", Role::Admin)};
  std::thread other([&] { static_cast<void>(at.users.remove(ids[0])); });
  static_cast<void>(at.users.remove(ids[1]));
  other.join();
  CHECK(at.users.count() == 1);
}

TEST_CASE("users are listed in pages") {
  People at;
  for (int i = 0; i < 7; ++i) at.make("user" + std::to_string(i), Role::Viewer);
  Page page{3, std::nullopt};
  size_t seen = 0, pages = 0;
  do {
    const auto listed = at.users.list(page);
    REQUIRE(listed);
    seen += listed->rows.size();
    ++pages;
    page.cursor = listed->next;
  } while (page.cursor);
  CHECK(seen == 7);
  CHECK(pages == 3);
  CHECK(at.users.list({-5, std::nullopt})->rows.size() == 1);
}

TEST_CASE("setup makes the first admin, once") {
  People at;
  Setup setup(*at.database, at.users);
  CHECK(*setup.is_needed());
  const std::string first = *setup.make_setup_token();
  at.open();  // the program starts again
  Users users(*at.database, kCheap);
  Setup again(*at.database, users);
  const std::string second = *again.make_setup_token();
  CHECK_FALSE(again.redeem_setup(first, "ann", kGoodPassword));
  CHECK_FALSE(again.redeem_setup("", "ann", kGoodPassword));
  CHECK_FALSE(again.redeem_setup(second, "ann", "short"));
  at.pass(kSetupTokenLife);
  CHECK(again.redeem_setup(second, "ann", kGoodPassword).error().message.find("expired") !=
        std::string::npos);
  const std::string third = *again.make_setup_token();
  const auto ann = again.redeem_setup(third, "ann", kGoodPassword);
  REQUIRE(ann);
  CHECK(ann->role == Role::Admin);
  CHECK_FALSE(again.redeem_setup(third, "eve", kGoodPassword));
  CHECK_FALSE(again.make_setup_token());
  // Also when the users are gone.
  REQUIRE(at.database->write([](Connection& db) { return db.run("DELETE FROM users"); }));
  CHECK_FALSE(*again.is_needed());
  CHECK_FALSE(again.make_setup_token());
}

TEST_CASE("of two who redeem at once, one is admin") {
  People at;
  Setup setup(*at.database, at.users);
  const std::string token = *setup.make_setup_token();
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  for (const char* name : {"ann", "eve", "mallory"}) {
    threads.emplace_back(
        [&, name] { made += setup.redeem_setup(token, name, kGoodPassword) ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(made == 1);
  CHECK(at.users.count() == 1);
}

TEST_CASE("setup is closed where users were made another way") {
  People at;
  Setup setup(*at.database, at.users);
  const std::string token = *setup.make_setup_token();
  at.make("ann", Role::Admin);
  CHECK_FALSE(setup.redeem_setup(token, "eve", kGoodPassword));
}

TEST_CASE("a session is who logged in, until it is over") {
  People at;
  const int64_t ann = at.make("ann", Role::Operator, "from.user == 'x'");
  REQUIRE(at.users.set_role_scope(Role::Operator, "method == INVITE"));
  const auto session = at.sessions.make(ann, kHome, "browser\n\xFF");
  REQUIRE(session);
  CHECK(session->cookie != session->csrf);
  CHECK(session->cookie.size() == 43);
  auto who = at.sessions.find(session->cookie);
  REQUIRE(who);
  CHECK(who->user_name == "ann");
  CHECK(who->csrf == session->csrf);
  CHECK(who->scope == "(method == INVITE) and (from.user == 'x')");
  CHECK(who->may(Permission::Export));
  CHECK_FALSE(who->may(Permission::UsersManage));
  CHECK_FALSE(at.sessions.find(""));
  CHECK_FALSE(at.sessions.find(session->csrf));
  CHECK_FALSE(at.sessions.find(std::string(1 << 20, 'x')));
  const auto rows = at.sessions.list(ann)->rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].address == "192.0.2.1");
  CHECK(rows[0].user_agent == "browser\n\\xff");
  SUBCASE("idle") {
    at.pass(2 * kHour - kSecond);
    CHECK(at.sessions.find(session->cookie));  // begins the idle time anew
    at.pass(2 * kHour - kSecond);
    CHECK(at.sessions.find(session->cookie));
    at.pass(2 * kHour);
    CHECK_FALSE(at.sessions.find(session->cookie));
    CHECK(at.sessions.list(ann)->rows.empty());
    CHECK(*at.sessions.purge() == 1);
  }
  SUBCASE("absolute") {
    for (int i = 0; i < 11; ++i) {
      at.pass(kHour);
      CHECK(at.sessions.find(session->cookie));
    }
    at.pass(kHour);
    CHECK_FALSE(at.sessions.find(session->cookie));
  }
  SUBCASE("limits that change") {
    at.sessions.set_limits({12 * kHour, kMinute});
    at.pass(kMinute);
    CHECK_FALSE(at.sessions.find(session->cookie));
  }
  SUBCASE("log out") {
    REQUIRE(at.sessions.log_out(session->cookie));
    CHECK_FALSE(at.sessions.find(session->cookie));
  }
  SUBCASE("revoked") {
    CHECK_FALSE(at.sessions.revoke(session->id, ann + 1));  // not hers
    CHECK(at.sessions.revoke(session->id, ann));
    CHECK_FALSE(at.sessions.revoke(session->id, std::nullopt));
    CHECK_FALSE(at.sessions.find(session->cookie));
  }
  SUBCASE("password changed") {
    REQUIRE(at.users.set_password(ann, "another password"));
    CHECK_FALSE(at.sessions.find(session->cookie));
  }
  SUBCASE("disabled") {
    REQUIRE(at.users.change(ann, with_enabled(false)));
    CHECK_FALSE(at.sessions.find(session->cookie));
    CHECK_FALSE(at.sessions.make(ann, kHome, ""));
    REQUIRE(at.users.change(ann, with_enabled(true)));
    CHECK_FALSE(at.sessions.find(session->cookie));
  }
  SUBCASE("removed") {
    REQUIRE(at.users.remove(ann));
    CHECK_FALSE(at.sessions.find(session->cookie));
  }
  SUBCASE("a role that changes counts at once") {
    REQUIRE(at.users.change(ann, with_role(Role::Viewer)));
    CHECK_FALSE(at.sessions.find(session->cookie)->may(Permission::Export));
  }
}

TEST_CASE("a user has so many sessions at most") {
  People at;
  const int64_t ann = at.make("ann", Role::Viewer);
  std::vector<std::string> cookies;
  for (int64_t i = 0; i < kMaxSessionsPerUser + 3; ++i) {
    at.pass(kSecond);
    cookies.push_back(at.sessions.make(ann, kHome, "")->cookie);
  }
  CHECK(at.sessions.list(ann, {1000, std::nullopt})->rows.size() == kMaxSessionsPerUser);
  CHECK_FALSE(at.sessions.find(cookies[2]));
  CHECK(at.sessions.find(cookies[3]));
  CHECK(*at.sessions.revoke_all(ann) == kMaxSessionsPerUser);
}

TEST_CASE("cookies and tokens are not in the file") {
  People at;
  const int64_t ann = at.make("ann", Role::Viewer);
  const auto session = at.sessions.make(ann, kHome, "");
  const auto token = at.tokens.make({ann, "t", Role::Viewer, "", kNoTime});
  const auto found = at.database->read([&](Connection& db) {
    return db.number(
        "SELECT (SELECT count(*) FROM sessions WHERE cookie_hash = ?1 OR csrf = ?1) + "
        "(SELECT count(*) FROM tokens WHERE token_hash = ?2 OR hint = ?2)",
        {session->cookie, token->secret});
  });
  CHECK(found == 0);
}

TEST_CASE("a token does no more than its owner may") {
  People at;
  const int64_t ann = at.make("ann", Role::Operator, "from.user == 'x'");
  CHECK_FALSE(at.tokens.make({ann, "t", Role::Admin, "", kNoTime}));
  CHECK_FALSE(at.tokens.make({ann, "t", Role::Auditor, "", kNoTime}));
  CHECK_FALSE(at.tokens.make({ann, "t", Role::Viewer, "((", kNoTime}));
  CHECK_FALSE(at.tokens.make({ann, "", Role::Viewer, "", kNoTime}));
  CHECK_FALSE(at.tokens.make({ann, "t", Role::Viewer, "", Timestamp{at.now}}));
  CHECK_FALSE(at.tokens.make({99, "t", Role::Viewer, "", kNoTime}));
  const auto made = at.tokens.make({ann, "t", Role::Operator, "to.user == 'y'", kNoTime});
  REQUIRE(made);
  CHECK(made->secret.starts_with("sl_"));
  CHECK(made->secret.size() == 46);
  CHECK(made->secret.starts_with(made->token.hint));
  CHECK_FALSE(at.tokens.make({ann, "t", Role::Viewer, "", kNoTime}));  // the name
  auto who = at.tokens.find(made->secret);
  REQUIRE(who);
  CHECK(who->proof == Proof::Token);
  CHECK(who->token_id == made->token.id);
  CHECK(who->scope == "(from.user == 'x') and (to.user == 'y')");
  CHECK(who->may(Permission::Export));
  REQUIRE(at.users.change(ann, with_role(Role::Viewer)));
  CHECK_FALSE(at.tokens.find(made->secret)->may(Permission::Export));
  REQUIRE(at.users.change(ann, with_role(Role::Auditor)));
  who = at.tokens.find(made->secret);
  CHECK_FALSE(who->may(Permission::PayloadRead));
  CHECK_FALSE(who->may(Permission::AuditRead));
  REQUIRE(at.users.change(ann, with_enabled(false)));
  CHECK_FALSE(at.tokens.find(made->secret));
}

TEST_CASE("tokens expire, are seen in use, and are revoked") {
  People at;
  const int64_t ann = at.make("ann", Role::Viewer), bob = at.make("bob", Role::Viewer);
  const auto short_lived = at.tokens.make({ann, "s", Role::Viewer, "", Timestamp{at.now} + kHour});
  const auto lasting = at.tokens.make({ann, "l", Role::Viewer, "", kNoTime});
  REQUIRE(short_lived);
  REQUIRE(lasting);
  const auto last_used = [&] { return at.tokens.list(ann)->rows.at(1).last_used; };
  CHECK_FALSE(is_known(last_used()));
  const Timestamp begin{at.now};
  CHECK(at.tokens.find(lasting->secret));
  CHECK(last_used() == begin);
  at.pass(kMinute - 1);
  CHECK(at.tokens.find(lasting->secret));
  CHECK(last_used() == begin);  // a write a minute at most
  at.pass(1);
  CHECK(at.tokens.find(lasting->secret));
  CHECK(last_used() == Timestamp{at.now});
  at.pass(kHour);
  CHECK_FALSE(at.tokens.find(short_lived->secret));
  CHECK(at.tokens.find(lasting->secret));
  CHECK_FALSE(at.tokens.find(lasting->secret + "x"));
  CHECK_FALSE(at.tokens.find(std::string("sl_\0", 4)));
  CHECK(at.tokens.list(bob)->rows.empty());
  CHECK(at.tokens.list({})->rows.size() == 2);
  CHECK_FALSE(at.tokens.revoke(lasting->token.id, bob));
  CHECK(at.tokens.revoke(lasting->token.id, ann));
  CHECK_FALSE(at.tokens.find(lasting->secret));
}

TEST_CASE("a user has so many tokens at most") {
  People at;
  const int64_t ann = at.make("ann", Role::Viewer);
  for (int64_t i = 0; i < kMaxTokensPerUser; ++i)
    REQUIRE(at.tokens.make({ann, std::to_string(i), Role::Viewer, "", kNoTime}));
  CHECK(at.tokens.make({ann, "more", Role::Viewer, "", kNoTime}).error().code ==
        ErrorCode::LimitExceeded);
}

TEST_CASE("sessions and tokens from several threads") {
  People at;
  const int64_t ann = at.make("ann", Role::Viewer);
  const std::string token = at.tokens.make({ann, "t", Role::Viewer, "", kNoTime})->secret;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        const auto session = at.sessions.make(ann, kHome, "x");
        CHECK(session);
        CHECK(at.sessions.find(session->cookie));
        CHECK(at.tokens.find(token));
        CHECK(at.sessions.log_out(session->cookie));
        at.pass(kMinute);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(at.sessions.list(ann)->rows.empty());
}

TEST_CASE("scopes are joined and said once") {
  CHECK(join_scopes({}) == "");
  CHECK(join_scopes({"", "a", " ", "a", "b or c"}) == "(a) and (b or c)");
  CHECK(check_scope("scope", ""));
  CHECK(check_scope("scope", "src in 10.0.0.0/8 or from.user == 'x'"));
}

TEST_CASE("texts are cut and folded at letters") {
  CHECK(tamed("abc", 3) == "abc");
  CHECK(tamed("abcdefgh", 6) == "abc\u2026");
  CHECK(is_known(kNoTime) == false);
  for (size_t most = 3; most < 40; ++most)
    CHECK(tamed("\u00E4\u20AC\U0001F600\xFF\u00E4\u20AC\U0001F600\xFF\u00E4", most).size() <= most);
  CHECK(name_key("\u017D\u0152\u0179\u0178") == name_key("\u017E\u0153\u017A\u00FF"));
  CHECK(name_key("\u0391\u0416\u040F") == "\u03B1\u0436\u045F");
}
