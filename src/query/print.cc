// A filter written out again.
#include "query/node.h"

namespace siploom::query {

using Kind = Filter::Node::Kind;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
  return out + "\"";
}

namespace {

std::string operand(const Filter::Node& node) {
  if (node.is_header) return "header[" + quoted(node.header) + "]";
  return std::string(registry::info(node.field).name);
}

std::string comparison(const Filter::Node& node) {
  std::string out = operand(node) + " " + std::string(op_text(node.op)) + " ";
  if (node.op != Op::In && node.op != Op::NotIn) return out + quoted(node.constants.front().text);
  out += "{";
  for (size_t i = 0; i < node.constants.size(); ++i) {
    if (i != 0) out += ", ";
    out += quoted(node.constants[i].text);
  }
  return out + "}";
}

// How tightly a node's text holds together: `or` loosest.
int binding(const Filter::Node& node) {
  if (node.kind == Filter::Node::Kind::Or) return 0;
  return node.kind == Filter::Node::Kind::And ? 1 : 2;
}

// A child in brackets where it would fall apart without: printing adds no nesting to the source's.
std::string child(const Filter::Node& node, const Filter::Node& parent,
                  const std::vector<Filter>& predicates) {
  const int needed = parent.kind == Filter::Node::Kind::Not ? 2 : binding(parent) + 1;
  const std::string text = print(node, predicates);
  return binding(node) < needed ? "(" + text + ")" : text;
}

std::string joined(const Filter::Node& node, const std::vector<Filter>& predicates,
                   std::string_view between) {
  std::string out;
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (i != 0) out += between;
    out += child(*node.children[i], node, predicates);
  }
  return out;
}

}  // namespace

std::string_view op_text(Op op) {
  switch (op) {
    case Op::Equal:
      return "==";
    case Op::NotEqual:
      return "!=";
    case Op::Less:
      return "<";
    case Op::LessEqual:
      return "<=";
    case Op::Greater:
      return ">";
    case Op::GreaterEqual:
      return ">=";
    case Op::In:
      return "in";
    case Op::NotIn:
      return "not in";
    case Op::Matches:
      return "~";
    case Op::NotMatches:
      return "!~";
  }
  return "";
}

std::string print(const Filter::Node& node, const std::vector<Filter>& predicates) {
  switch (node.kind) {
    case Kind::Everything:
      return "";
    case Kind::And:
      return joined(node, predicates, " and ");
    case Kind::Or:
      return joined(node, predicates, " or ");
    case Kind::Not:
      return "not " + child(*node.children.front(), node, predicates);
    case Kind::Compare:
      return comparison(node);
    case Kind::Has:
      return "has " + operand(node);
    // A bare word would come back as another kind of token if it looked like one; (?i) says the
    // same in any case.
    case Kind::Search:
      return node.fold_case ? "contains " + quoted(node.text) : quoted(node.text);
    case Kind::Any:
      return "any(" + predicates[node.predicate].text() + ")";
  }
  return "";
}

}  // namespace siploom::query
