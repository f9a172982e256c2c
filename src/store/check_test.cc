#include "store/check.h"

#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "store/duckdb/merger.h"
#include "store/files.h"
#include "store/log.h"
#include "store/test_rows.h"
#include "support/temp_folder.h"

namespace siploom::store {

using namespace test_rows;
namespace fs = std::filesystem;

namespace {

// What a child of ours made of a file: it read it, got an error, or died.
enum class Outcome { Read, Refused, Died };

Outcome read_in_child(const std::string& sql) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    auto database = Database::open({});
    if (!database) ::_exit(3);
    auto connection = (*database)->connect();
    if (!connection) ::_exit(3);
    auto rows = connection->query(sql);
    ::_exit(rows ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) return Outcome::Died;
  return WEXITSTATUS(status) == 0 ? Outcome::Read : Outcome::Refused;
}

// A folder with a store of six segments of 100 records each, and 30 rows in a log.
std::string make_store(const test::TempFolder& folder) {
  const std::string path = folder.path + "/store";
  auto store = open_store(options_in(path));
  for (int i = 0; i < 6; ++i) seal_records(*store, 100);
  REQUIRE(store->append(as_bytes(records(store->take_sequences(30), 30))));
  return path;
}

std::string segment_path(const std::string& folder, size_t at) {
  return folder + "/" + Store::read(folder)->manifest->segments.at(at).path;
}

CheckReport check_it(const std::string& folder, bool repair = false) {
  CheckOptions options;
  options.repair = repair;
  auto report = check(folder, options);
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  return std::move(*report);
}

}  // namespace

TEST_CASE("a sound store is found good, while another process writes it, too") {
  const test::TempFolder folder;
  auto store = open_store(options_in(folder.path + "/store"));
  seal(*store, records(store->take_sequences(100), 100) + calls(0, 10));
  const CheckReport report = check_it(store->folder());
  CHECK(report.is_good());
  CHECK(report.segments.size() == 2);
  CHECK(report.logs.size() == 1);
  CHECK(report.orphans.empty());
  CheckOptions repairing;
  repairing.repair = true;
  const auto refused = check(store->folder(), repairing);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("in use by process") != std::string::npos);
  CHECK_FALSE(check(folder.path + "/nothing", {}));
}

TEST_CASE("every damage is told by its name, set aside, and the rest is there") {
  const test::TempFolder folder;
  const std::string store = make_store(folder);
  fs::remove(segment_path(store, 0));
  fs::resize_file(segment_path(store, 1), fs::file_size(segment_path(store, 1)) - 1);
  flip(segment_path(store, 2), 700);
  fs::remove(segment_path(store, 3) + ".idx");
  flip(segment_path(store, 4) + ".idx", 80);
  write_octets(store + "/segments/sip-0000000077.parquet", "half");
  const CheckReport report = check_it(store, true);
  CHECK_FALSE(report.is_good());
  REQUIRE(report.segments.size() == 6);
  CHECK(report.segments[0].rows == Verdict::Missing);
  CHECK(report.segments[1].rows == Verdict::WrongSize);
  CHECK(report.segments[2].rows == Verdict::WrongChecksum);
  CHECK(report.segments[3].side == Verdict::Missing);
  CHECK(report.segments[4].side == Verdict::Unreadable);
  CHECK(report.segments[5].rows == Verdict::Good);
  CHECK(report.orphans == std::vector<std::string>{"segments/sip-0000000077.parquet"});
  const CheckReport again = check_it(store);
  CHECK(again.is_good());
  CHECK(again.orphans.empty());
  CHECK(again.set_aside.size() == 3);
  auto opened = open_store(options_in(store));
  CHECK(sequences_in(opened->view()).size() == 330);
  CHECK(opened->view().manifest->damaged.size() == 3);
  size_t kept = 0;
  for ([[maybe_unused]] const auto& file : fs::directory_iterator(store + "/damaged")) ++kept;
  CHECK(kept == 2);
  CHECK(opened->take_sequences(1) == 631);
}

