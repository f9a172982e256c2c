// Users, tokens, settings, aliases and the like, against the schemas.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "registry/metrics.h"
#include "store/journal.h"
#include "support/reply_check.h"

using namespace siploom;
using namespace siploom::api;
using namespace siploom::api::test;
using http::Method;

TEST_CASE("users are made, changed and removed; the last admin stays") {
  Bench bench;
  fits(bench.get("/api/v1/auth/me"), "Me");
  const Reply made = bench.post(
      "/api/v1/users",
      R"({"name":"ann","password":"correct horse","role":"viewer","scope":"from.user == a"})");
  fits(made, "User", 201);
  const std::string ann = "/api/v1/users/" + member(made.body, "id");
  fits(bench.get(ann), "User");
  fits(bench.get("/api/v1/users"), "UserPage");
  const Reply changed = bench.ask(Method::Patch, ann, bench.admin(), R"({"role":"operator"})");
  fits(changed, "User");
  CHECK(member(changed.body, "role") == "operator");
  CHECK(bench.post("/api/v1/users", R"({"name":"bob","password":"short"})").status == 400);
  CHECK(bench.post("/api/v1/users", R"({"name":"bob"})").status == 400);
  CHECK(bench.post("/api/v1/users", R"({"nmae":"bob"})").status == 400);
  CHECK(bench.post("/api/v1/users", "not json").status == 400);
  CHECK(bench.ask(Method::Delete, ann, bench.admin()).status == 204);
  CHECK(bench.get(ann).status == 404);
  const std::string self = fmt::format("/api/v1/users/{}", bench.admin().user_id);
  CHECK(bench.ask(Method::Delete, self, bench.admin()).status == 400);
  fits(bench.get("/api/v1/roles"), "RoleList");
  fits(bench.ask(Method::Put, "/api/v1/roles/viewer", bench.admin(), R"({"scope":"node == a"})"),
       "RoleInfo");
  CHECK(bench.ask(Method::Put, "/api/v1/roles/viewer", bench.admin(), R"({"scope":"("})").status ==
        400);
}

TEST_CASE("one's own account: password, preferences, sessions, tokens") {
  Bench bench;
  const Login viewer = bench.as(admin::Role::Viewer);
  const Reply kept = bench.ask(Method::Put, "/api/v1/auth/preferences", viewer, R"({"dark":true})");
  CHECK(kept.status == 200);
  CHECK(has(bench.get("/api/v1/auth/me", viewer).body, R"("preferences":{"dark":true})"));
  CHECK(bench.ask(Method::Put, "/api/v1/auth/preferences", viewer, "[1]").status == 400);
  fits(bench.get("/api/v1/auth/sessions", viewer), "SessionPage");
  const Reply token = bench.ask(Method::Post, "/api/v1/tokens", viewer, R"({"name":"script"})");
  fits(token, "MadeToken", 201);
  fits(bench.get("/api/v1/tokens", viewer), "TokenPage");
  CHECK(!has(bench.get("/api/v1/tokens", viewer).body, member(token.body, "secret")));
  CHECK(
      bench.ask(Method::Post, "/api/v1/tokens", viewer, R"({"name":"x","role":"admin"})").status ==
      400);
  const std::string path = "/api/v1/tokens/" + member(token.body, "id");
  CHECK(bench.ask(Method::Delete, path, bench.as(admin::Role::Viewer)).status == 404);
  CHECK(bench.ask(Method::Delete, path, viewer).status == 204);
  const auto change = [&](const char* old) {
    return bench.ask(Method::Put, "/api/v1/auth/password", viewer,
                     fmt::format(R"({{"password":"{}","new_password":"a new horse"}})", old));
  };
  CHECK(change("wrong horse").status == 403);
  fits(change("correct horse viewer1"), "Me");
  CHECK(bench.get("/api/v1/auth/me", viewer).status == 401);
}

TEST_CASE("settings tell where they come from and are changed here") {
  Bench bench;
  const Reply all = bench.get("/api/v1/settings");
  fits(all, "SettingList");
  const Reply one = bench.get("/api/v1/settings/http.requests_per_second");
  fits(one, "Setting");
  CHECK(member(one.body, "origin") == "file");
  const auto set = [&](const char* key, const char* value) {
    return bench.ask(Method::Put, fmt::format("/api/v1/settings/{}", key), bench.admin(),
                     fmt::format(R"({{"value":"{}"}})", value));
  };
  const Reply changed = set("session.idle", "30m");
  fits(changed, "Setting");
  CHECK(member(changed.body, "origin") == "database");
  CHECK(set("session.idle", "a week").status == 400);
  CHECK(set("hep.password", "secret").status == 400);
  CHECK(set("nosuch.key", "1").status == 404);
  const Reply unset = bench.ask(Method::Delete, "/api/v1/settings/session.idle", bench.admin());
  CHECK(member(unset.body, "origin") == "default");
  CHECK(has(bench.get("/api/v1/audit?action=setting-changed").body, "session.idle"));
}

TEST_CASE("aliases are kept, imported and written out") {
  Bench bench;
  const Reply made =
      bench.post("/api/v1/aliases", R"({"block":"10.0.0.0/8","port":5060,"name":"core"})");
  fits(made, "Alias", 201);
  const std::string path = "/api/v1/aliases/" + member(made.body, "id");
  fits(bench.ask(Method::Put, path, bench.admin(), R"({"block":"10.0.0.0/8","name":"heart"})"),
       "Alias");
  fits(bench.get("/api/v1/aliases"), "AliasPage");
  fits(bench.post("/api/v1/aliases/import", "address,name\n192.0.2.1,edge\n"), "AliasImport");
  fits(bench.post("/api/v1/aliases/import?format=homer",
                  R"({"data":[{"alias":"x","ip":"192.0.2.9","port":0,"mask":32,"captureID":"0",
                      "status":true}]})"),
       "AliasImport");
  CHECK(bench.post("/api/v1/aliases/import", "address,name\nnonsense,edge\n").status == 400);
  const Reply csv = bench.get("/api/v1/aliases?format=csv");
  CHECK(has(csv.body, "heart"));
  CHECK(has(csv.body, "edge"));
  CHECK(bench.ask(Method::Delete, path, bench.admin()).status == 204);
  CHECK(bench.ask(Method::Delete, path, bench.admin()).status == 404);
}

