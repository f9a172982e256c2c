// One message as text: a line of where and when, then the message with its start line and header
// names in colour.
#pragma once

#include <string>
#include <string_view>

#include "base/net.h"
#include "base/time.h"
#include "view/style.h"

namespace siploom::view {

struct MessageHead {
  Timestamp time;
  Endpoint src, dst;
  Transport transport = Transport::Udp;
  uint16_t status = 0;
};

std::string message_head(const MessageHead& head, bool color);
// The message's own text; controls are shown as \xNN, CRLF as line ends.
std::string message_body(std::string_view raw, uint16_t status, bool color);
// "01:25:02.123456 10.0.0.1:5060 -> 10.0.0.2:5060 udp INVITE sip:... call-id": one line a message,
// of at most `width` columns (0: no limit).
std::string message_line(const MessageHead& head, std::string_view start_line,
                         std::string_view call_id, size_t width, bool color);

}  // namespace siploom::view
