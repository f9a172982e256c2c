// Colour roles: what a piece of text is; how it looks is decided in one place. Text from the
// network goes through safe().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace siploom::view {

enum class Role : uint8_t {
  Plain,
  Dim,
  Heading,
  Request,
  Provisional,
  Success,
  Redirect,
  ClientError,
  ServerError,
  Warning,
  Key,
  Bar
};

// `text` in the role's colour, or as it is. Nothing is escaped here.
std::string paint(Role role, std::string_view text, bool color);
Role role_of_status(uint16_t status);  // 0: a request
// One line of text fit for a terminal: no control characters, no broken UTF-8.
std::string safe(std::string_view text);
// Padded with blanks to `columns`, cut with an ellipsis if longer. Right: blanks in front.
enum class Align : uint8_t { Left, Right, Center };
std::string fit(std::string_view text, size_t columns, Align align = Align::Left);

// Broken at blanks so that no line is wider than `columns` (0: not broken), unless a word is.
std::string wrap(std::string_view text, size_t columns);

}  // namespace siploom::view
