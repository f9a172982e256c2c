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
                         std::string_view call_id, size_t width, bool color) {
  const std::string where =
      fmt::format("{} {} -> {} {}", format_clock(head.time), format_endpoint(head.src),
                  format_endpoint(head.dst), transport_name(head.transport));
  std::string out = where, start = safe(start_line), id = safe(call_id);
  if (width != 0) {
    // What the message is matters more than which call it belongs to.
    constexpr size_t kUseful = 8;
    const size_t room = width > where.size() + 1 ? width - where.size() - 1 : 0;
    start = fit_width(start, room);
    const size_t left = room - std::min(room, display_width(start));
    id = left > kUseful ? fit_width(id, left - 1) : "";
  }
  for (const auto& [text, role] :
       {std::pair{start, role_of_status(head.status)}, std::pair{id, Role::Dim}}) {
    if (!text.empty()) out += " " + paint(role, text, color);
  }
  return out + "\n";
}

}  // namespace siploom::view
