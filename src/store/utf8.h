// UTF-8 (RFC 3629): told apart from what only looks like it, and made of it.
#pragma once

#include <string>
#include <string_view>

namespace siploom::store {

// No NULs either: they end texts in places where nobody expects it.
bool is_utf8(std::string_view text);
// Octets that do not fit become U+FFFD.
std::string to_utf8(std::string_view text);

}  // namespace siploom::store