TEST_CASE("a manifest that is lost or damaged is made again from the files, no row twice") {
  const test::TempFolder folder;
  const std::string original = make_store(folder);
  // The state after a merge whose inputs were not removed yet, with half of another sealing.
  {
    auto store = open_store(options_in(original));
    auto merger = Merger::open({}, {});
    MergeJob job;
    for (const Segment& each : store->view().manifest->segments) {
      job.inputs.push_back({store->folder() + "/" + each.path, each.schema});
    }
    job.inputs.pop_back();
    const std::string at = fs::path(job.inputs[0].path).parent_path().string();
    job.next_path = [&]() -> Result<std::string> { return at + "/sip-0000000050.parquet"; };
    REQUIRE((*merger)->merge(job));
    write_octets(at + "/sip-0000000051.parquet", "PAR1 half of it");
  }
  for (const bool lost : {true, false}) {
    const std::string store = folder.path + (lost ? "/lost" : "/damaged");
    fs::copy(original, store, fs::copy_options::recursive);
    if (lost) {
      fs::remove(manifest_path(store));
    } else {
      flip(manifest_path(store), 100);
    }
    CHECK_FALSE(Store::open(options_in(store)));
    CHECK_FALSE(check_it(store).is_good());
    const CheckReport report = check_it(store, true);
    CHECK_FALSE(report.manifest_why.empty());
    CHECK(check_it(store).is_good());
    auto opened = open_store(options_in(store));
    CHECK(is_run(sequences_in(opened->view()), 630));
    const View view = opened->view();
    CHECK(view.manifest->segments.size() == 2);
    CHECK(view.manifest->damaged.size() == 1);
    CHECK(opened->take_sequences(1) == 631);
    CHECK(opened->new_segment_path(Shelf::Sip).first == 52);
  }
}

TEST_CASE("a manifest made again while a log was sealed and not removed counts its rows once") {
  const test::TempFolder folder;
  const std::string store = folder.path + "/store";
  {
    auto opened = open_store(options_in(store));
    seal_records(*opened, 100);
    REQUIRE(opened->append(as_bytes(records(opened->take_sequences(50), 50) + calls(0, 5))));
    REQUIRE(opened->rotate(true));
    const std::string log = log_path(store, 2);
    fs::copy(log, folder.path + "/log");
    REQUIRE(opened->seal().value());
    fs::copy(folder.path + "/log", log);
  }
  fs::remove(manifest_path(store));
  check_it(store, true);
  auto opened = open_store(options_in(store));
  CHECK(is_run(sequences_in(opened->view()), 150));
  CHECK(opened->view().parts.at(0).counts[1] == 5);
  CHECK(rows_on(opened->view(), Shelf::Calls) == 0);
}

TEST_CASE("a damage within a log is told, and its other rows are counted") {
  const test::TempFolder folder;
  const std::string store = folder.path + "/store";
  {
    auto opened = open_store(options_in(store));
    for (int i = 0; i < 5; ++i) {
      REQUIRE(opened->append(as_bytes(records(opened->take_sequences(10), 10))));
    }
  }
  flip(log_path(store, 1), kLogHeadBytes + 200);
  const CheckReport report = check_it(store);
  REQUIRE(report.logs.size() == 1);
  CHECK(report.logs[0].rows == 40);
  CHECK(report.logs[0].damaged_bytes > 0);
  CHECK(report.logs[0].damage.find("damaged at octets 8192 to ") == 0);
  CHECK_FALSE(report.is_good());
}

