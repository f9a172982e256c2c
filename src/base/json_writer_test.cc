#include "base/json_writer.h"

#include <doctest/doctest.h>

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
