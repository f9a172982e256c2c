#include "query/parser.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"

namespace siploom::query {

using registry::FieldInfo;
using registry::Scope;
using Node = Filter::Node;
using NodePtr = std::unique_ptr<Node>;

namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxPredicates = 64;
constexpr int64_t kMaxRegexBytes = 8 << 20;

bool is_compare(TokenKind kind) {
  return kind >= TokenKind::Equal && kind <= TokenKind::NotMatches;
}

Op op_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::NotEqual:
      return Op::NotEqual;
    case TokenKind::Less:
      return Op::Less;
    case TokenKind::LessEqual:
      return Op::LessEqual;
    case TokenKind::Greater:
      return Op::Greater;
    case TokenKind::GreaterEqual:
      return Op::GreaterEqual;
    case TokenKind::Matches:
      return Op::Matches;
    case TokenKind::NotMatches:
      return Op::NotMatches;
    default:
      return Op::Equal;
  }
}

struct WordOperator {
  std::string_view word;
  Op op;
};
constexpr WordOperator kWordOperators[] = {{"contains", Op::Matches}, {"matches", Op::Matches},
                                           {"eq", Op::Equal},         {"ne", Op::NotEqual},
                                           {"gt", Op::Greater},       {"lt", Op::Less},
                                           {"ge", Op::GreaterEqual},  {"le", Op::LessEqual}};

const WordOperator* word_operator(const Token& token) {
  if (token.kind != TokenKind::Word) return nullptr;
  for (const WordOperator& each : kWordOperators) {
    if (iequals(each.word, token.text)) return &each;
  }
  return nullptr;
}
bool is_word_operator(const Token& token) { return word_operator(token) != nullptr; }

class Parser {
 public:
  Parser(std::string_view source, Scope scope, std::vector<Token> tokens)
      : source_(source), scope_(scope), tokens_(std::move(tokens)) {}

  Result<ParsedFilter> run() {
    ParsedFilter out;
    if (peek().kind == TokenKind::End) {
      out.root = std::make_unique<Node>();
      return out;
    }
    out.root = SL_TRY(any_of(0));
    if (peek().kind != TokenKind::End)
      return error(peek(), fmt::format("'{}' is not expected here", peek().text));
    out.predicates = std::move(predicates_);
    return out;
  }

 private:
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool take_if(TokenKind kind) {
    if (peek().kind != kind) return false;
    ++at_;
    return true;
  }
  tl::unexpected<Error> error(const Token& token, std::string what) const {
    return tl::unexpected<Error>(error_at(source_, token.offset, token.size, std::move(what)));
  }

  Result<NodePtr> any_of(int depth) { return chain(depth, Node::Kind::Or); }
  // Terms next to one another are joined by `and`.
  Result<NodePtr> all_of(int depth) { return chain(depth, Node::Kind::And); }

  Result<NodePtr> chain(int depth, Node::Kind kind) {
    if (depth > kMaxDepth) return error(peek(), "too deeply nested");
    const bool is_or = kind == Node::Kind::Or;
    auto node = std::make_unique<Node>();
    node->kind = kind;
    do {
      node->children.push_back(is_or ? SL_TRY(all_of(depth + 1)) : SL_TRY(term(depth + 1)));
    } while (take_if(is_or ? TokenKind::Or : TokenKind::And) || (!is_or && begins_term()));
    if (node->children.size() > 1) return node;
    return std::move(node->children.front());
  }

  bool begins_term() const {
    switch (peek().kind) {
      case TokenKind::Word:
      case TokenKind::Text:
      case TokenKind::Not:
      case TokenKind::Open:
        return true;
      default:
        return false;
    }
  }

  Result<NodePtr> term(int depth) {
    if (depth > kMaxDepth) return error(peek(), "too deeply nested");
    if (take_if(TokenKind::Not)) {
      auto node = std::make_unique<Node>();
      node->kind = Node::Kind::Not;
      node->children.push_back(SL_TRY(term(depth + 1)));
      return node;
    }
    if (peek().kind == TokenKind::Open) return bracketed(depth);
    if (peek().kind == TokenKind::Text && !is_compare(peek(1).kind))
      return search(take().text, false);
    if (peek().kind == TokenKind::Word) return word(depth);
    if (peek().kind == TokenKind::End) return error(peek(), "something is missing at the end");
    return error(peek(), fmt::format("'{}' is not expected here", peek().text));
  }

  Result<NodePtr> bracketed(int depth) {
    const Token open = take();
    NodePtr inner = SL_TRY(any_of(depth + 1));
    if (!take_if(TokenKind::Close)) return error(open, "the bracket is not closed");
    return inner;
  }

