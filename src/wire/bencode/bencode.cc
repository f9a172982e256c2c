#include "wire/bencode/bencode.h"

#include "base/text.h"

namespace siploom::bencode {

namespace {

using tree::Tree;
using tree::Type;

constexpr size_t kMaxDigits = 20;

class Reader final {
 public:
  Reader(std::string_view text, Tree& out) : text_(text), out_(out) {}

  void read() {
    bool going = value({});
    while (going && out_.depth() > 0) going = step();
    if (out_.depth() > 0) out_.cut();
    out_.finish(static_cast<uint32_t>(at_));
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }

  bool step() {
    if (at_end()) return false;
    if (text_[at_] == 'e') {
      ++at_;
      out_.close(static_cast<uint32_t>(at_));
      return true;
    }
    Tree::Span name;
    if (out_.innermost() == Type::Map && !text(name)) return false;
    return value(name);
  }

  bool value(const Tree::Span& name) {
    if (at_end()) return false;
    const char c = text_[at_];
    if (c == 'd' || c == 'l') {
      const auto offset = static_cast<uint32_t>(at_++);
      return out_.open(c == 'd' ? Type::Map : Type::List, offset, name);
    }
    Tree::Span span;
    if (c == 'i') {
      ++at_;
      return number('e', span) && out_.add(Type::Number, span, name);
    }
    return text(span) && out_.add(Type::Text, span, name);
  }

  // Digits up to `end`.
  bool number(char end, Tree::Span& span) {
    const size_t stop = text_.substr(0, at_ + kMaxDigits + 1).find(end, at_);
    if (stop == std::string_view::npos || stop == at_) return false;
    const size_t digits = text_[at_] == '-' ? at_ + 1 : at_;
    if (find_where(
            text_, [](char c) { return !is_digit(c); }, digits) != stop ||
        digits == stop)
      return false;
    span = {static_cast<uint32_t>(at_), static_cast<uint32_t>(stop - at_), false};
    at_ = stop + 1;
    return true;
  }

  bool text(Tree::Span& span) {
    Tree::Span length;
    if (at_end() || !is_digit(text_[at_]) || !number(':', length)) return false;
    const auto size = parse_number<size_t>(text_.substr(length.offset, length.size));
    const size_t left = text_.size() - at_;
    if (!size || *size > left) out_.cut();
    const size_t taken = size && *size <= left ? *size : left;
    span = {static_cast<uint32_t>(at_), static_cast<uint32_t>(taken), false};
    at_ += taken;
    return true;
  }

  std::string_view text_;
  Tree& out_;
  size_t at_ = 0;
};

}  // namespace

bool parse(std::string_view text, Tree& out) {
  out.reset(text);
  if (text.empty() || text.size() > tree::kMaxBytes) return false;
  if (text[0] != 'd' && text[0] != 'l' && text[0] != 'i' && !is_digit(text[0])) return false;
  Reader(text, out).read();
  if (!out.trailing().empty()) out.not_strict();
  return static_cast<bool>(out.root());
}

}  // namespace siploom::bencode
