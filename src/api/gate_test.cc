// Who may: sessions, tokens, CSRF, throttling, and every route against every role.
#include <rapidcheck.h>

#include "api/parameters.h"
#include "api/route.h"
#include "http/event_stream.h"
#include "support/api_bench.h"
#include "support/schema_check.h"

using namespace siploom;
using namespace siploom::api;
using namespace siploom::api::test;
using http::Method;

namespace {

// A pattern with something in the place of each parameter that names nothing there is.
std::string filled(std::string_view pattern) {
  std::string out;
  for (const std::string_view segment : words_of(pattern, '/')) {
    out += '/';
    out += segment.starts_with('{') ? std::string_view("999999") : segment;
  }
  return out;
}

std::string taken(http::EventStream& stream) {
  std::string out;
  static_cast<void>(stream.take(out));
  return out;
}

}  // namespace

TEST_CASE("the first start makes an admin with the token that was printed, once") {
  Bench bench;
  CHECK(has(bench.send(Bench::request_of(Method::Get, "/api/v1/auth/state")).body,
            "\"setup_needed\":true"));
  const auto token = bench.stores->setup.make_setup_token();
  REQUIRE(token);
  const auto setup = [&](const std::string& with) {
    return bench.send(Bench::request_of(
        Method::Post, "/api/v1/auth/setup", nullptr,
        fmt::format(R"({{"token":"{}","name":"root","password":"correct horse"}})", with)));
  };
  CHECK(setup("wrong").status == 400);
  const Reply made = setup(*token);
  CHECK_MESSAGE(made.status == 200, made.body);
  CHECK(has(made.body, "\"role\":\"admin\""));
  CHECK(has(std::string(made.response.headers.get("Set-Cookie")),
            "; Path=/; HttpOnly; SameSite=Strict"));
  CHECK(setup(*token).status == 400);
  CHECK(has(bench.send(Bench::request_of(Method::Get, "/api/v1/auth/state")).body,
            "\"setup_needed\":false"));
}

TEST_CASE("logging in gives a cookie, logging out ends it, and wrong passwords wait") {
  Bench bench;
  bench.add_user("ann", admin::Role::Viewer);
  const auto login = [&](std::string_view password, bool tls = false) {
    http::Request request =
        Bench::request_of(Method::Post, "/api/v1/auth/login", nullptr,
                          fmt::format(R"({{"name":"ann","password":"{}"}})", password));
    request.tls = tls;
    return bench.send(std::move(request));
  };
  const Reply in = login("correct horse ann");
  REQUIRE(in.status == 200);
  const std::string cookie(in.response.headers.get("Set-Cookie"));
  CHECK(cookie.starts_with("siploom_session="));
  CHECK(!has(cookie, "Secure"));
  const std::string secure(login("correct horse ann", true).response.headers.get("Set-Cookie"));
  CHECK(secure.starts_with("__Host-siploom_session="));
  CHECK(has(secure, "; Secure"));
  Login ann;
  ann.cookie = cookie.substr(16, cookie.find(';') - 16);
  const size_t at = in.body.find("\"csrf\":\"") + 8;
  ann.csrf = in.body.substr(at, in.body.find('"', at) - at);
  CHECK(bench.get("/api/v1/auth/me", ann).status == 200);
  CHECK(bench.ask(Method::Post, "/api/v1/auth/logout", ann).status == 204);
  CHECK(bench.get("/api/v1/auth/me", ann).status == 401);
  for (int i = 0; i < 5; ++i) CHECK(login("wrong horse").status == 401);
  const Reply throttled = login("wrong horse");
  CHECK(throttled.status == 429);
  CHECK(throttled.response.headers.has("Retry-After"));
  CHECK(has(bench.get("/api/v1/audit?action=login-failed").body, "\"user\":\"ann\""));
}

TEST_CASE("what changes something needs the CSRF token of the session; tokens need none") {
  Bench bench;
  const Login& admin = bench.admin();
  const std::string body = R"({"block":"10.0.0.1","name":"edge"})";
  http::Request request = Bench::request_of(Method::Post, "/api/v1/aliases", &admin, body);
  request.headers.remove(kCsrfHeader);
  Reply reply = bench.send(request);
  CHECK(reply.status == 403);
  CHECK(has(reply.body, "csrf"));
  request.headers.set(kCsrfHeader, "wrong");
  CHECK(bench.send(request).status == 403);
  CHECK(bench.post("/api/v1/aliases", body).status == 201);
  const auto token =
      bench.stores->tokens.make({admin.user_id, "script", admin::Role::Admin, "", kNoTime});
  REQUIRE(token);
  http::Request bearer = Bench::request_of(Method::Get, "/api/v1/aliases");
  bearer.headers.add("Authorization", "Bearer " + token->secret);
  CHECK(bench.send(bearer).status == 200);
  bearer = Bench::request_of(Method::Post, "/api/v1/aliases", nullptr,
                             R"({"block":"10.0.0.2","name":"core"})");
  bearer.headers.add("Authorization", "Bearer " + token->secret);
  CHECK(bench.send(bearer).status == 201);
  bearer.headers.set("Authorization", "Bearer sl_wrong");
  CHECK(bench.send(bearer).status == 401);
}

