// Messages that a dump shows on one line, with a dot for every octet that it cannot print, CR and
// LF among them.
#pragma once

#include <string>
#include <string_view>

namespace siploom::capture::dump {

// Puts line ends back: of a run of dots the last two (four at the end of the headers) are line ends
// where a header, the body or nothing follows them.
std::string unflatten(std::string_view flat);

}  // namespace siploom::capture::dump
