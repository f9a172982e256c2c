#include "query/token.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace siploom::query {

namespace {

struct Operator {
  std::string_view text;
  TokenKind kind;
};

// Longer ones first.
constexpr Operator kOperators[] = {
    {"==", TokenKind::Equal},        {"!=", TokenKind::NotEqual},   {"<=", TokenKind::LessEqual},
    {">=", TokenKind::GreaterEqual}, {"!~", TokenKind::NotMatches}, {"=~", TokenKind::Matches},
    {"&&", TokenKind::And},          {"||", TokenKind::Or},         {"<", TokenKind::Less},
    {">", TokenKind::Greater},       {"~", TokenKind::Matches},     {"!", TokenKind::Not},
    {"=", TokenKind::Equal},         {"(", TokenKind::Open},        {")", TokenKind::Close},
    {"{", TokenKind::OpenBrace},     {"}", TokenKind::CloseBrace},  {"[", TokenKind::OpenBracket},
    {"]", TokenKind::CloseBracket},  {",", TokenKind::Comma}};

bool ends_word(char c) {
  return is_space(c) || std::string_view("()[]{},\"'<>=!~&|").find(c) != std::string_view::npos;
}

Result<Token> take_quoted(std::string_view source, size_t at) {
  Token token{TokenKind::Text, {}, at, 0};
  const char quote = source[at];
  for (size_t i = at + 1; i < source.size(); ++i) {
    if (source[i] == quote) {
      token.size = i + 1 - at;
      return token;
    }
    if (source[i] == '\\' && i + 1 < source.size()) {
      const char next = source[++i];
      // What is no escape of the language stays as it is, so that regular expressions need no
      // doubling.
      if (next == 'n') {
        token.text += '\n';
      } else if (next == 'r') {
        token.text += '\r';
      } else if (next == 't') {
        token.text += '\t';
      } else if (next == quote || next == '\\') {
        token.text += next;
      } else {
        token.text += '\\';
        token.text += next;
      }
      continue;
    }
    token.text += source[i];
  }
  return tl::unexpected<Error>(error_at(source, at, source.size() - at, "the quote is not closed"));
}

Token take_operator(std::string_view source, size_t at) {
  for (const Operator& op : kOperators) {
    if (source.substr(at).starts_with(op.text))
      return {op.kind, std::string(op.text), at, op.text.size()};
  }
  return {};
}

Token take_word(std::string_view source, size_t at) {
  size_t end = at;
  // An IPv6 address in brackets with its port is one word: [2001:db8::1]:5060.
  while (end < source.size() && !ends_word(source[end])) ++end;
  Token token{TokenKind::Word, std::string(source.substr(at, end - at)), at, end - at};
  if (iequals(token.text, "and")) token.kind = TokenKind::And;
  if (iequals(token.text, "or")) token.kind = TokenKind::Or;
  if (iequals(token.text, "not")) token.kind = TokenKind::Not;
  return token;
}

}  // namespace

Error error_at(std::string_view source, size_t offset, size_t size, std::string what) {
  // Only the line around the place is shown, and of a long one only a part.
  constexpr size_t kContext = 60;
  size_t begin = offset > kContext ? offset - kContext : 0;
  const size_t line = source.rfind('\n', offset == 0 ? 0 : offset - 1);
  if (line != std::string_view::npos && line + 1 > begin && line < offset) begin = line + 1;
  const size_t end = std::min({source.size(), offset + kContext, source.find('\n', offset)});
  const size_t marks = std::max<size_t>(1, std::min(size, end > offset ? end - offset : 1));
  return {
      ErrorCode::InvalidArgument,
      fmt::format("filter: {}\n  {}\n  {}{}", what, printable(source.substr(begin, end - begin)),
                  std::string(display_width(source.substr(begin, offset - begin)), ' '),
                  std::string(marks, '^'))};
}

Result<std::vector<Token>> tokenize(std::string_view source) {
  if (source.size() > kMaxFilterBytes) {
    return fail(ErrorCode::LimitExceeded,
                fmt::format("filter: longer than {} octets", kMaxFilterBytes));
  }
  std::vector<Token> out;
  size_t at = 0;
  while (true) {
    while (at < source.size() && is_space(source[at])) ++at;
    if (at == source.size()) break;
    if (source[at] == '"' || source[at] == '\'') {
      out.push_back(SL_TRY(take_quoted(source, at)));
    } else if (Token op = take_operator(source, at); op.size != 0) {
      out.push_back(std::move(op));
    } else if (source[at] == '&' || source[at] == '|') {
      return tl::unexpected<Error>(
          error_at(source, at, 1, fmt::format("write '{0}{0}' or a word", source[at])));
    } else {
      out.push_back(take_word(source, at));
    }
    at = out.back().offset + out.back().size;
  }
  out.push_back({TokenKind::End, {}, source.size(), 0});
  return out;
}

}  // namespace siploom::query