TEST_CASE("every route lets through the roles that its permission says, and nobody else") {
  Bench bench;
  for (const admin::Role role :
       {admin::Role::Viewer, admin::Role::Operator, admin::Role::Auditor, admin::Role::Admin}) {
    const Login login = bench.as(role);
    for (const auto& route : bench.router.routes()) {
      const auto& info = *route->data_as<RouteInfo>();
      const std::string where = fmt::format("{} {} as {}", http::method_name(route->method),
                                            route->pattern, admin::role_name(role));
      if (info.access == Access::Public) continue;
      CHECK_MESSAGE(
          bench.send(Bench::request_of(route->method, filled(route->pattern))).status == 401,
          where);
      if (info.access != Access::Allowed) continue;
      const Reply reply = bench.ask(route->method, filled(route->pattern), login);
      const bool may = admin::permissions_of(role).has(info.permission);
      CHECK_MESSAGE((reply.status == 403) == !may, where << reply.body);
      CHECK_MESSAGE(reply.status < 500, where << reply.body);
      if (reply.response.events) reply.response.events->close();
    }
  }
}

TEST_CASE(
    "tails and exports end when who asked logs out, is disabled or gone, or a token is over") {
  Bench bench;
  bench.add_calls(1);
  const auto tail = [&](const Login& login, std::string_view target = "/api/v1/tail") {
    const Reply reply = bench.get(target, login);
    REQUIRE(reply.response.events);
    return reply.response.events;
  };
  const auto with_token = [&](const admin::Tokens::Made& token) {
    http::Request request = Bench::request_of(Method::Get, "/api/v1/tail?table=records");
    request.headers.add("Authorization", "Bearer " + token.secret);
    const Reply reply = bench.send(request);
    REQUIRE(reply.response.events);
    return reply.response.events;
  };
  const Login stays = bench.as(admin::Role::Operator), leaves = bench.as(admin::Role::Operator),
              disabled = bench.as(admin::Role::Viewer), narrowed = bench.as(admin::Role::Viewer),
              gone = bench.as(admin::Role::Viewer);
  const auto revoked =
      bench.stores->tokens.make({stays.user_id, "one", admin::Role::Viewer, "", kNoTime});
  const auto expired = bench.stores->tokens.make(
      {stays.user_id, "two", admin::Role::Viewer, "", Timestamp{bench.now.load()} + kSecond});
  REQUIRE((revoked && expired));
  const auto kept = tail(stays);
  const std::vector<std::shared_ptr<http::EventStream>> ended = {
      tail(leaves),        tail(leaves, "/api/v1/events"),           tail(disabled),
      tail(narrowed),      tail(gone, "/api/v1/tail?table=records"), with_token(*revoked),
      with_token(*expired)};
  const auto export_of = [&](const Login& login) {
    return bench.router.answer(*std::make_unique<http::Request>(Bench::request_of(
        Method::Post, "/api/v1/export", &login, R"({"format":"jsonl","table":"records"})")));
  };
  http::Response of_leaver = export_of(leaves), of_stayer = export_of(stays);
  REQUIRE((of_leaver.writer && of_stayer.writer));
  CHECK(bench.ask(Method::Post, "/api/v1/auth/logout", leaves).status == 204);
  admin::UserChange change;
  change.enabled = false;
  CHECK(bench.stores->users.change(disabled.user_id, change));
  change = {};
  change.scope = "from.user == alice";
  CHECK(bench.stores->users.change(narrowed.user_id, change));
  CHECK(bench.stores->users.remove(gone.user_id));
  CHECK(bench.stores->tokens.revoke(revoked->token.id, std::nullopt));
  bench.now += 2 * kSecond;
  for (const auto& stream : ended) {
    CHECK(Bench::comes_true([&] { return stream->is_closed(); }));
  }
  CHECK(!kept->is_closed());
  kept->close();
  CHECK(!has(Bench::streamed(of_leaver), "call-0"));
  CHECK(has(Bench::streamed(of_stayer), "call-0"));
}

TEST_CASE("what cannot be cut down to a scope is not for who has one") {
  Bench bench;
  const Login scoped = bench.as(admin::Role::Admin, "from.user == alice");
  for (const auto& route : bench.router.routes()) {
    const auto& info = *route->data_as<RouteInfo>();
    if (!info.whole_scope) continue;
    CHECK_MESSAGE(bench.ask(route->method, filled(route->pattern), scoped).status == 403,
                  route->pattern);
  }
}

