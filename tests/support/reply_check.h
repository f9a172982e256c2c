// For tests: whether a reply of the API is what openapi.json says of it, and what stands in it.
#pragma once

#include <doctest/doctest.h>
#include <simdjson.h>

#include <string>
#include <string_view>

#include "support/api_bench.h"
#include "support/schema_check.h"

namespace siploom::api::test {

inline void fits_schema(const std::string& json, std::string_view schema) {
  static SchemaCheck check(openapi_json("test"));
  const std::string wrong = check.check(json, schema);
  CHECK_MESSAGE(wrong.empty(), wrong << "\n" << json.substr(0, 2000));
}

inline void fits(const Reply& reply, std::string_view schema, int status = 200) {
  CHECK_MESSAGE(reply.status == status, reply.body);
  fits_schema(reply.body, schema);
}

// A member of a JSON object: a text as it is, anything else as JSON.
inline std::string member(const std::string& json, std::string_view name) {
  simdjson::dom::parser parser;
  simdjson::dom::element value;
  REQUIRE_MESSAGE(parser.parse(json)[name].get(value) == simdjson::SUCCESS, json);
  return value.is_string() ? std::string(std::string_view(value)) : simdjson::minify(value);
}

}  // namespace siploom::api::test
