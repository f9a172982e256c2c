#include "query/filter.h"

#include "query/node.h"
#include "query/parser.h"

namespace siploom::query {

using registry::Scope;
using registry::Type;
using Kind = Filter::Node::Kind;

namespace {

bool asks_calls(const Filter::Node& node) {
  const bool field = (node.kind == Kind::Compare || node.kind == Kind::Has) && !node.is_header;
  if (field && registry::info(node.field).scope == Scope::Call) return true;
  for (const auto& child : node.children) {
    if (asks_calls(*child)) return true;
  }
  return false;
}

void collect_literals(const Filter::Node& node, std::vector<std::string>& out) {
  if (node.kind == Kind::And) {
    for (const auto& child : node.children) collect_literals(*child, out);
  } else if (node.kind == Kind::Search && !node.fold_case && !node.text.empty()) {
    out.push_back(node.text);
  } else if (node.kind == Kind::Compare && !node.is_header && node.constants.size() == 1 &&
             (node.op == Op::Equal || node.op == Op::In)) {
    const registry::FieldInfo& field = registry::info(node.field);
    const bool certain = field.type == Type::Text && field.verbatim && !field.fold_case;
    if (certain && !node.constants.front().text.empty()) out.push_back(node.constants.front().text);
  }
}

void collect_words(const Filter::Node& node, std::vector<std::string>& out) {
  if (node.kind == Kind::And) {
    for (const auto& child : node.children) collect_words(*child, out);
  } else if (node.kind == Kind::Search && node.fold_case && !node.text.empty()) {
    out.push_back(node.text);
  }
}

}  // namespace

Filter::Filter() = default;
Filter::~Filter() = default;
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;

Result<Filter> Filter::compile(std::string_view text, Scope scope) {
  ParsedFilter parsed = SL_TRY(parse_filter(text, scope));
  Filter filter;
  filter.root_ = std::move(parsed.root);
  filter.predicates_ = std::move(parsed.predicates);
  filter.scope_ = scope;
  return filter;
}

bool Filter::matches(const Subject& subject) const { return evaluate(*root_, subject); }
bool Filter::is_empty() const { return root_->kind == Kind::Everything; }
bool Filter::asks_calls() const { return siploom::query::asks_calls(*root_); }
const std::vector<Filter>& Filter::message_predicates() const { return predicates_; }

std::vector<std::string> Filter::required_literals() const {
  std::vector<std::string> out;
  collect_literals(*root_, out);
  return out;
}

std::vector<std::string> Filter::required_words() const {
  std::vector<std::string> out;
  collect_words(*root_, out);
  return out;
}

std::string Filter::text() const { return print(*root_, predicates_); }

}  // namespace siploom::query
