// The tree of a compiled filter.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/filter.h"

namespace re2 {
class RE2;
}

namespace siploom::query {

enum class Op : uint8_t {
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  In,
  NotIn,
  Matches,
  NotMatches
};
std::string_view op_text(Op op);

// What a comparison compares with. Which members count goes by the field's type.
struct Constant {
  std::string text;  // as it was written
  double low = 0,
         high = 0;  // numbers; durations and times in nanoseconds are kept in low_ns, high_ns
  int64_t low_ns = 0, high_ns = 0;
  Cidr cidr;
  uint16_t port = 0;
  bool is_range = false;  // low..high, both included
  bool is_number = false;
  bool is_address = false;
};

struct Filter::Node {
  enum class Kind : uint8_t { Everything, And, Or, Not, Compare, Has, Search, Any };
  Kind kind = Kind::Everything;
  std::vector<std::unique_ptr<Node>> children;
  // Compare, Has: a field, or a header by name.
  registry::FieldId field{};
  std::string header;
  bool is_header = false;
  Op op = Op::Equal;
  std::vector<Constant> constants;
  std::unique_ptr<re2::RE2> regex;
  // Search
  std::string text;
  bool fold_case = false;
  size_t predicate = 0;  // Any
  Node();
  ~Node();
};

bool evaluate(const Filter::Node& node, const Subject& subject);
// Whether one value satisfies a comparison; of a negative one (!=, !~, not in): its opposite.
bool satisfies(const Filter::Node& node, const Value& value);
bool is_negative(Op op);
// Whether a Search node's text stands in `raw`.
bool search(const Filter::Node& node, std::string_view raw);
std::string print(const Filter::Node& node, const std::vector<Filter>& predicates);

}  // namespace siploom::query
