#include <re2/re2.h>

#include <algorithm>

#include "base/find.h"
#include "base/text.h"
#include "query/node.h"

namespace siploom::query {

using registry::Type;
using Kind = Filter::Node::Kind;

namespace {

template <class T>
bool compare_order(Op op, T left, T right) {
  switch (op) {
    case Op::Less:
      return left < right;
    case Op::LessEqual:
      return left <= right;
    case Op::Greater:
      return left > right;
    case Op::GreaterEqual:
      return left >= right;
    default:
      return false;
  }
}

bool is_equality(Op op) {
  return op == Op::Equal || op == Op::NotEqual || op == Op::In || op == Op::NotIn;
}

bool holds(Op op, double value, const Constant& c) {
  if (!is_equality(op)) return compare_order(op, value, c.low);
  return c.is_range ? value >= c.low && value <= c.high : value == c.low;
}

bool holds_ns(Op op, int64_t value, const Constant& c) {
  if (!is_equality(op)) return compare_order(op, value, c.low_ns);
  return c.is_range ? value >= c.low_ns && value <= c.high_ns : value == c.low_ns;
}

bool holds(Op op, const Endpoint& value, const Constant& c) {
  if (!is_equality(op)) return false;
  return c.cidr.contains(value.address) && (c.port == 0 || c.port == value.port);
}

bool holds(Op op, std::string_view value, const Constant& c, bool fold_case) {
  if (is_equality(op)) return fold_case ? iequals(value, c.text) : value == c.text;
  // Texts that are numbers are compared as such: header["Max-Breadth"] < 60.
  const auto number = parse_number<double>(trim(value));
  if (c.is_number && number) return compare_order(op, *number, c.low);
  const int order = value.compare(c.text);
  return compare_order(op, int64_t{order}, int64_t{0});
}

bool holds(const Filter::Node& node, const Value& value, const Constant& c, bool fold_case) {
  if (const auto* text = std::get_if<std::string_view>(&value))
    return holds(node.op, *text, c, fold_case);
  if (const auto* number = std::get_if<double>(&value)) return holds(node.op, *number, c);
  if (const auto* duration = std::get_if<Duration>(&value))
    return holds_ns(node.op, duration->ns, c);
  if (const auto* time = std::get_if<Timestamp>(&value)) return holds_ns(node.op, time->ns, c);
  if (const auto* endpoint = std::get_if<Endpoint>(&value)) return holds(node.op, *endpoint, c);
  if (const auto* flag = std::get_if<bool>(&value)) return holds(node.op, *flag ? 1.0 : 0.0, c);
  return false;
}

bool matches_regex(const Filter::Node& node, const Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return re2::RE2::PartialMatch(re2::StringPiece(text->data(), text->size()), *node.regex);
  }
  if (const auto* endpoint = std::get_if<Endpoint>(&value)) {
    const std::string text =
        endpoint->port == 0 ? format_ip(endpoint->address) : format_endpoint(*endpoint);
    return re2::RE2::PartialMatch(text, *node.regex);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return re2::RE2::PartialMatch(std::to_string(static_cast<int64_t>(*number)), *node.regex);
  }
  return false;
}

// A comparison holds when some value satisfies it; a negative one when no value satisfies its
// opposite.
bool compare(const Filter::Node& node, const Subject& subject) {
  bool found = false;
  const auto take = [&](const Value& value) {
    found = satisfies(node, value);
    return !found;
  };
  if (node.is_header) {
    subject.header(node.header, take);
  } else {
    subject.values(node.field, take);
  }
  return found != is_negative(node.op);
}

bool has(const Filter::Node& node, const Subject& subject) {
  bool found = false;
  const auto take = [&](const Value& value) {
    found = !std::holds_alternative<std::monostate>(value);
    return !found;
  };
  if (node.is_header) {
    subject.header(node.header, take);
  } else {
    subject.values(node.field, take);
  }
  return found;
}

}  // namespace

bool is_negative(Op op) { return op == Op::NotEqual || op == Op::NotIn || op == Op::NotMatches; }

bool satisfies(const Filter::Node& node, const Value& value) {
  if (node.regex != nullptr) return matches_regex(node, value);
  const bool fold_case = !node.is_header && (registry::info(node.field).fold_case ||
                                             registry::info(node.field).type == Type::Enumeration);
  return std::any_of(node.constants.begin(), node.constants.end(),
                     [&](const Constant& c) { return holds(node, value, c, fold_case); });
}

bool search(const Filter::Node& node, std::string_view raw) {
  const size_t at = node.fold_case ? find_any_case(raw, node.text) : raw.find(node.text);
  return at != std::string_view::npos;
}

Filter::Node::Node() = default;
Filter::Node::~Node() = default;

bool evaluate(const Filter::Node& node, const Subject& subject) {
  const auto ask = [&](const std::unique_ptr<Filter::Node>& child) {
    return evaluate(*child, subject);
  };
  switch (node.kind) {
    case Kind::Everything:
      return true;
    case Kind::And:
      return std::all_of(node.children.begin(), node.children.end(), ask);
    case Kind::Or:
      return std::any_of(node.children.begin(), node.children.end(), ask);
    case Kind::Not:
      return !evaluate(*node.children.front(), subject);
    case Kind::Compare:
      return compare(node, subject);
    case Kind::Has:
      return has(node, subject);
    case Kind::Search:
      return search(node, subject.raw());
    case Kind::Any:
      return subject.any(node.predicate);
  }
  return false;
}

}  // namespace siploom::query
