// Makes the rows that are shown of a message: model::Message, which owns its bytes.
#pragma once

#include "model/message.h"
#include "model/record.h"
#include "wire/sdp/sdp.h"
#include "wire/sip/message.h"

namespace siploom::pipeline {

// `scratch` is used for the session description; keep one and use it again.
model::Message make_row(const model::Record& record, const sip::MessageView& view,
                        sdp::Session& scratch);
// The first session description in a message: its body, or the application/sdp part of a multipart
// one. Empty: none.
std::string_view sdp_of(const sip::MessageView& view);

}  // namespace siploom::pipeline
