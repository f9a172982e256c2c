// Bodies: content types and the parts of multipart ones (RFC 2046 5.1).
#pragma once

#include <string_view>
#include <vector>

#include "wire/sip/message.h"

namespace siploom::sip {

struct BodyPart {
  std::string_view content_type;  // without parameters
  std::string_view content;
};

// The parts of the body; one when it is not multipart, none when it is empty. Nested multiparts are
// opened, to a depth and a number of parts that no telephone needs.
std::vector<BodyPart> body_parts(const MessageView& message);

// The first session description: the body itself, or an application/sdp part. Empty: none.
std::string_view find_sdp(const MessageView& message);
// The same in a multipart body by itself, whose boundary is read off its first line.
std::string_view find_sdp_part(std::string_view multipart);

}  // namespace siploom::sip
