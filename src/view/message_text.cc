#include "view/message_text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace siploom::view {

std::string message_head(const MessageHead& head, bool color) {
  std::string time = format_rfc3339(head.time);
  time[10] = ' ';
  time.pop_back();
  return paint(Role::Heading,
               fmt::format("{}  {} -> {}  {}", time, format_endpoint(head.src),
                           format_endpoint(head.dst), transport_name(head.transport)),
               color) +
         "\n";
}

std::string message_body(std::string_view raw, uint16_t status, bool color) {
  std::string out;
  bool first = true, headers = true;
  while (!raw.empty()) {
    const std::string line = printable(take_line(raw));
    if (first) {
      out += paint(role_of_status(status), line, color);
    } else if (headers && !line.empty() && !is_blank(line.front()) &&
               line.find(':') != std::string::npos) {
      const size_t colon = line.find(':');
      out += paint(Role::Key, std::string_view(line).substr(0, colon), color);
      out += line.substr(colon);
    } else {
      out += line;
    }
    if (line.empty()) headers = false;
    first = false;
    out += '\n';
  }
  return out;
}

std::string message_line(const MessageHead& head, std::string_view start_line,
                         std::string_view call_id, bool color) {
  return fmt::format("{} {} -> {} {} {} {}\n", format_clock(head.time), format_endpoint(head.src),
                     format_endpoint(head.dst), transport_name(head.transport),
                     paint(role_of_status(head.status), safe(start_line), color),
                     paint(Role::Dim, safe(call_id), color));
}

}  // namespace siploom::view
