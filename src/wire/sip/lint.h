// lint: what is wrong with a message beyond what parse() sees in passing.
#pragma once

#include "wire/sip/message.h"

namespace siploom::sip {

// The notes of parse(), and those that cost more than a look: addresses, Via, quotes, dates,
// controls, escapes.
NoteSet lint(const MessageView& message);

}  // namespace siploom::sip
