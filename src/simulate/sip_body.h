// Bodies of SIP messages: SDP (RFC 8866) with several codecs, DTMF, sipfrag, dialog-info, presence.
#pragma once

#include <string_view>

#include "simulate/plan.h"
#include "simulate/text_buffer.h"

namespace siploom::simulate {

std::string_view content_type(Body body);
// `owner` is the party whose body it is.
void append_body(TextBuffer& out, const Plan& plan, const Step& step, const Node& owner);

}  // namespace siploom::simulate
