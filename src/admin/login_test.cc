#include "admin/login.h"

#include <doctest/doctest.h>

#include <thread>

#include "admin/permission.h"
#include "support/admin_bench.h"

using namespace siploom;
using namespace siploom::admin;
using siploom::admin::test::Bench;
using siploom::admin::test::kCheap;
using siploom::admin::test::kGoodPassword;
using siploom::admin::test::kHome;
using enum LoginResult::Outcome;

namespace {

const IpAddress kElsewhere = *parse_ip("192.0.2.2");

struct Gate : Bench {
  Users users{*database, kCheap};
  LoginThrottle throttle{clock()};
  Login login{users, throttle};
  Gate() { REQUIRE(users.add({"ann", "", Role::Admin, "", kGoodPassword})); }
  LoginResult attempt(std::string_view name, std::string_view password, const IpAddress& from) {
    auto result = login.authenticate_password(name, password, from);
    REQUIRE(result);
    return *result;
  }
};

}  // namespace

TEST_CASE("right, wrong, unknown, disabled") {
  Gate at;
  auto result = at.attempt("ANN", kGoodPassword, kHome);
  CHECK(result.outcome == Ok);
  CHECK(result.user_id == 1);
  CHECK(at.users.get(1)->last_login == Timestamp{admin::test::kStart});
  CHECK(at.attempt("ann", "wrong horses", kHome).outcome == Wrong);
  CHECK(at.attempt("eve", kGoodPassword, kHome).outcome == Wrong);
  CHECK(at.attempt("ann", "", kHome).outcome == Wrong);
  CHECK(at.attempt(std::string("ann\0", 4), kGoodPassword, kElsewhere).outcome == Wrong);
  CHECK(at.attempt(std::string(1 << 20, 'x'), std::string(1 << 20, 'x'), kElsewhere).outcome ==
        Wrong);
  REQUIRE(at.users.add({"bob", "", Role::Admin, "", kGoodPassword}));
  UserChange off;
  off.enabled = false;
  REQUIRE(at.users.change(1, off));
  CHECK(at.attempt("ann", kGoodPassword, kElsewhere).outcome == Disabled);
  CHECK(at.attempt("ann", "wrong horses", kElsewhere).outcome == Wrong);
}

TEST_CASE("a user from elsewhere has no password here") {
  Gate at;
  REQUIRE(at.database->write([](Connection& db) {
    return db.run(
        "INSERT INTO users (name, name_key, role, created, source, external_id) "
        "VALUES ('liz', 'liz', 'viewer', 1, 'ldap', 'cn=liz')");
  }));
  CHECK(at.attempt("liz", "", kHome).outcome == Wrong);
  CHECK_FALSE(at.users.set_password(2, kGoodPassword));
}

TEST_CASE("guessing at a name takes longer and longer") {
  Gate at;
  for (int i = 0; i < 5; ++i) {
    const IpAddress from = IpAddress::v4(0x0A000000u + static_cast<uint32_t>(i));
    CHECK(at.attempt("ann", "wrong horses", from).outcome == Wrong);
  }
  Nanoseconds expected = kSecond;
  for (int i = 0; i < 10; ++i) {
    const IpAddress from = IpAddress::v4(0x0A000100u + static_cast<uint32_t>(i));
    const LoginResult blocked = at.attempt("ann", kGoodPassword, from);
    CHECK(blocked.outcome == Throttled);
    CHECK(blocked.retry_after == expected);
    at.pass(expected);
    CHECK(at.attempt("ann", "wrong horses", from).outcome == Wrong);
    expected = std::min(expected * 2, kMinute);
  }
  at.pass(expected);
  CHECK(at.attempt("ann", kGoodPassword, kElsewhere).outcome == Ok);
  CHECK(at.attempt("ann", "wrong horses", kElsewhere).outcome == Wrong);  // free again
  CHECK(at.attempt("ann", kGoodPassword, kElsewhere).outcome == Ok);
  CHECK(at.throttle.counters().throttled == 10);
}

TEST_CASE("an address is slowed whatever the names, and a success of one's own is no way out") {
  Gate at;
  for (int i = 0; i < 5; ++i)
    CHECK(at.attempt("name" + std::to_string(i), "x", kHome).outcome == Wrong);
  CHECK(at.attempt("ann", kGoodPassword, kHome).outcome == Throttled);
  CHECK(at.attempt("ann", kGoodPassword, kElsewhere).outcome == Ok);
  at.pass(kSecond);
  CHECK(at.attempt("ann", kGoodPassword, kHome).outcome == Ok);
  CHECK(at.attempt("name9", "x", kHome).outcome == Wrong);
  CHECK(at.attempt("name10", "x", kHome).outcome == Throttled);
  at.pass(kHour);
  for (int i = 0; i < 5; ++i)
    CHECK(at.attempt("late" + std::to_string(i), "x", kHome).outcome == Wrong);
}

