#include "wire/bencode/bencode.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

using namespace siploom;
using tree::Tree;

TEST_CASE("bencode: every kind of value") {
  Tree tree;
  REQUIRE(bencode::parse("d7:command5:offer3:numi-42e4:listl1:ai7ee3:mapd1:kd1:xi1eeee", tree));
  CHECK(tree.is_strict());
  std::string scratch;
  CHECK(tree.root().member("command").text(scratch) == "offer");
  CHECK(tree.root().member("num").integer() == -42);
  CHECK(tree.root().member("list").first().next().integer() == 7);
  CHECK(tree.root().member("map").member("k").member("x").integer() == 1);
}

TEST_CASE("bencode: what is cut or wrong gives what stands before it") {
  Tree tree;
  REQUIRE(bencode::parse("d7:command5:offer3:sdp99999:v=0", tree));
  CHECK(tree.is_cut());
  std::string scratch;
  CHECK(tree.root().member("command").text(scratch) == "offer");
  CHECK(tree.root().member("sdp").text(scratch) == "v=0");
  REQUIRE(bencode::parse("d1:ai1e1:bixe1:ci2ee", tree));
  CHECK(tree.root().member("a").integer() == 1);
  CHECK_FALSE(tree.is_strict());
  REQUIRE(bencode::parse("d1:a18446744073709551616:xe", tree));
  CHECK(tree.is_cut());
  REQUIRE(bencode::parse("i1etail", tree));
  CHECK(tree.trailing() == "tail");
  for (const char* text : {"", "x", "i", "ie", "i-e", "1", "99"}) {
    CAPTURE(text);
    const bool read = bencode::parse(text, tree);
    CHECK((!read || !tree.is_strict()));
  }
}

TEST_CASE("bencode: depth is limited") {
  Tree tree;
  REQUIRE(bencode::parse(std::string(10'000, 'l'), tree));
  CHECK(tree.is_cut());
}

TEST_CASE("property: bencode of any octets") {
  CHECK(rc::check("views lie within", [](const std::string& noise) {
    const std::string text = "d1:a" + noise;
    Tree tree;
    RC_ASSERT(bencode::parse(text, tree));
    for (tree::Value child = tree.root().first(); child; child = child.next()) {
      const std::string_view raw = child.raw();
      RC_ASSERT(raw.empty() || (raw.data() >= text.data() &&
                                raw.data() + raw.size() <= text.data() + text.size()));
    }
  }));
}
