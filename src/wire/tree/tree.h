// Tree: a small document of names and values, read from JSON or bencode by tolerant readers. Views
// into the text, which must outlive it; keep one and use it again: its nodes are reused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace siploom::tree {

constexpr size_t kMaxBytes = 256 * 1024;
constexpr size_t kMaxDepth = 32;
constexpr size_t kMaxNodes = 16 * 1024;

// Word: what stands unquoted and is nothing JSON knows (nan, None, INVITE).
enum class Type : uint8_t { Null, False, True, Number, Text, Word, List, Map };
enum class Case : uint8_t { Exact, Any };

class Tree;

// A value within a Tree, or none; cheap to copy.
class Value final {
 public:
  Value() = default;
  explicit operator bool() const { return tree_ != nullptr; }
  Type type() const;  // Null for none
  bool is_map() const { return type() == Type::Map; }
  bool is_list() const { return type() == Type::List; }
  bool is_text() const { return type() == Type::Text; }

  // As it stands in the document; texts without their quotes, with their escapes.
  std::string_view raw() const;
  std::string_view raw_name() const;
  bool name_is(std::string_view name, Case how = Case::Exact) const;

  // The first member of that name, and the next ones of the same name.
  Value member(std::string_view name, Case how = Case::Exact) const;
  Value first() const;  // child
  Value next() const;   // sibling

  // The text without escapes: a view of the document when it has none, else of `scratch`, which is
  // overwritten. Numbers and words as they stand; empty for lists, maps, null and none.
  std::string_view text(std::string& scratch) const;
  std::string_view name(std::string& scratch) const;
  // Numbers, and texts that are one ("12", " 0.5 ").
  std::optional<double> number() const;
  std::optional<int64_t> integer() const;  // fractions are cut off

 private:
  friend class Tree;
  Value(const Tree* tree, uint32_t index) : tree_(tree), index_(index) {}
  const Tree* tree_ = nullptr;
  uint32_t index_ = 0;
};

class Tree final {
 public:
  Value root() const { return nodes_.empty() ? Value() : Value(this, 0); }
  std::string_view text() const { return text_; }
  // The text was valid: nothing was overlooked or guessed.
  bool is_strict() const { return strict_; }
  // A limit was reached or the text ends early; what was read before stands.
  bool is_cut() const { return cut_; }
  // What stands behind the value.
  std::string_view trailing() const { return text_.substr(trailing_); }

  // For readers. Spans are offsets into the text.
  struct Span {
    uint32_t offset = 0, size = 0;
    bool escaped = false;  // holds backslashes that mean something
  };
  void reset(std::string_view text);
  // False: no room for another node.
  bool add(Type type, Span value, Span name);
  bool open(Type type, uint32_t offset, Span name);
  void close(uint32_t offset);  // of the octet behind the list or map
  size_t depth() const { return depth_; }
  Type innermost() const { return nodes_[open_[depth_ - 1]].type; }
  void finish(uint32_t offset);  // closes what is open
  void not_strict() { strict_ = false; }
  void cut() { cut_ = true, strict_ = false; }

 private:
  friend class Value;
  struct Node {
    Span value, name;
    uint32_t end = 0;     // index behind the last descendant
    uint32_t parent = 0;  // 0 for the root, too
    Type type = Type::Null;
  };
  std::string_view text_;
  std::vector<Node> nodes_;
  uint32_t open_[kMaxDepth] = {};
  size_t depth_ = 0;
  size_t trailing_ = 0;
  bool strict_ = true, cut_ = false;
};

// JSON's escapes (RFC 8259 7) undone and appended; what is no escape stays as it stands.
void append_unescaped(std::string& out, std::string_view escaped);

}  // namespace siploom::tree