  bool next_is_operator(size_t ahead) const {
    const Token& next = peek(ahead);
    if (is_compare(next.kind)) return true;
    // Wireshark's words, so that nobody's filter is silently taken for a search.
    const TokenKind behind = peek(ahead + 1).kind;
    if (is_word_operator(next) && (behind == TokenKind::Word || behind == TokenKind::Text))
      return true;
    const bool in = next.kind == TokenKind::Word && iequals(next.text, "in");
    const bool not_in = next.kind == TokenKind::Not && next.text != "!" &&
                        peek(ahead + 1).kind == TokenKind::Word &&
                        iequals(peek(ahead + 1).text, "in");
    return in || not_in;
  }

  Result<NodePtr> word(int depth) {
    const Token token = peek();
    if (iequals(token.text, "any") && peek(1).kind == TokenKind::Open) return any_term(depth);
    if (iequals(token.text, "has") &&
        (peek(1).kind == TokenKind::Word || peek(1).kind == TokenKind::Text))
      return has_term();
    if (iequals(token.text, "contains") && peek(1).kind == TokenKind::Text) {
      take();
      return search(take().text, true);
    }
    const bool header = iequals(token.text, "header") && peek(1).kind == TokenKind::OpenBracket;
    if (header || next_is_operator(1)) return comparison();
    take();
    // A field of yes or no may stand alone.
    const FieldInfo* field = registry::find_field(token.text);
    if (field != nullptr && field->type == registry::Type::Bool) {
      auto node = std::make_unique<Node>();
      node->kind = Node::Kind::Compare;
      node->field = field->id;
      node->constants.push_back(SL_TRY(parse_constant(field, "true", Op::Equal)));
      return by_message(std::move(node), field->scope);
    }
    return search(token.text, true);
  }

  Result<NodePtr> search(const std::string& text, bool fold_case) {
    auto node = std::make_unique<Node>();
    node->kind = Node::Kind::Search;
    node->text = text;
    node->fold_case = fold_case;
    return by_message(std::move(node), Scope::Message);
  }

  Result<NodePtr> any_term(int depth) {
    const Token any = take();
    if (scope_ != Scope::Call) return bracketed(depth);
    const Token open = take();
    const size_t begin = open.offset + open.size;
    size_t nesting = 1;
    while (nesting != 0) {
      if (peek().kind == TokenKind::End) return error(open, "the bracket is not closed");
      const Token token = take();
      if (token.kind == TokenKind::Open) ++nesting;
      if (token.kind == TokenKind::Close) --nesting;
    }
    const Token& close = tokens_[at_ - 1];
    auto inner = Filter::compile(source_.substr(begin, close.offset - begin), Scope::Message);
    if (!inner) return tl::unexpected<Error>(inner.error());
    return predicate(std::move(*inner), any);
  }

  Result<NodePtr> predicate(Filter filter, const Token& token) {
    if (filter.asks_calls())
      return error(token, "any(...) asks messages; call fields stand outside of it");
    if (predicates_.size() >= kMaxPredicates)
      return error(token, "too many questions about messages (64 at most)");
    auto node = std::make_unique<Node>();
    node->kind = Node::Kind::Any;
    node->predicate = predicates_.size();
    predicates_.push_back(std::move(filter));
    return node;
  }

  // In a filter over calls, what only messages have is asked of the call's messages.
  Result<NodePtr> by_message(NodePtr node, Scope scope) {
    if (scope_ != Scope::Call || scope != Scope::Message) return node;
    // Through text and back, so that one place makes filters.
    auto inner = Filter::compile(print(*node, predicates_), Scope::Message);
    if (!inner) return tl::unexpected<Error>(inner.error());
    return predicate(std::move(*inner), peek());
  }

  struct Operand {
    const FieldInfo* field = nullptr;  // null: a header
    std::string header;
    Token token;
  };

  static Scope scope_of(const Operand& operand) {
    return operand.field == nullptr ? Scope::Message : operand.field->scope;
  }

  Result<Operand> operand() {
    Operand out;
    out.token = take();
    if (iequals(out.token.text, "header") && take_if(TokenKind::OpenBracket)) {
      if (peek().kind != TokenKind::Text && peek().kind != TokenKind::Word) {
        return error(peek(), "the name of a header belongs here: header[\"X-Trunk\"]");
      }
      out.header = take().text;
      if (!take_if(TokenKind::CloseBracket)) return error(peek(), "']' is missing");
      return out;
    }
    out.field = registry::find_field(out.token.text);
    if (out.field != nullptr) return out;
    const auto near = registry::nearest_fields(out.token.text);
    std::string hint = "`siploom fields` lists them";
    if (!near.empty()) hint = fmt::format("did you mean {}?", fmt::join(near, " or "));
    return error(out.token, fmt::format("unknown field '{}': {}", out.token.text, hint));
  }

