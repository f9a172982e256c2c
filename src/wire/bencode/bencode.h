// bencode, as rtpengine's NG protocol has it: integers, texts with their length, lists, maps.
#pragma once

#include "wire/tree/tree.h"

namespace siploom::bencode {

// Reads one value; what stands behind it is trailing(). False: the text does not begin like
// bencode, or is larger than tree::kMaxBytes. A text that ends early gives what is there (is_cut).
bool parse(std::string_view text, tree::Tree& out);

}  // namespace siploom::bencode