TEST_CASE("no parameter, whatever it is, makes the server fail") {
  Bench bench;
  bench.add_calls(2);
  const Login& admin = bench.admin();
  const std::vector<std::string> odd = {"",
                                        "0",
                                        "-1",
                                        "99999999999999999999",
                                        "1e308",
                                        "nan",
                                        "'",
                                        "\"",
                                        ";",
                                        "%00",
                                        "..",
                                        "[",
                                        "(",
                                        "call_id",
                                        "payload",
                                        "any(",
                                        "status == 1..",
                                        "2026-13-45",
                                        "-1000000h",
                                        "@9e18",
                                        "now",
                                        "-0s",
                                        "true",
                                        "csv",
                                        "ndjson",
                                        "json",
                                        "count",
                                        "p101(size)",
                                        "sum(call_id)",
                                        "\xff\xfe",
                                        "call.duration,call.duration",
                                        "body",
                                        "extra_id",
                                        "frame",
                                        "desc",
                                        "asc",
                                        "calls",
                                        "records",
                                        "t1\ti1",
                                        "dDEJaTE",
                                        "has x",
                                        "src in 10.0.0.0/99",
                                        "1ns",
                                        "366d"};
  rc::check("a parameter", [&] {
    const auto& routes = bench.router.routes();
    const auto at = *rc::gen::inRange<size_t>(0, routes.size());
    const http::Route& route = *routes[at];
    const auto& info = *route.data_as<RouteInfo>();
    if (route.method != Method::Get || info.access == Access::Public) return;
    http::Request request = Bench::request_of(Method::Get, filled(route.pattern), &admin);
    const auto names = words_of(info.parameters);
    std::string query;
    for (const std::string_view name : names) {
      if (*rc::gen::inRange(0, 3) != 0) continue;
      const std::string value =
          *rc::gen::oneOf(rc::gen::elementOf(odd), rc::gen::arbitrary<std::string>());
      query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, http::percent_encode(value));
    }
    request.target += query;
    const Reply reply = bench.send(std::move(request));
    if (reply.response.events) reply.response.events->close();
    if (reply.status >= 500) MESSAGE(route.pattern << query << reply.body);
    RC_ASSERT(reply.status < 500);
  });
}

TEST_CASE("unknown and repeated parameters are refused") {
  Bench bench;
  const Reply unknown = bench.get("/api/v1/calls?fitler=x");
  CHECK(unknown.status == 400);
  CHECK(has(unknown.body, "fitler"));
  CHECK(bench.get("/api/v1/calls?limit=1&limit=2").status == 400);
}

TEST_CASE("an answer that has not changed has the same entity tag") {
  Bench bench;
  bench.add_calls(1);
  for (const char* target : {"/api/v1/fields", "/api/v1/calls/call-0", "/api/v1/openapi.json"}) {
    const std::string tag(bench.get(target).response.headers.get("ETag"));
    CHECK(!tag.empty());
    CHECK(bench.get(target).response.headers.get("ETag") == tag);
  }
}

TEST_CASE("requests and searches beyond what one may are put off") {
  Bench bench;
  const Login viewer = bench.as(admin::Role::Viewer);
  REQUIRE(bench.stores->settings.set("http.searches_at_once", "1", "test"));
  http::Request request = Bench::request_of(Method::Get, "/api/v1/calls", &viewer);
  const Reply held = bench.send(request);
  CHECK(held.status == 200);
  // The slot lives as long as a request that holds it.
  http::Request holding = Bench::request_of(Method::Get, "/api/v1/calls", &viewer);
  static_cast<void>(bench.router.answer(holding));
  CHECK(bench.get("/api/v1/calls", viewer).status == 429);
  CHECK(bench.get("/api/v1/calls").status == 200);
  holding.context.reset();
  CHECK(bench.get("/api/v1/calls", viewer).status == 200);
}

TEST_CASE("behind a proxy that is trusted the origin is the one it names") {
  Bench bench;
  http::Request request = Bench::request_of(Method::Get, "/api/v1/auth/me", &bench.admin());
  request.headers.add("X-Forwarded-For", "198.51.100.7");
  REQUIRE(bench.send(request).status == 200);
  REQUIRE(bench.stores->sessions.list(std::nullopt));
  const Reply audit = bench.get("/api/v1/audit");
  CHECK(!has(audit.body, "198.51.100.7"));
}

TEST_CASE("a tail tells calls and records as they come, within the scope") {
  Bench bench;
  const Login viewer = bench.as(admin::Role::Viewer);
  std::vector<http::Response> open;
  for (int i = 0; i < 4; ++i) {
    http::Request request = Bench::request_of(
        Method::Get, "/api/v1/tail?table=records&filter=method+%3D%3D+BYE", &viewer);
    open.push_back(bench.router.answer(request));
    REQUIRE(open.back().events);
    CHECK(has(taken(*open.back().events), "event: begin"));
  }
  CHECK(bench.get("/api/v1/tail", viewer).status == 429);
  open[0].events->close();
  CHECK(bench.get("/api/v1/tail?table=calls", viewer).status == 200);
  CHECK(bench.get("/api/v1/tail?table=records&filter=call.state+%3D%3D+busy").status == 400);
  CHECK(bench.get("/api/v1/tail?table=calls&filter=via.host+%3D%3D+x").status == 400);
  http::Request request = Bench::request_of(Method::Get, "/api/v1/events", &viewer);
  const http::Response events = bench.router.answer(request);
  REQUIRE(events.events);
  CHECK(has(taken(*events.events), "event: state"));
  bench.api->stop();
  CHECK(open[1].events->is_closed());
  CHECK(events.events->is_closed());
}
