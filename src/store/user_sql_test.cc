#include "store/user_sql.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "store/search.h"
#include "store/test_rows.h"
#include "support/temp_folder.h"

namespace siploom::store {

using namespace test_rows;

namespace {

struct Fixture {
  test::TempFolder folder;
  std::unique_ptr<Store> store = open_store(options_in(folder.path + "/store"));
  std::unique_ptr<Search> search;

  Fixture() {
    seal(*store, records(store->take_sequences(20), 20) + calls(0, 4));
    SearchOptions options;
    options.folder = store->folder();
    auto opened = Search::open(options);
    REQUIRE(opened);
    search = std::move(*opened);
  }
  std::string error(const std::string& text) const {
    const auto answer = search->sql(store->view(), text, {});
    REQUIRE_FALSE(answer);
    return answer.error().message;
  }
  std::string first(const std::string& text) const {
    const auto answer = search->sql(store->view(), text, {});
    REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().message));
    REQUIRE(*(*answer)->next());
    return (*answer)->rows().display(0);
  }
};

}  // namespace

TEST_CASE("an error in SQL shows what was typed, once, and nothing that was not") {
  const Fixture f;
  for (const char* text :
       {"selec 1", "select foo from records", "select cast(call_id as int) from records",
        "select 1,\n  nothing\nfrom records"}) {
    const std::string what = f.error(text);
    CAPTURE(what);
    CHECK(what.find("sl_rows") == std::string::npos);
    CHECK(what.find("SELECT *") == std::string::npos);
    CHECK(what.find("LINE") == std::string::npos);
    CHECK(std::count(what.begin(), what.end(), '^') <= 1);
  }
  CHECK(f.error("selec 1").find("\n  selec 1\n        ^") != std::string::npos);
  CHECK(f.error("select 1,\n  nothing\nfrom records").find("\n    nothing\n    ^") !=
        std::string::npos);
  CHECK(f.error("select 1)").find("sl_rows") == std::string::npos);
}

TEST_CASE("SQL gives values of any type, and reads no memory that is not the value's") {
  const Fixture f;
  CHECK(f.first("select [1, 2]") == "[\"1\",\"2\"]");
  CHECK(f.first("select [9223372036854775807::bigint, 77777777]") ==
        "[\"9223372036854775807\",\"77777777\"]");
  CHECK(f.first("select [[1], [2, 3]]") == "[\"[1]\",\"[2, 3]\"]");
  CHECK(f.first("select ['a', 'b']") == "[\"a\",\"b\"]");
  CHECK(f.first("select date '2026-01-02'") == "2026-01-02");
  CHECK(f.first("select 1.5::decimal(4, 2)") == "1.50");
  CHECK(f.first("select {'a': 1}") == "{'a': 1}");
  CHECK(f.first("select interval 1 day") == "1 day");
  CHECK(f.first("select extra_ids from records where len(extra_ids) > 0 order by sequence") ==
        "[\"leg-0\",\"trunk\"]");
  // Names that stand twice, or hold quotes.
  CHECK(f.first("select date '2026-01-02' as \"a\"\"b\", 1 as x, 2 as x") == "2026-01-02");
  CHECK(f.first("select count(*) from records") == "20");
}

TEST_CASE("a store has no frames, and says so") {
  const Fixture f;
  for (const Table table : {Table::Records, Table::Calls}) {
    Question question;
    question.table = table;
    question.filter = "method == INVITE and not (frame < 100)";
    const auto answer = f.search->select(f.store->view(), question, {});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message.find("frame") != std::string::npos);
  }
}

TEST_CASE("a stream that is ordered gives all rows by the column that is asked for") {
  const Fixture f;
  Question question;
  Selection selection;
  selection.columns = {"sequence"};
  selection.ordered = true;
  for (const bool descending : {false, true}) {
    selection.descending = descending;
    const auto answer = f.search->stream(f.store->view(), question, selection);
    REQUIRE(answer);
    std::vector<int64_t> seen;
    while (*(*answer)->next()) seen.push_back((*answer)->rows().integer(0));
    CHECK(seen.size() == 20);
    CHECK(std::is_sorted(seen.begin(), seen.end(),
                         [&](int64_t a, int64_t b) { return descending ? b < a : a < b; }));
  }
}

}  // namespace siploom::store
