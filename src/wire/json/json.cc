#include "wire/json/json.h"

#include "base/text.h"

namespace siploom::json {

namespace {

using tree::Tree;
using tree::Type;

constexpr bool ends_word(char c) {
  return is_space(c) || c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']' ||
         c == '"';
}

// RFC 8259 6.
bool is_number(std::string_view s) {
  if (!s.empty() && s.front() == '-') s.remove_prefix(1);
  const auto digits = [&] {
    const size_t count = find_where(s, [](char c) { return !is_digit(c); });
    s.remove_prefix(count);
    return count > 0;
  };
  if (s.size() > 1 && s[0] == '0' && is_digit(s[1])) return false;
  if (!digits()) return false;
  if (!s.empty() && s.front() == '.') {
    s.remove_prefix(1);
    if (!digits()) return false;
  }
  if (!s.empty() && to_lower(s.front()) == 'e') {
    s.remove_prefix(1);
    if (!s.empty() && (s.front() == '+' || s.front() == '-')) s.remove_prefix(1);
    if (!digits()) return false;
  }
  return s.empty();
}

class Reader final {
 public:
  Reader(std::string_view text, Tree& out) : text_(text), out_(out) {}

  void read() {
    skip_blanks();
    if (!value({})) return finish();
    while (out_.depth() > 0) {
      if (!step()) break;
    }
    finish();
  }

 private:
  uint32_t offset() const { return static_cast<uint32_t>(at_); }
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return text_[at_]; }
  void skip_blanks() {
    at_ = find_where(
        text_, [](char c) { return !is_space(c); }, at_);
  }

  // One member, element or end of the innermost list or map. False: the text is over, or a limit
  // is reached.
  bool step() {
    skip_blanks();
    if (at_end()) return false;
    const char c = peek();
    if (c == '}' || c == ']') {
      if ((c == '}') != (out_.innermost() == Type::Map) || after_comma_) out_.not_strict();
      ++at_;
      out_.close(offset());
      after_comma_ = false;
      after_value_ = true;
      return true;
    }
    if (c == ',') {
      if (!after_value_) out_.not_strict();
      ++at_;
      after_value_ = false;
      after_comma_ = true;
      return true;
    }
    if (after_value_) out_.not_strict();  // no comma
    after_comma_ = false;
    Tree::Span name;
    if (out_.innermost() == Type::Map && !read_name(name)) return false;
    return value(name);
  }

  bool read_name(Tree::Span& name) {
    if (peek() == '"') {
      name = quoted();
    } else {
      name = word();
      out_.not_strict();
      if (name.size == 0) ++at_;  // a colon or a bracket that nobody expected
    }
    skip_blanks();
    if (at_end()) return false;
    if (peek() == ':') {
      ++at_;
    } else {
      out_.not_strict();
    }
    skip_blanks();
    return !at_end();
  }

  bool value(const Tree::Span& name) {
    if (at_end()) return false;
    const char c = peek();
    after_value_ = true;
    if (c == '{' || c == '[') {
      const bool opened = out_.open(c == '{' ? Type::Map : Type::List, offset(), name);
      ++at_;
      after_value_ = false;
      return opened;
    }
    if (c == '"') return out_.add(Type::Text, quoted(), name);
    const Tree::Span span = word();
    if (span.size == 0) {  // "," or "}" where a value should be; anything else is stepped over
      out_.not_strict();
      const bool stays = c == ',' || c == '}' || c == ']';
      if (!stays) ++at_;
      return out_.add(Type::Null, span, name);
    }
    const std::string_view text = text_.substr(span.offset, span.size);
    const Type type = text == "null"    ? Type::Null
                      : text == "true"  ? Type::True
                      : text == "false" ? Type::False
                      : is_number(text) ? Type::Number
                                        : Type::Word;
    if (type == Type::Word) out_.not_strict();
    return out_.add(type, span, name);
  }

  Tree::Span word() {
    const size_t end = find_where(text_, ends_word, at_);
    const Tree::Span span{offset(), static_cast<uint32_t>(end - at_), false};
    at_ = end;
    return span;
  }

  // From a quote to the next that is not escaped; that of a text cut off is the end.
  Tree::Span quoted() {
    const size_t start = ++at_;
    bool escaped = false;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      const char c = text_[at_];
      if (c == '\\') {
        escaped = true;
        ++at_;
        const bool known = at_ < text_.size() && std::string_view("\"\\/bfnrtu").find(text_[at_]) !=
                                                     std::string_view::npos;
        if (!known) out_.not_strict();
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out_.not_strict();
      }
    }
    if (at_ > text_.size()) at_ = text_.size();
    const Tree::Span span{static_cast<uint32_t>(start), static_cast<uint32_t>(at_ - start),
                          escaped};
    if (at_end()) {
      out_.cut();
    } else {
      ++at_;
    }
    return span;
  }

  void finish() {
    if (out_.depth() > 0) out_.cut();
    out_.finish(offset());
    if (!trim(out_.trailing()).empty() || !is_utf8(text_)) out_.not_strict();
  }

  std::string_view text_;
  Tree& out_;
  size_t at_ = 0;
  bool after_value_ = false, after_comma_ = false;
};

}  // namespace

bool looks_like_json(std::string_view text) {
  const size_t at = find_where(text, [](char c) { return !is_space(c); });
  return at < text.size() && (text[at] == '{' || text[at] == '[');
}

bool parse(std::string_view text, Tree& out) {
  out.reset(text);
  if (text.size() > tree::kMaxBytes || trim_left(text).empty()) return false;
  const char first = trim_left(text).front();
  if (first == ',' || first == ':' || first == '}' || first == ']') return false;
  Reader(text, out).read();
  return static_cast<bool>(out.root());
}

}  // namespace siploom::json