  Result<NodePtr> has_term() {
    take();
    const bool by_name = peek().kind == TokenKind::Text;
    const FieldInfo* field = by_name ? nullptr : registry::find_field(peek().text);
    auto node = std::make_unique<Node>();
    node->kind = Node::Kind::Has;
    Scope scope = Scope::Message;
    if (field != nullptr) {
      node->field = field->id;
      scope = field->scope;
      take();
    } else if (iequals(peek().text, "header") && peek(1).kind == TokenKind::OpenBracket) {
      node->header = SL_TRY(operand()).header;
      node->is_header = true;
    } else {
      node->header = take().text;  // any header by its name
      node->is_header = true;
    }
    return by_message(std::move(node), scope);
  }

  Result<NodePtr> comparison() {
    const Operand left = SL_TRY(operand());
    auto node = std::make_unique<Node>();
    node->kind = Node::Kind::Compare;
    node->is_header = left.field == nullptr;
    node->header = left.header;
    if (left.field != nullptr) node->field = left.field->id;
    const Token op = take();
    if (is_compare(op.kind)) {
      node->op = op_of(op.kind);
    } else if (op.kind == TokenKind::Not) {
      take();
      node->op = Op::NotIn;
    } else if (op.kind == TokenKind::Word && iequals(op.text, "in")) {
      node->op = Op::In;
    } else if (const WordOperator* named = word_operator(op)) {
      node->op = named->op;
      // The text as it stands, wherever it stands.
      if (iequals(op.text, "contains")) {
        Token value = value_token();
        value.text = re2::RE2::QuoteMeta(value.text);
        SL_TRY_VOID(regex(*node, value));
        return by_message(std::move(node), scope_of(left));
      }
    } else {
      return error(op, "an operator belongs here: == != < <= > >= in ~ !~");
    }
    if ((node->op == Op::In || node->op == Op::NotIn) && take_if(TokenKind::OpenBrace)) {
      do {
        SL_TRY_VOID(constant(*node, left.field));
      } while (take_if(TokenKind::Comma) || peek().kind == TokenKind::Word ||
               peek().kind == TokenKind::Text);
      if (!take_if(TokenKind::CloseBrace)) return error(peek(), "'}' is missing");
    } else {
      SL_TRY_VOID(constant(*node, left.field));
    }
    return by_message(std::move(node), scope_of(left));
  }

  // An IPv6 address in brackets comes as several tokens: [2001:db8::1]:5060.
  Token value_token() {
    if (peek().kind != TokenKind::OpenBracket) return take();
    Token whole = take();
    while (peek().kind != TokenKind::End && peek().offset == whole.offset + whole.size &&
           (peek().kind == TokenKind::Word || peek().kind == TokenKind::CloseBracket)) {
      const Token part = take();
      whole.text += part.text;
      whole.size += part.size;
    }
    whole.kind = TokenKind::Word;
    return whole;
  }

  Result<void> constant(Node& node, const FieldInfo* field) {
    const Token value = value_token();
    if (value.kind != TokenKind::Word && value.kind != TokenKind::Text) {
      const char* const hint = value.kind == TokenKind::End ? "a value is missing at the end"
                               : value.kind == TokenKind::OpenBrace
                                   ? "a value belongs here; write 'in {...}' for a set"
                                   : "a value belongs here";
      return error(value, hint);
    }
    if (node.op == Op::Matches || node.op == Op::NotMatches) return regex(node, value);
    auto parsed = parse_constant(field, value.text, node.op);
    if (!parsed) return error(value, parsed.error().message);
    node.constants.push_back(std::move(*parsed));
    return {};
  }

  Result<void> regex(Node& node, const Token& value) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_encoding(re2::RE2::Options::EncodingLatin1);  // octets, not characters
    options.set_max_mem(kMaxRegexBytes);
    node.regex = std::make_unique<re2::RE2>(value.text, options);
    if (!node.regex->ok())
      return error(value, fmt::format("bad regular expression: {}", node.regex->error()));
    Constant constant;
    constant.text = value.text;
    node.constants.push_back(std::move(constant));
    return {};
  }

  std::string_view source_;
  Scope scope_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  std::vector<Filter> predicates_;
};

}  // namespace

Result<ParsedFilter> parse_filter(std::string_view source, Scope scope) {
  return Parser(source, scope, SL_TRY(tokenize(source))).run();
}

}  // namespace siploom::query
