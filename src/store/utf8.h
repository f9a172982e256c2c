// What a text column may hold: UTF-8 without NULs, which end texts in places where nobody expects
// it.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace siploom::store {

inline bool is_column_text(std::string_view text) {
  return is_utf8(text) && text.find('\0') == std::string_view::npos;
}
// What does not fit becomes U+FFFD; the octets as they came are in the payload.
inline std::string to_column_text(std::string_view text) { return to_utf8(text, true); }

}  // namespace siploom::store
