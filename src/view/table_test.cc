#include "view/table.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "base/text.h"

using namespace siploom;
using namespace siploom::view;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::string_view rest = text;
  while (!rest.empty()) out.emplace_back(take_line(rest));
  return out;
}

Table calls(size_t rows) {
  Table table({{"#", Align::Right, 0, 1, 9},
               {"From", Align::Left, 1, 8, 20},
               {"State", Align::Left, 0, 6, 11},
               {"Call-ID", Align::Left, 8, 12, 48}});
  for (size_t i = 1; i <= rows; ++i) {
    table.add({{std::to_string(i)}, {"alice@example.org"}, {"busy"}, {std::string(60, 'x')}});
  }
  return table;
}

}  // namespace

TEST_CASE("numbers stand to the right, nothing stands behind the last text") {
  CHECK(calls(2).text(0, false) ==
        "#  From               State  Call-ID\n"
        "1  alice@example.org  busy   " +
            std::string(60, 'x') +
            "\n"
            "2  alice@example.org  busy   " +
            std::string(60, 'x') + "\n");
}

TEST_CASE("what matters least goes first when it is narrow") {
  CHECK(calls(1).text(36, false) ==
        "#  From          State  Call-ID\n1  alice@examp\u2026  busy   xxxxxxxxxxx\u2026\n");
  CHECK(calls(1).text(24, false) == "#  From            State\n1  alice@example\u2026  busy\n");
  CHECK(calls(1).text(10, false) == "#  State\n1  busy\n");
}

TEST_CASE("no line is wider than asked for") {
  CHECK(rc::check("random cells and widths", [] {
    const auto columns = *rc::gen::inRange<size_t>(1, 8);
    std::vector<Column> header;
    for (size_t i = 0; i < columns; ++i) {
      const auto least = *rc::gen::inRange<size_t>(1, 8);
      header.push_back({std::string(*rc::gen::inRange<size_t>(1, 12), 'T'),
                        *rc::gen::element(Align::Left, Align::Right, Align::Center),
                        *rc::gen::inRange(0, 9), least, least + *rc::gen::inRange<size_t>(0, 40)});
    }
    Table table(header);
    for (int row = *rc::gen::inRange(0, 5); row > 0; --row) {
      std::vector<Cell> cells;
      for (size_t i = 0; i < columns; ++i) {
        cells.push_back({safe(*rc::gen::element<std::string>("", "a", "Zürich", "日本語テキスト",
                                                             "a much longer text than fits"))});
      }
      table.add(cells);
    }
    const auto width = *rc::gen::inRange<size_t>(12, 200);
    for (const std::string& line : lines_of(table.text(width, false))) {
      RC_ASSERT(display_width(line) <= width);
    }
    const std::string wide = table.text(0, false);
    RC_ASSERT(std::count(wide.begin(), wide.end(), '\n') ==
              static_cast<std::ptrdiff_t>(table.row_count() + 1));
  }));
}

TEST_CASE("colour adds nothing but escapes") {
  Table table({{"State", Align::Left, 0, 6, 11}});
  table.add({{"failed", Role::ServerError}});
  std::string plain;
  bool escape = false;
  for (const char c : table.text(40, true)) {
    if (c == '\x1b') escape = true;
    if (!escape) plain += c;
    if (c == 'm') escape = false;
  }
  CHECK(plain == table.text(40, false));
}

TEST_CASE("text from the network cannot write to the terminal") {
  CHECK(safe("a\x1b[2Jb\r\n\tc").find('\x1b') == std::string::npos);
  CHECK(rc::check("of any octets", [](const std::string& text) {
    for (const char c : safe(text)) {
      const auto octet = static_cast<unsigned char>(c);
      RC_ASSERT(octet >= 0x20 && octet != 0x7f);
    }
    // C1 controls come as two octets of UTF-8.
    RC_ASSERT(safe("\xc2\x9b" + text).find("\xc2\x9b") == std::string::npos);
  }));
}

TEST_CASE("fit pads and cuts by columns on the screen") {
  CHECK(fit("abc", 5) == "abc  ");
  CHECK(fit("abc", 5, Align::Right) == "  abc");
  CHECK(fit("abc", 6, Align::Center) == " abc  ");
  CHECK(fit("abcdef", 4) == "abc\u2026");
  CHECK(display_width(fit("日本語", 4)) == 4);
}

TEST_CASE("sentences are broken at blanks") {
  CHECK(wrap("call busy: 486 Busy Here", 12) == "call busy:\n486 Busy\nHere");
  CHECK(wrap("abcdefgh ij", 4) == "abcdefgh\nij");
  CHECK(wrap("a b", 0) == "a b");
  CHECK(wrap("", 4).empty());
}
