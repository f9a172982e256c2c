// For tests: JSON against the schemas of openapi.json, as far as these use JSON Schema. Members
// that a schema does not name are an error, too.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace siploom::api::test {

class SchemaCheck {
 public:
  explicit SchemaCheck(const std::string& openapi) {
    parsed_ = parser_.parse(openapi).get(document_) == simdjson::SUCCESS;
  }
  bool parsed() const { return parsed_; }
  const simdjson::dom::element& document() const { return document_; }

  // What is wrong, with where; empty: nothing is.
  std::string check(const std::string& json, std::string_view schema) {
    simdjson::dom::parser parser;
    simdjson::dom::element value, found;
    if (parser.parse(json).get(value) != simdjson::SUCCESS) return "this is no JSON: " + json;
    if (document_["components"]["schemas"][schema].get(found) != simdjson::SUCCESS)
      return "there is no schema " + std::string(schema);
    return check(value, found, std::string(schema));
  }

 private:
  using Element = simdjson::dom::element;

  static bool is_of(const Element& value, std::string_view type) {
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_bool();
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    return type == "null" && value.is_null();
  }
  static bool type_fits(const Element& value, const Element& type) {
    if (type.is_string()) return is_of(value, std::string_view(type));
    for (const Element& each : simdjson::dom::array(type)) {
      if (is_of(value, std::string_view(each))) return true;
    }
    return false;
  }
  std::string check_object(const Element& value, const Element& schema, const std::string& at) {
    Element properties, required;
    if (schema["required"].get(required) == simdjson::SUCCESS) {
      for (const Element& name : simdjson::dom::array(required)) {
        Element ignored;
        if (value[std::string_view(name)].get(ignored) != simdjson::SUCCESS)
          return at + ": lacks " + std::string(std::string_view(name));
      }
    }
    if (schema["properties"].get(properties) != simdjson::SUCCESS) return "";
    for (const auto& [name, member] : simdjson::dom::object(value)) {
      Element property;
      const std::string here = at + "." + std::string(name);
      if (simdjson::dom::object(properties).at_key(name).get(property) != simdjson::SUCCESS)
        return here + ": is not in the schema";
      if (std::string wrong = check(member, property, here); !wrong.empty()) return wrong;
    }
    return "";
  }
  std::string check(const Element& value, const Element& schema, const std::string& at) {
    Element part;
    if (schema["$ref"].get(part) == simdjson::SUCCESS) {
      const std::string_view path(part);
      const std::string_view name = path.substr(path.rfind('/') + 1);
      Element found;
      if (document_["components"]["schemas"][name].get(found) != simdjson::SUCCESS)
        return at + ": dangling " + std::string(path);
      return check(value, found, at);
    }
    if (schema["anyOf"].get(part) == simdjson::SUCCESS) {
      std::string wrong;
      for (const Element& each : simdjson::dom::array(part)) {
        const std::string one = check(value, each, at);
        if (one.empty()) return "";
        wrong += one + "; ";
      }
      return wrong;
    }
    if (schema["type"].get(part) == simdjson::SUCCESS && !type_fits(value, part))
      return at + ": is of the wrong type: " + simdjson::minify(value);
    if (schema["enum"].get(part) == simdjson::SUCCESS) {
      bool known = false;
      for (const Element& each : simdjson::dom::array(part)) {
        known = known || simdjson::minify(each) == simdjson::minify(value);
      }
      if (!known) return at + ": is none of the choices: " + simdjson::minify(value);
    }
    if (value.is_object()) return check_object(value, schema, at);
    if (value.is_array() && schema["items"].get(part) == simdjson::SUCCESS) {
      for (const Element& item : simdjson::dom::array(value)) {
        if (std::string wrong = check(item, part, at + "[]"); !wrong.empty()) return wrong;
      }
    }
    return "";
  }

  simdjson::dom::parser parser_;
  Element document_;
  bool parsed_ = false;
};

}  // namespace siploom::api::test
