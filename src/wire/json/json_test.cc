// JSON as it should be, and as it comes.
#include "wire/json/json.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "base/json_writer.h"
#include "base/text.h"

using namespace siploom;
using tree::Tree;
using tree::Type;
using tree::Value;

namespace {

std::string member(const Tree& tree, std::string_view name) {
  std::string scratch;
  return std::string(tree.root().member(name).text(scratch));
}

size_t count_children(Value value) {
  size_t count = 0;
  for (Value child = value.first(); child; child = child.next()) ++count;
  return count;
}

}  // namespace

TEST_CASE("JSON: every kind of value") {
  Tree tree;
  REQUIRE(json::parse(R"( {"a": 1, "b": -2.5e1, "c": "x", "d": [true, false, null, {}, []],
                           "e": {"f": {"g": "deep"}}} )",
                      tree));
  CHECK(tree.is_strict());
  const Value root = tree.root();
  CHECK(root.is_map());
  CHECK(count_children(root) == 5);
  CHECK(root.member("a").integer() == 1);
  CHECK(root.member("b").number() == -25);
  CHECK(root.member("b").integer() == -25);
  CHECK(member(tree, "c") == "x");
  CHECK(count_children(root.member("d")) == 5);
  CHECK(root.member("d").first().type() == Type::True);
  CHECK(root.member("d").first().next().next().type() == Type::Null);
  std::string scratch;
  CHECK(root.member("e").member("f").member("g").text(scratch) == "deep");
  CHECK_FALSE(root.member("missing"));
  CHECK_FALSE(root.member("a").member("x"));
  CHECK(root.member("missing").text(scratch).empty());
}

TEST_CASE("JSON: escapes, surrogates, and what is none") {
  Tree tree;
  REQUIRE(json::parse(R"({"a":"\"\\\/\b\f\n\r\tA","b":"\u0041\u00e4\u20ac\ud83d\ude00",)"
                      R"("n\u0061me":"x"})",
                      tree));
  CHECK(tree.is_strict());
  CHECK(member(tree, "a") == "\"\\/\b\f\n\r\tA");
  CHECK(member(tree, "b") == "A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(member(tree, "name") == "x");
  REQUIRE(json::parse(R"({"a":"\x \u12 \ud800z"})", tree));
  CHECK_FALSE(tree.is_strict());
  CHECK(member(tree, "a") == "\\x \\u12 \xEF\xBF\xBDz");
}

TEST_CASE("JSON: names in any case, names twice in order") {
  Tree tree;
  REQUIRE(json::parse(R"({"Sip":"a","sip":"b","sip":"c"})", tree));
  CHECK(tree.is_strict());
  CHECK(member(tree, "sip") == "b");
  std::string scratch;
  CHECK(tree.root().member("SIP", tree::Case::Any).text(scratch) == "a");
  CHECK(tree.root().first().next().next().text(scratch) == "c");
}

TEST_CASE("JSON: numbers in texts, and numbers that are none") {
  Tree tree;
  REQUIRE(json::parse(R"({"a":"12","b":" 0.5 ","c":"x","d":nan,"e":007,"f":+3,"g":1e999})", tree));
  CHECK_FALSE(tree.is_strict());
  CHECK(tree.root().member("a").integer() == 12);
  CHECK(tree.root().member("b").number() == 0.5);
  CHECK_FALSE(tree.root().member("c").number());
  CHECK(tree.root().member("d").type() == Type::Word);
  CHECK_FALSE(tree.root().member("d").number());
  CHECK_FALSE(tree.root().member("g").number());
}

TEST_CASE("JSON: what careless senders write is read, and called not strict") {
  for (const std::string text :
       {R"({"a":"1","b":2,})", R"({"a":"1" "b":2})", R"({a:"1",b:2})", R"({"a":"1",,"b":2})",
        R"({"a":"1","b":2}{"c":3})", R"({"a":"1","b":2)", R"({"a":"1","b":2])",
        "{\"a\":\"1\",\"b\":2,\"c\":\"\xff\x01\"}"}) {
    CAPTURE(text);
    Tree tree;
    REQUIRE(json::parse(text, tree));
    CHECK_FALSE(tree.is_strict());
    CHECK(member(tree, "a") == "1");
    CHECK(tree.root().member("b").integer() == 2);
  }
}

TEST_CASE("JSON: the limits hold") {
  Tree tree;
  REQUIRE(json::parse(std::string(10'000, '['), tree));
  CHECK(tree.is_cut());
  std::string many = "[";
  for (size_t i = 0; i < tree::kMaxNodes + 10; ++i) many += "1,";
  REQUIRE(json::parse(many + "1]", tree));
  CHECK(tree.is_cut());
  CHECK(count_children(tree.root()) == tree::kMaxNodes - 1);
  CHECK_FALSE(json::parse(std::string(tree::kMaxBytes + 1, '['), tree));
  CHECK_FALSE(json::parse("", tree));
  CHECK_FALSE(json::parse("  ", tree));
  CHECK_FALSE(json::parse("]", tree));
}

TEST_CASE("JSON: what stands behind is noted") {
  Tree tree;
  REQUIRE(json::parse(R"({"a":1} tail)", tree));
  CHECK(tree.trailing() == " tail");
  CHECK_FALSE(tree.is_strict());
  REQUIRE(json::parse("{\"a\":1}\r\n", tree));
  CHECK(tree.is_strict());
}

TEST_CASE("property: what the writer writes is read back") {
  CHECK(rc::check("texts survive", [](const std::string& name, const std::string& text) {
    if (!is_utf8(name) || !is_utf8(text)) return;
    std::string out;
    JsonWriter writer(out);
    writer.begin_object();
    writer.field(name, std::string_view(text));
    writer.end_object();
    Tree tree;
    RC_ASSERT(json::parse(out, tree));
    RC_ASSERT(tree.is_strict());
    std::string scratch;
    RC_ASSERT(tree.root().member(name).text(scratch) == text);
  }));
}

TEST_CASE("property: any octets within brackets are read to their end") {
  CHECK(rc::check("views lie within", [](const std::string& noise) {
    const std::string text = *rc::gen::element(std::string("{"), std::string("[")) + noise;
    Tree tree;
    RC_ASSERT(json::parse(text, tree));
    for (Value child = tree.root().first(); child; child = child.next()) {
      const std::string_view raw = child.raw();
      RC_ASSERT(raw.empty() || (raw.data() >= text.data() &&
                                raw.data() + raw.size() <= text.data() + text.size()));
    }
  }));
}