TEST_CASE("an error of a search names its segment, which is set aside while the server runs") {
  const test::TempFolder folder;
  const std::string path = make_store(folder);
  auto store = open_store(options_in(path));
  const Segment segment = store->view().manifest->segments[2];
  const std::string file = path + "/" + segment.path;
  const std::string whole = octets_of(file);
  std::vector<std::string> errors;
  auto database = Database::open({});
  auto connection = (*database)->connect();
  // It tells files apart by the second in which they were written.
  REQUIRE(connection->run("SET enable_external_file_cache = false"));
  std::string list;
  for (const Segment& each : store->view().manifest->segments) {
    list += (list.empty() ? "" : ", ") + sql_text(path + "/" + each.path);
  }
  const auto ask = [&] {
    auto rows = connection->query("SELECT sum(hash(COLUMNS(*))) FROM read_parquet([" + list + "])");
    if (!rows) errors.push_back(rows.error().message);
  };
  // Its end, its head, its footer, a page; cut off; gone.
  for (const size_t at : {whole.size() - 1, whole.size() - 8, size_t{1}, whole.size() - 300}) {
    flip(file, at);
    ask();
    write_octets(file, whole);
  }
  for (size_t at = 4; at < 3000; at += 37) {
    std::string bad = whole;
    std::fill_n(bad.begin() + static_cast<ptrdiff_t>(at), 64, '\xFF');
    write_octets(file, bad);
    ask();
  }
  fs::resize_file(file, 100);
  ask();
  fs::remove(file);
  ask();
  CHECK(errors.size() > 10);
  size_t named = 0;
  std::string unnamed;
  for (const std::string& error : errors) {
    const auto number = segment_named_in(*store->view().manifest, error);
    if (number == segment.number) ++named;
    if (!number) unnamed = error;
    CHECK_MESSAGE(tells_of_damage(*store->view().manifest, error), error);
    CHECK((!number || *number == segment.number));
  }
  MESSAGE(named << " of " << errors.size()
                << " errors name the file; one that does not: " << unnamed);
  CHECK(named > 0);
  for (const std::string_view asked :
       {"filter: unknown field", "Parser Error: syntax error", "Binder Error: no such column",
        "the search took too long and was ended", "no call with that Call-ID is kept"}) {
    CHECK_FALSE(tells_of_damage(*store->view().manifest, asked));
  }
  // Those that are sound are left alone.
  CHECK(quarantine(*store, {segment.number, store->view().manifest->segments[0].number}, "a test")
            .value() == 1);
  CHECK(store->view().manifest->segments.size() == 5);
  REQUIRE(store->view().manifest->damaged.size() == 1);
  CHECK(store->view().manifest->damaged[0].rows == 100);
  CHECK(sequences_in(store->view()).size() == 530);
}

TEST_CASE("segments are verified one after the other, and a damaged one is set aside") {
  const test::TempFolder folder;
  auto store = open_store(options_in(make_store(folder)));
  const View view = store->view();
  // No error of DuckDB's tells of this: it reads something else.
  flip(store->folder() + "/" + view.manifest->segments[1].path, 3000);
  uint64_t at = 0;
  std::vector<uint64_t> seen;
  do {
    at = verify_next(*store, at).value();
    seen.push_back(at);
  } while (at != 0);
  CHECK(seen == std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 0});
  CHECK(store->view().manifest->segments.size() == 5);
  CHECK(store->view().manifest->damaged.size() == 1);
}

TEST_CASE("no damage of a segment ends the process that reads it") {
  const test::TempFolder folder;
  std::string whole;
  {
    auto store = open_store(options_in(folder.path + "/store"));
    seal_records(*store, 3000);
    whole = octets_of(store->folder() + "/" + store->view().manifest->segments[0].path);
  }
  const std::string bad = folder.path + "/bad.parquet";
  const std::string sql = "SELECT sum(hash(COLUMNS(*))) FROM read_parquet('" + bad + "')";
  const size_t footer =
      load_le32(reinterpret_cast<const uint8_t*>(whole.data()) + whole.size() - 8);
  std::mt19937_64 random(7);
  size_t silent = 0;
  for (int i = 0; i < 40; ++i) {
    std::string changed = whole;
    const bool in_footer = i % 2 == 0;
    size_t at = random() % (whole.size() - footer - 8);
    if (in_footer) at = whole.size() - 8 - footer + random() % (footer + 8);
    switch (i / 2 % 4) {
      case 0:
        changed[at] = static_cast<char>(changed[at] ^ (1 << random() % 8));
        break;
      case 1:
        for (size_t k = at; k < std::min(at + 512, changed.size()); ++k) {
          changed[k] = static_cast<char>(random());
        }
        break;
      case 2:
        for (size_t k = at; k < std::min(at + 4096, changed.size() - 8); ++k) changed[k] = 0;
        break;
      default:
        changed.resize(at);
    }
    write_octets(bad, changed);
    const Outcome outcome = read_in_child(sql);
    INFO("case ", i, " at ", at);
    CHECK(outcome != Outcome::Died);
    silent += outcome == Outcome::Read ? 1 : 0;
  }
  // DuckDB has no checksums of pages: only ours tells.
  MESSAGE(silent << " of 40 damages are read without an error");
}

}  // namespace siploom::store