TEST_CASE("a subscriber's /64 is one address") {
  LoginThrottle throttle([] { return Timestamp{1}; });
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(
        throttle.begin("n" + std::to_string(i), *parse_ip("2001:db8::" + std::to_string(i + 1))));
  }
  CHECK(throttle.begin("n9", *parse_ip("2001:db8::ffff:1")));
  CHECK_FALSE(throttle.begin("n9", *parse_ip("2001:db8:0:1::1")));
}

TEST_CASE("the tables of the throttle are capped") {
  ThrottleLimits limits;
  limits.names_max = 10;
  limits.addresses_max = 20;
  LoginThrottle throttle([] { return Timestamp{1}; }, limits);
  for (uint32_t i = 0; i < 100; ++i)
    CHECK_FALSE(throttle.begin("name" + std::to_string(i), IpAddress::v4(i)));
  CHECK(throttle.counters().evicted == 90 + 80);
  CHECK(throttle.counters().failures == 100);
}

TEST_CASE("limits of the throttle hold for failures that follow") {
  LoginThrottle throttle([] { return Timestamp{kSecond}; });
  const IpAddress from = *parse_ip("192.0.2.1");
  for (int i = 0; i < 3; ++i) CHECK_FALSE(throttle.begin("ann", from));
  ThrottleLimits strict;
  strict.free_failures = 1;
  throttle.set_limits(strict);
  CHECK_FALSE(throttle.begin("ann", from));
  CHECK(throttle.begin("ann", from));
  CHECK_FALSE(throttle.begin("bob", *parse_ip("192.0.2.2")));
  CHECK(throttle.begin("bob", *parse_ip("192.0.2.2")));
}

TEST_CASE("many attempts at once gain nothing") {
  Gate at;
  std::atomic<int> wrong{0}, throttled{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const auto result = at.login.authenticate_password("ann", "wrong horses", kHome);
        CHECK(result);
        ++(result->outcome == Throttled ? throttled : wrong);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 5);
  CHECK(throttled == 35);
}

TEST_CASE("a hash at another cost is renewed at the next login") {
  Gate at;
  const PasswordCost dearer{2, 16'384};
  Users users(*at.database, dearer);
  Login login(users, at.throttle);
  CHECK(needs_rehash(users.credentials("ann").value()->hash, dearer));
  CHECK(login.authenticate_password("ann", kGoodPassword, kHome)->outcome == Ok);
  CHECK_FALSE(needs_rehash(users.credentials("ann").value()->hash, dearer));
  CHECK(login.authenticate_password("ann", kGoodPassword, kHome)->outcome == Ok);
}

TEST_CASE("a hash that is no hash opens nothing") {
  CHECK_FALSE(verify_password("", ""));
  CHECK_FALSE(verify_password("$argon2id$", kGoodPassword));
  CHECK_FALSE(verify_password(std::string(1 << 16, '$'), kGoodPassword));
}

TEST_CASE("who may do what") {
  using enum Permission;
  const auto may = [](Role role, Permission p) { return permissions_of(role).has(p); };
  for (size_t i = 0; i < static_cast<size_t>(Count); ++i) {
    const auto p = static_cast<Permission>(i);
    CAPTURE(permission_name(p));
    CHECK(find_permission(permission_name(p)) == p);
    CHECK(may(Role::Admin, p));
    if (may(Role::Viewer, p)) CHECK(may(Role::Operator, p));
  }
  for (const Permission p : {SecretsRead, UsersManage, SettingsWrite, SqlRead, StoreManage,
                             TokensManage, SessionsManage}) {
    for (const Role role : {Role::Viewer, Role::Operator, Role::Auditor}) CHECK_FALSE(may(role, p));
  }
  for (const Permission p : {Export, Import, AliasesWrite, HoldWrite, NotesWrite}) {
    CHECK(may(Role::Operator, p));
    CHECK_FALSE(may(Role::Viewer, p));
    CHECK_FALSE(may(Role::Auditor, p));
  }
  for (const Permission p : {AuditRead, SettingsRead, NodesRead}) CHECK(may(Role::Auditor, p));
  for (const Permission p : {PayloadRead, SearchRead, CallRead}) {
    CHECK(may(Role::Viewer, p));
    CHECK_FALSE(may(Role::Auditor, p));
  }
  CHECK_FALSE(find_permission("nonsense"));
  CHECK_FALSE(find_role("root"));
  for (const Role role : {Role::Viewer, Role::Operator, Role::Auditor, Role::Admin})
    CHECK(find_role(role_name(role)) == role);
}
