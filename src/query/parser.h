// Text to tree.
#pragma once

#include "query/node.h"
#include "query/token.h"

namespace siploom::query {

struct ParsedFilter {
  std::unique_ptr<Filter::Node> root;
  std::vector<Filter> predicates;  // of any(...)
};

Result<ParsedFilter> parse_filter(std::string_view source, registry::Scope scope);

// A constant for comparisons with this field; what is wrong with it otherwise, without the place.
Result<Constant> parse_constant(const registry::FieldInfo* field, std::string_view text, Op op);

}  // namespace siploom::query
