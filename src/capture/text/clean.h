// What terminals and editors put into a text that the traffic did not: colours, byte order marks,
// UTF-16.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace siploom::capture::dump {

// The text as UTF-8 without escape sequences (ECMA-48) and byte order mark; nothing when it is so
// already.
std::optional<std::string> clean_text(std::string_view text);

// Whether `head` can be text at all: no NUL and hardly any control characters.
bool is_text(std::string_view head);

}  // namespace siploom::capture::dump
