#include "cli/program_log.h"

#include <doctest/doctest.h>
#include <unistd.h>

namespace siploom::cli {

namespace {

Timestamp fixed_clock() { return {1'790'000'000 * kSecond}; }

// What a log writes into a pipe.
struct Bench {
  Bench() { REQUIRE(::pipe(ends) == 0); }
  ~Bench() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  std::string written(const ProgramLog& log) {
    for (const LogLevel level :
         {LogLevel::Error, LogLevel::Warning, LogLevel::Info, LogLevel::Debug}) {
      log.write(level, "x");
    }
    log.tell("told");
    char text[1024];
    const ssize_t size = ::read(ends[0], text, sizeof text);
    REQUIRE(size > 0);
    return {text, static_cast<size_t>(size)};
  }
  int ends[2] = {};
};

}  // namespace

TEST_CASE("log.level says what of the log is written, while it runs, too") {
  Bench bench;
  ProgramLog log(fixed_clock, bench.ends[1]);
  const std::string error = "2026-09-21T14:13:20.000Z error   x\n",
                    warning = "2026-09-21T14:13:20.000Z warning x\n",
                    info = "2026-09-21T14:13:20.000Z info    x\n",
                    debug = "2026-09-21T14:13:20.000Z debug   x\n",
                    told = "2026-09-21T14:13:20.000Z info    told\n";
  admin::Settings settings;
  log.configure(settings);
  CHECK(bench.written(log) == error + warning + info + told);
  const auto at = [&](std::string_view level) {
    REQUIRE(settings.set(admin::Origin::Database, "log.level", level));
    log.configure(settings);
    return bench.written(log);
  };
  CHECK(at("error") == error + told);
  CHECK(at("warning") == error + warning + told);
  CHECK(at("debug") == error + warning + info + debug + told);
  CHECK(log.writes(LogLevel::Debug));
  CHECK(at("info") == error + warning + info + told);
  REQUIRE(settings.set(admin::Origin::Database, "log.format", "json"));
  CHECK(at("error") ==
        "{\"time\":\"2026-09-21T14:13:20.000000Z\",\"level\":\"error\",\"message\":\"x\"}\n"
        "{\"time\":\"2026-09-21T14:13:20.000000Z\",\"level\":\"info\",\"message\":\"told\"}\n");
}

}  // namespace siploom::cli
