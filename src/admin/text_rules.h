// What texts may be kept: every text from outside has a limit and is UTF-8 without controls.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace siploom::admin {

constexpr size_t kMaxNameLetters = 64;  // code points
constexpr size_t kMaxFilterOctets =
    16'384;  // a fourth of what the language takes: scopes are joined
constexpr size_t kMaxLineOctets = 1'024;
constexpr size_t kMaxNoteOctets = 16'384;

enum class Lines : unsigned char { One, Many };  // Many: line ends and tabs are welcome

// InvalidArgument or LimitExceeded, saying which `what` is wrong and why.
Result<void> check_text(std::string_view what, std::string_view text, size_t octets_max,
                        Lines lines = Lines::One);
// The name of a person or thing: 1 to kMaxNameLetters letters, none invisible, no blank at its
// ends.
Result<void> check_name(std::string_view what, std::string_view name);
// Under which two names that differ in case alone are one: Latin, Greek and Cyrillic letters
// folded.
std::string name_key(std::string_view name);
size_t count_letters(std::string_view utf8);
// Text as it may be kept whatever it was: broken octets are written out, the end is cut.
std::string tamed(std::string_view text, size_t octets_max);

}  // namespace siploom::admin