TEST_CASE("searches are saved and shared by who may") {
  Bench bench;
  const Login viewer = bench.as(admin::Role::Viewer);
  const Reply made = bench.ask(Method::Post, "/api/v1/saved-searches", viewer,
                               R"({"name":"failed","filter":"call.state == failed"})");
  fits(made, "SavedSearch", 201);
  const std::string path = "/api/v1/saved-searches/" + member(made.body, "id");
  fits(bench.get(path, viewer), "SavedSearch");
  CHECK(bench.get(path).status == 404);
  CHECK(bench.ask(Method::Put, path, viewer, R"({"name":"failed","shared":true})").status == 403);
  fits(bench.get("/api/v1/saved-searches", viewer), "SavedSearchPage");
  CHECK(bench.post("/api/v1/saved-searches", R"({"name":"x","filter":"("})").status == 400);
  CHECK(bench.ask(Method::Delete, path, bench.admin()).status == 404);
  CHECK(bench.ask(Method::Delete, path, viewer).status == 204);
}

TEST_CASE("notes and holds stay with their calls") {
  Bench bench;
  bench.add_calls(1);
  const Login oper = bench.as(admin::Role::Operator);
  const Reply note =
      bench.ask(Method::Post, "/api/v1/calls/call-0/notes", oper, R"({"text":"odd"})");
  fits(note, "Note", 201);
  fits(bench.get("/api/v1/calls/call-0/notes"), "NotePage");
  const std::string path = "/api/v1/notes/" + member(note.body, "id");
  CHECK(bench.ask(Method::Put, path, oper, R"({"text":"odder"})").status == 204);
  CHECK(bench.ask(Method::Delete, path, bench.as(admin::Role::Operator)).status == 404);
  CHECK(bench.ask(Method::Post, "/api/v1/calls/call-9/notes", oper, R"({"text":"x"})").status ==
        404);
  const Reply hold = bench.ask(Method::Post, "/api/v1/holds", oper,
                               R"({"call_ids":["call-0"],"reason":"a court asks"})");
  fits(hold, "Hold", 201);
  fits(bench.get("/api/v1/holds"), "HoldPage");
  const Reply detail = bench.get("/api/v1/calls/call-0");
  CHECK(has(detail.body, "\"held\":true"));
  CHECK(has(detail.body, "odder"));
  CHECK(bench.ask(Method::Delete, path, oper).status == 204);
  CHECK(bench.ask(Method::Delete, "/api/v1/holds/" + member(hold.body, "id"), oper).status == 204);
}

TEST_CASE("the audit log has what was done, by whom, and is whole") {
  Bench bench;
  bench.add_calls(1);
  bench.get("/api/v1/calls?filter=call.state+%3D%3D+busy");
  bench.get("/api/v1/calls/call-0");
  bench.post("/api/v1/export", R"({"format":"csv"})");
  const Reply log = bench.get("/api/v1/audit");
  fits(log, "AuditPage");
  for (const char* action : {"search", "open-call", "export"}) {
    CHECK(has(log.body, fmt::format("\"action\":\"{}\"", action)));
  }
  CHECK(has(log.body, "call.state == busy"));
  fits(bench.get("/api/v1/audit?limit=1"), "AuditPage");
  const Reply verdict = bench.get("/api/v1/audit/verify");
  fits(verdict, "AuditVerdict");
  CHECK(member(verdict.body, "intact") == "true");
  const Login viewer = bench.as(admin::Role::Viewer);
  CHECK(bench.get("/api/v1/audit", viewer).status == 403);
  CHECK(has(bench.get("/api/v1/audit?action=denied").body, "/api/v1/audit"));
}

TEST_CASE("the state of nodes, intake, store and server is told") {
  Bench bench;
  bench.add_calls(1);
  fits(bench.get("/api/v1/nodes"), "NodeList");
  CHECK(bench.get("/api/v1/nodes/nobody").status == 404);
  fits(bench.get("/api/v1/ledger"), "LedgerPage");
  fits(bench.get("/api/v1/intake"), "Intake");
  store::DropEvent event;
  event.when = event.received_first = event.received_last = kStart;
  event.rows = 12345;
  REQUIRE(store::append_journal(bench.collector->store().folder(), {event}));
  const Reply kept = bench.get("/api/v1/store");
  fits(kept, "StoreState");
  CHECK(has(kept.body, R"("reason":"age","shelf":"sip","segments":0,"rows":12345,)"));
  fits(bench.get("/api/v1/health"), "Health");
  fits(bench.get("/api/v1/fields"), "FieldList");
  fits(bench.get("/api/v1/secrets"), "SecretDays");
  CHECK(bench.get("/api/v1/secrets/2026-11-21").status == 404);
  CHECK(bench.get("/api/v1/secrets/..").status == 400);
  CHECK(bench.send(Bench::request_of(Method::Get, "/healthz")).body == "ok\n");
  CHECK(bench.send(Bench::request_of(Method::Get, "/readyz")).status == 200);
}

TEST_CASE("metrics have the names of the registry, for who may read them") {
  Bench bench;
  const http::Request open = Bench::request_of(Method::Get, "/metrics");
  CHECK(bench.send(open).status == 401);
  const Reply reply = bench.get("/metrics");
  CHECK(reply.status == 200);
  for (const registry::MetricInfo& metric : registry::metrics()) {
    const bool http =
        metric.name.starts_with("siploom_http_") && metric.type != registry::MetricType::Histogram;
    CHECK_MESSAGE(
        has(reply.body, fmt::format("# TYPE {} ", metric.name)) == (!metric.alias && !http),
        metric.name);
  }
  CHECK(has(reply.body, "siploom_ready 1\n"));
  REQUIRE(bench.stores->settings.set("metrics.public", "true", "test"));
  REQUIRE(bench.stores->settings.set("metrics.heplify_aliases", "true", "test"));
  CHECK(has(bench.send(open).body, "# TYPE heplify_packets_total counter"));
  CHECK(bench.get("/metrics", bench.as(admin::Role::Auditor)).status == 200);
}

namespace {

// Within what is far less than the minute that retention sleeps otherwise.
template <class Truth>
bool soon(Truth&& truth) {
  for (int i = 0; i < 1000; ++i) {
    if (truth()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

void put(Bench& bench, std::string_view key, std::string_view value) {
  const Reply reply = bench.ask(Method::Put, fmt::format("/api/v1/settings/{}", key), bench.admin(),
                                fmt::format("{{\"value\":\"{}\"}}", value));
  CHECK_MESSAGE(reply.status == 200, reply.body);
}

}  // namespace

TEST_CASE("retention that is changed, and holds that end, take effect at once") {
  Bench bench;
  bench.add_calls(2);
  bench.seal();
  const Reply hold = bench.post("/api/v1/holds", R"({"call_ids":["call-1"],"reason":"asked for"})");
  CHECK(hold.status == 201);
  bench.now += 90 * 60 * kSecond;
  const auto messages = [&](std::string_view call) {
    return member(
        bench.get(fmt::format("/api/v1/group?table=records&filter=call_id+%3D%3D+%22{}%22", call))
            .body,
        "rows");
  };
  CHECK(has(messages("call-0"), "[6]"));
  put(bench, "retention.sip_age", "1h");
  CHECK(soon([&] { return !has(messages("call-0"), "[6]"); }));
  CHECK(has(messages("call-1"), "[6]"));
  const std::string path = "/api/v1/holds/" + member(hold.body, "id");
  CHECK(bench.ask(Method::Delete, path, bench.admin()).status == 204);
  CHECK(soon([&] { return !has(messages("call-1"), "[6]"); }));
}

TEST_CASE("settings that need no restart need none") {
  Bench bench;
  const auto login = [&](std::string_view name) {
    return bench
        .send(Bench::request_of(Method::Post, "/api/v1/auth/login", nullptr,
                                fmt::format(R"({{"name":"{}","password":"wrong horses"}})", name)))
        .status;
  };
  put(bench, "login.free_failures", "1");
  CHECK(login("eve") == 401);
  CHECK(login("eve") == 429);
  put(bench, "hep.allowed_senders", "192.0.2.0/24");
  const Endpoint to = bench.collector->intake()->endpoints().front();
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::sendto(fd, "HEP3", 4, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
        4);
  ::close(fd);
  CHECK(soon([&] {
    return has(bench.get("/metrics").body,
               "siploom_intake_drops_total{reason=\"not-allowed\"} 1\n");
  }));
  put(bench, "http.openapi_public", "true");
  CHECK(bench.send(Bench::request_of(Method::Get, "/api/v1/openapi.json")).status == 200);
}

TEST_CASE("a segment that a search finds damaged is set aside, and searches go on") {
  Bench bench;
  bench.add_calls(3);
  bench.seal();
  bench.add_calls(1, "alice", 10);
  std::string file;
  const store::View view = bench.collector->store().view();
  for (const store::Segment& segment : view.manifest->segments) {
    if (segment.shelf == store::Shelf::Sip) file = view.folder + "/" + segment.path;
  }
  REQUIRE(!file.empty());
  const auto size = std::filesystem::file_size(file);
  {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(size / 4));
    for (size_t i = 0; i < size / 2; ++i) out.put('\xff');
  }
  const std::string target = "/api/v1/records?columns=sequence,payload&order=asc";
  const Reply broken = bench.get(target);
  CHECK_MESSAGE(broken.status != 200, broken.body);
  CHECK(soon([&] { return bench.get(target).status == 200; }));
  CHECK(has(bench.get(target).body, "call-10"));
  CHECK(has(bench.get("/api/v1/store").body, "\"rows\":18"));
}
