// Words of the filter language.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace siploom::query {

enum class TokenKind : uint8_t {
  Word,
  Text,  // Text: was in quotes; its escapes are resolved
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Matches,
  NotMatches,
  And,
  Or,
  Not,
  Open,
  Close,
  OpenBrace,
  CloseBrace,
  OpenBracket,
  CloseBracket,
  Comma,
  End
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string text;
  size_t offset = 0, size = 0;  // in the source, for error messages
};

constexpr size_t kMaxFilterBytes = 64 * 1024;

Result<std::vector<Token>> tokenize(std::string_view source);

// "what\n  source\n      ^^^^": the line with the place marked.
Error error_at(std::string_view source, size_t offset, size_t size, std::string what);

}  // namespace siploom::query
