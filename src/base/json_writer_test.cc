#include "base/json_writer.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace siploom;

TEST_CASE("objects, arrays and escapes") {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("a", 1);
  json.field("b", "q\"\\\n\x01");
  json.key("c");
  json.begin_array();
  json.value(true);
  json.null();
  json.value(1.5);
  json.begin_object();
  json.end_object();
  json.end_array();
  json.key("d");
  json.seconds(1'250'000'000);
  json.key("e");
  json.seconds(0);
  json.end_object();
  CHECK(out == R"({"a":1,"b":"q\"\\\n\u0001","c":[true,null,1.5,{}],"d":1.25,"e":0})");
}

TEST_CASE("bytes that are not UTF-8 do not break the JSON") {
  std::string out;
  JsonWriter(out).value(
      "a\xFF"
      "b");
  CHECK(out == "\"a\\ufffdb\"");
}

namespace {

// What a JSON reader makes of a string without \\u escapes above 0x7F.
std::string read_back(const std::string& json) {
  std::string out;
  for (size_t i = 1; i + 1 < json.size(); ++i) {
    if (json[i] != '\\') {
      out += json[i];
      continue;
    }
    const char c = json[++i];
    if (c == 'u') {
      out += static_cast<char>(std::stoi(json.substr(i + 1, 4), nullptr, 16));
      i += 4;
    } else {
      out += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
    }
  }
  return out;
}

}  // namespace

// Texts are looked over eight octets at a time: what is special may stand anywhere in a word.
TEST_CASE("control characters of two octets, which terminals obey, are escaped") {
  std::string out;
  JsonWriter(out).value(
      "a\xC2\x9B"
      "31m\xC2\xA0\xC3\x9B\xC2\x80\xC2\x9F");
  CHECK(out == "\"a\\u009b31m\xC2\xA0\xC3\x9B\\u0080\\u009f\"");
}

TEST_CASE("ASCII text of any length comes back") {
  CHECK(rc::check("with specials among plain letters", [] {
    std::string text(*rc::gen::inRange<size_t>(0, 40), 'x');
    for (int i = *rc::gen::inRange(0, 4); i > 0 && !text.empty(); --i) {
      text[*rc::gen::inRange<size_t>(0, text.size())] =
          *rc::gen::element('"', '\\', '\x1f', ' ', '!', '~', '\x7f', '\0', '\n', '#', '[', ']');
    }
    std::string out;
    JsonWriter(out).value(text);
    for (const char c : out) RC_ASSERT(c >= ' ' && c != '\x7f');
    RC_ASSERT(read_back(out) == text);
  }));
}
