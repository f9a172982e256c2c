#include "admin/settings.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <fstream>
#include <thread>

#include "admin/settings_store.h"
#include "support/admin_bench.h"

using namespace siploom;
using namespace siploom::admin;
using siploom::admin::test::Bench;
using enum registry::SettingId;

namespace {

std::string wrong(const Result<void>& result) { return result ? "" : result.error().message; }

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("defaults are there and valid") {
  const Settings settings;
  CHECK(settings.check());
  CHECK(settings.duration(SessionAbsolute) == 12 * kHour);
  CHECK(settings.size_bytes(RetentionDiskFreeMin) == 5ull << 30);
  CHECK(settings.addresses(HttpListen).size() == 1);
  CHECK(settings.flag(PrivacyMaskSecrets));
  CHECK(settings.text(LogFormat) == "text");
  CHECK(settings.get(LogFormat).origin == Origin::Default);
  CHECK(settings.networks(HepAllowedSenders).empty());
}

TEST_CASE("what weighs more wins, and says where it stands") {
  Settings settings;
  REQUIRE(settings.set(Origin::Database, "log.level", "error"));
  CHECK(settings.text(LogLevel) == "error");
  REQUIRE(settings.load_toml("[log]\n\nlevel = \"warning\"\n", "s.toml"));
  CHECK(settings.text(LogLevel) == "warning");
  CHECK(settings.get(LogLevel).where == "s.toml:3");
  const char* const environment[] = {"HOME=/", "SIPLOOM_LOG_LEVEL=info", nullptr};
  REQUIRE(settings.load_environment(environment));
  CHECK(settings.get(LogLevel).where == "SIPLOOM_LOG_LEVEL");
  REQUIRE(settings.set_flag("--log-level", "debug"));
  CHECK(settings.get(LogLevel).origin == Origin::CommandLine);
  CHECK(settings.text(LogLevel) == "debug");
  // From the top down again.
  settings.unset(Origin::CommandLine, LogLevel);
  CHECK(settings.text(LogLevel) == "info");
  settings.unset(Origin::Environment, LogLevel);
  settings.unset(Origin::File, LogLevel);
  CHECK(settings.get(LogLevel).origin == Origin::Database);
}

TEST_CASE("a configuration file has values of every type") {
  Settings settings;
  const auto done = settings.load_toml(R"(
# a comment
[http]
listen = ["0.0.0.0:8443", "[::]:8443"]
tls_certificate = "/etc/c.pem"
tls_key = "/etc/k.pem"
connections_max = 10
[hep]
listen = ""
allowed_senders = "10.0.0.0/8, 2001:db8::/32"
[retention]
sip_age = "90d"
size_max = "1.5TiB"
disk_free_min = 1000000
[session]
idle = 3600
[metrics]
heplify_aliases = true
)",
                                       "s.toml");
  CHECK(wrong(done) == "");
  CHECK(settings.check());
  CHECK(settings.addresses(HttpListen).size() == 2);
  CHECK(settings.number(HttpConnectionsMax) == 10);
  CHECK(settings.addresses(HepListen).empty());
  CHECK(settings.networks(HepAllowedSenders).size() == 2);
  CHECK(settings.duration(RetentionSipAge) == 90 * kDay);
  CHECK(settings.size_bytes(RetentionSizeMax) == 3ull << 39);
  CHECK(settings.size_bytes(RetentionDiskFreeMin) == 1'000'000);
  CHECK(settings.duration(SessionIdle) == kHour);
  CHECK(settings.flag(MetricsHeplifyAliases));
}

