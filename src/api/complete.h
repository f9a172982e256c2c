// Completion of a filter at a place in it: fields, operators, values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/fields.h"

namespace siploom::api {

struct Suggestion {
  std::string_view kind;  // "field", "operator", "value", "keyword"
  std::string text;       // to be put in the place of [begin, end)
  std::string help;
};

struct Completion {
  size_t begin = 0, end = 0;  // octets of the text that a suggestion replaces
  std::vector<Suggestion> suggestions;
  // Values that only the store knows are wanted, too: of this field, beginning with `prefix`.
  const registry::FieldInfo* values_of = nullptr;
  std::string prefix;
};
constexpr size_t kMaxSuggestions = 50;

// `position` beyond the text is its end.
Completion complete(std::string_view text, size_t position, registry::Scope scope);
// A value as it has to be written in the language: in quotes when it needs them.
std::string quoted_value(std::string_view value);

}  // namespace siploom::api
