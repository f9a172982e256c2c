// JSON (RFC 8259) as hostile or careless senders write it: duplicate names stay in order, invalid
// UTF-8 and control characters in texts, missing or spare commas, unquoted words, and texts that
// end early are taken; the Tree says whether all was strict.
#pragma once

#include "wire/tree/tree.h"

namespace siploom::json {

// False: the text does not begin like JSON, or is larger than tree::kMaxBytes. `out` holds views of
// `text`.
bool parse(std::string_view text, tree::Tree& out);
// Whether the first octet that is not blank opens an object or a list.
bool looks_like_json(std::string_view text);

}  // namespace siploom::json