TEST_CASE("all that is wrong with a file is told, and none of it is taken") {
  Settings settings;
  const auto done = settings.load_toml(
      "[http]\nlisen = \"0.0.0.0:1\"\nconnections_max = 0\n[log]\nlevel = \"loud\"\n"
      "format = { a = 1 }\n[session]\nidle = 2024-01-01\nabsolute = \"1h\"\n",
      "s.toml");
  REQUIRE_FALSE(done);
  const std::string& what = done.error().message;
  CAPTURE(what);
  CHECK(has(what, "s.toml:2: there is no setting http.lisen; did you mean http.listen?"));
  CHECK(has(what, "s.toml:3: http.connections_max: 0 is too little, at least 1"));
  CHECK(has(what, "s.toml:5: log.level: \"loud\" is none of error, warning, info, debug"));
  CHECK(has(what, "s.toml:6: there is no setting log.format.a"));
  CHECK(has(what, "s.toml:8: session.idle: a text, number, truth or list is needed"));
  CHECK(settings.get(SessionAbsolute).origin == Origin::Default);
}

TEST_CASE("what is no TOML is told with its line") {
  Settings settings;
  CHECK(has(wrong(settings.load_toml("[http\nlisten = 1", "s.toml")), "s.toml:1:"));
  CHECK(has(wrong(settings.load_toml("a = 1\na = 2", "s.toml")), "s.toml:2:"));
  CHECK_FALSE(settings.load_toml(std::string(100'000, '['), "s.toml"));
  CHECK_FALSE(settings.load_toml("a = \xFF", "s.toml"));
  CHECK(settings.load_file("/nonexistent/s.toml").error().code == ErrorCode::NotFound);
}

TEST_CASE("no text crashes the reader of configuration files") {
  CHECK(rc::check([] {
    const auto parts = *rc::gen::container<std::vector<std::string>>(
        rc::gen::elementOf(std::vector<std::string>{"[",      "]",
                                                    "[[",     "{",
                                                    "}",      "=",
                                                    ".",      ",",
                                                    "\"",     "'",
                                                    "\"\"\"", "'''",
                                                    "\n",     " ",
                                                    "#",      "a",
                                                    "log",    "level",
                                                    "1",      "0x",
                                                    "1e",     "-",
                                                    "_",      "2024-01-01",
                                                    "T",      "12:00",
                                                    "true",   "inf",
                                                    "nan",    "\\u00",
                                                    "\\",     "\xFF",
                                                    "\xC3",   std::string(1, '\0'),
                                                    "\t",     "\r"}));
    std::string text;
    for (const std::string& part : parts) text += part;
    Settings settings;
    static_cast<void>(settings.load_toml(text, "s.toml"));
  }));
}

TEST_CASE("files have a limit") {
  Bench bench;
  const std::string path = bench.folder.path + "/s.toml";
  std::ofstream(path) << "# " << std::string(kMaxSettingsFileOctets, 'x');
  CHECK(Settings().load_file(path).error().code == ErrorCode::LimitExceeded);
  std::ofstream(path, std::ios::trunc) << "[log]\nlevel = \"debug\"\n";
  Settings settings;
  REQUIRE(settings.load_file(path));
  CHECK(settings.get(LogLevel).where == path + ":2");
}

TEST_CASE("values are checked by type and limits") {
  Settings settings;
  const auto bad = [&](std::string_view key, std::string_view value) {
    return wrong(settings.set(Origin::File, key, value, "x"));
  };
  CHECK(has(bad("session.idle", "soon"), "\"soon\" is not a duration"));
  CHECK(has(bad("session.idle", "1s"), "at least 1m"));
  CHECK(has(bad("session.idle", "31d"), "at most 30d"));
  CHECK(has(bad("http.listen", "0.0.0.0"), "no address with a port"));
  CHECK(has(bad("http.listen", "0.0.0.0:1,host:2"), "\"host:2\""));
  CHECK(has(bad("hep.allowed_senders", "10.0.0.0/33"), "no address block"));
  CHECK(has(bad("memory.query", "lots"), "a size such as"));
  CHECK(has(bad("memory.query", "1KiB"), "at least 16MiB"));
  CHECK(has(bad("metrics.public", "maybe"), "neither true nor false"));
  CHECK(has(bad("http.connections_max", "1e3"), "whole number"));
  CHECK_FALSE(bad("data.folder", std::string(1 << 20, 'x')).empty());
  CHECK_FALSE(bad("data.folder", std::string_view("a\0b", 3)).empty());
  CHECK_FALSE(bad("data.folder", "\xFF").empty());
  CHECK_FALSE(bad(std::string(1 << 20, 'k'), "1").empty());
  CHECK_FALSE(has(bad("hep.password", "geheim\x01"), "geheim"));
}

TEST_CASE("flags and variables that are misspelt") {
  Settings settings;
  CHECK(has(wrong(settings.set_flag("--lissten", "x")), "did you mean --listen?"));
  CHECK(has(wrong(settings.set_flag("--listen", "x")), "--listen: http.listen: \"x\""));
  const char* const unknown[] = {"SIPLOOM_LOG_LEVL=info", "SIPLOOM_CORPUS=/x", nullptr};
  const auto warnings = settings.load_environment(unknown);
  REQUIRE(warnings);
  REQUIRE(warnings->size() == 2);
  CHECK(has((*warnings)[0], "did you mean SIPLOOM_LOG_LEVEL?"));
  const char* const bad[] = {"SIPLOOM_LOG_LEVEL=loud", nullptr};
  CHECK(has(settings.load_environment(bad).error().message, "SIPLOOM_LOG_LEVEL: log.level:"));
}

TEST_CASE("a certificate needs its key") {
  Settings settings;
  REQUIRE(settings.set_flag("http-tls-certificate", "c.pem"));
  CHECK(has(wrong(settings.check()), "--http-tls-certificate: http.tls_certificate needs"));
  REQUIRE(settings.set_flag("http-tls-key", "k.pem"));
  CHECK(settings.check());
}

TEST_CASE("what is set while running is kept, and weighs less than a file") {
  Bench bench;
  Settings given;
  REQUIRE(given.load_toml("[log]\nlevel = \"debug\"", "s.toml"));
  {
    SettingsStore store(*bench.database, given);
    REQUIRE(store.load());
    REQUIRE(store.set("session.idle", "30m", "ann"));
    REQUIRE(store.set("session.idle", "40m", "bob"));
    REQUIRE(store.set("log.level", "error", "ann"));
    CHECK(store.snapshot()->duration(SessionIdle) == 40 * kMinute);
    CHECK(store.snapshot()->text(LogLevel) == "debug");
    CHECK_FALSE(store.set("session.idle", "never", "ann"));
    CHECK_FALSE(store.set("session.idel", "1h", "ann"));
    CHECK(has(wrong(store.set("hep.password", "x", "ann")), "SIPLOOM_HEP_PASSWORD"));
    const auto rows = store.list();
    REQUIRE(rows->size() == 2);
    CHECK((*rows)[1].changed_by == "bob");
  }
  bench.open();
  SettingsStore store(*bench.database, {});
  CHECK(store.load()->empty());
  CHECK(store.snapshot()->get(LogLevel).origin == Origin::Database);
  REQUIRE(store.unset("log.level"));
  CHECK(store.snapshot()->text(LogLevel) == "info");
  CHECK_FALSE(store.unset("log.level"));
}

TEST_CASE("a stored value that is no longer one is left aside") {
  Bench bench;
  REQUIRE(bench.database->write([](Connection& db) {
    return db.script(
        "INSERT INTO settings VALUES ('old.key', '1', 1, 'x'), "
        "('session.idle', 'never', 1, 'x'), ('log.level', 'debug', 1, 'x')");
  }));
  SettingsStore store(*bench.database, {});
  const auto warnings = store.load();
  REQUIRE(warnings);
  CHECK(warnings->size() == 2);
  CHECK(store.snapshot()->text(LogLevel) == "debug");
}

TEST_CASE("settings are read while they are changed") {
  Bench bench;
  SettingsStore store(*bench.database, {});
  std::thread writer([&] {
    for (int i = 1; i <= 30; ++i) CHECK(store.set("session.idle", std::to_string(i) + "m", "x"));
  });
  for (int i = 0; i < 200; ++i) CHECK(store.snapshot()->duration(SessionIdle) >= kMinute);
  writer.join();
  CHECK(store.snapshot()->duration(SessionIdle) == 30 * kMinute);
}
