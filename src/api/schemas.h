// Schemas: the shapes of requests and answers, once: for OpenAPI, the reference and the tests.
//
// Members are written "name:type" with blanks between. Types: s text, i whole number, n number,
// b truth, t time (RFC 3339), o object, a anything, @FIELD one of the choices of a field of the
// registry, or the name of another schema. Behind it "[]" makes a list of it, "?" lets it be null;
// "~" before a name says that the member may be missing.
#pragma once

#include <span>
#include <string_view>

#include "base/json_writer.h"

namespace siploom::api {

struct SchemaInfo {
  std::string_view name, help;
  std::string_view members;  // "o": any object. "A|B": one of these. "=calls": columns of a table
};

std::span<const SchemaInfo> schemas();
bool is_schema(std::string_view name);
// The schema as JSON Schema (2020-12), which OpenAPI 3.1 takes.
void write_schema(JsonWriter& json, const SchemaInfo& schema);
// {"$ref":"#/components/schemas/NAME"}
void write_reference(JsonWriter& json, std::string_view name);

}  // namespace siploom::api
