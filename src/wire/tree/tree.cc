#include "wire/tree/tree.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace siploom::tree {

namespace {

std::optional<uint32_t> hex4(std::string_view digits) {
  if (digits.size() < 4) return std::nullopt;
  return parse_number<uint32_t>(digits.substr(0, 4), 16);
}

// `rest` begins behind "\u". Gives how many octets were used; 0: no escape.
size_t append_unicode(std::string& out, std::string_view rest) {
  const auto first = hex4(rest);
  if (!first) return 0;
  const bool high = *first >= 0xD800 && *first < 0xDC00;
  if (high && rest.substr(4, 2) == "\\u") {
    const auto second = hex4(rest.substr(6));
    if (second && *second >= 0xDC00 && *second < 0xE000) {
      append_utf8(out, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
      return 10;
    }
  }
  append_utf8(out, *first >= 0xD800 && *first < 0xE000 ? 0xFFFD : *first);
  return 4;
}

char simple_escape(char c) {
  constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
  const size_t at = kFrom.find(c);
  return at == std::string_view::npos ? '\0' : kTo[at];
}

bool same_name(std::string_view a, std::string_view b, Case how) {
  return how == Case::Exact ? a == b : iequals(a, b);
}

}  // namespace

void append_unescaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const size_t plain = std::min(text.find('\\'), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.size() < 2) break;
    size_t used = 0;
    if (text[1] == 'u') {
      const size_t unicode = append_unicode(out, text.substr(2));
      used = unicode == 0 ? 0 : unicode + 2;
    } else if (const char c = simple_escape(text[1]); c != '\0') {
      out += c;
      used = 2;
    }
    if (used == 0) {
      out += '\\';
      used = 1;
    }
    text.remove_prefix(used);
  }
  out += text;
}

Type Value::type() const { return tree_ == nullptr ? Type::Null : tree_->nodes_[index_].type; }

std::string_view Value::raw() const {
  if (tree_ == nullptr) return {};
  const Tree::Span& span = tree_->nodes_[index_].value;
  return tree_->text_.substr(span.offset, span.size);
}

std::string_view Value::raw_name() const {
  if (tree_ == nullptr) return {};
  const Tree::Span& span = tree_->nodes_[index_].name;
  return tree_->text_.substr(span.offset, span.size);
}

bool Value::name_is(std::string_view name, Case how) const {
  if (tree_ == nullptr) return false;
  if (!tree_->nodes_[index_].name.escaped) return same_name(raw_name(), name, how);
  std::string plain;
  append_unescaped(plain, raw_name());
  return same_name(plain, name, how);
}

Value Value::member(std::string_view name, Case how) const {
  if (!is_map()) return {};
  for (Value child = first(); child; child = child.next()) {
    if (child.name_is(name, how)) return child;
  }
  return {};
}

Value Value::first() const {
  if (!is_map() && !is_list()) return {};
  const Tree::Node& node = tree_->nodes_[index_];
  return index_ + 1 < node.end ? Value(tree_, index_ + 1) : Value();
}

Value Value::next() const {
  if (tree_ == nullptr || index_ == 0) return {};
  const uint32_t after = tree_->nodes_[index_].end;
  if (after >= tree_->nodes_.size()) return {};
  return tree_->nodes_[after].parent == tree_->nodes_[index_].parent ? Value(tree_, after)
                                                                     : Value();
}

std::string_view Value::text(std::string& scratch) const {
  switch (type()) {
    case Type::Null:
    case Type::List:
    case Type::Map:
      return {};
    default:
      break;
  }
  if (!tree_->nodes_[index_].value.escaped) return raw();
  scratch.clear();
  append_unescaped(scratch, raw());
  return scratch;
}

std::string_view Value::name(std::string& scratch) const {
  if (tree_ == nullptr) return {};
  if (!tree_->nodes_[index_].name.escaped) return raw_name();
  scratch.clear();
  append_unescaped(scratch, raw_name());
  return scratch;
}

std::optional<double> Value::number() const {
  if (type() != Type::Number && type() != Type::Text) return std::nullopt;
  std::string_view digits = trim(raw());
  if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
  const auto number = parse_number<double>(digits);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<int64_t> Value::integer() const {
  if (type() != Type::Number && type() != Type::Text) return std::nullopt;
  if (const auto whole = parse_number<int64_t>(trim(raw()))) return whole;
  const auto real = number();
  constexpr double kMost = 9.0e18;
  if (!real || *real > kMost || *real < -kMost) return std::nullopt;
  return static_cast<int64_t>(*real);
}

void Tree::reset(std::string_view text) {
  text_ = text;
  nodes_.clear();
  depth_ = trailing_ = 0;
  strict_ = true;
  cut_ = false;
}

bool Tree::add(Type type, Span value, Span name) {
  if (nodes_.size() >= kMaxNodes) {
    cut();
    return false;
  }
  const auto index = static_cast<uint32_t>(nodes_.size());
  nodes_.push_back({value, name, index + 1, depth_ == 0 ? 0 : open_[depth_ - 1], type});
  return true;
}

bool Tree::open(Type type, uint32_t offset, Span name) {
  if (depth_ >= kMaxDepth) {
    cut();
    return false;
  }
  if (!add(type, {offset, 0, false}, name)) return false;
  open_[depth_++] = static_cast<uint32_t>(nodes_.size() - 1);
  return true;
}

void Tree::close(uint32_t offset) {
  Node& node = nodes_[open_[--depth_]];
  node.end = static_cast<uint32_t>(nodes_.size());
  node.value.size = offset - node.value.offset;
}

void Tree::finish(uint32_t offset) {
  while (depth_ > 0) close(offset);
  trailing_ = offset;
}

}  // namespace siploom::tree
