#include "capture/text/log_dialect.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "capture/text/message_assembler.h"

namespace siploom::capture::dump {
namespace {

// Lines that logs put between heading and message: blank ones, rulers, "[123,NET]".
constexpr size_t kMostLinesBeforeMessage = 6;

bool is_indentation_only(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

// Moves to the start line and gives its column; npos when there is none near.
size_t find_message(LineCursor& at, const Dialects& all) {
  for (size_t passed = 0; !at.done() && passed < kMostLinesBeforeMessage; ++passed, at.next()) {
    if (const size_t start = find_start_line(at.line()); start != std::string_view::npos) {
      return start;
    }
    const std::string_view line = trim(at.line());
    const bool is_filler =
        line.empty() || is_ruler(line) || line.front() == '[' || iequals(line, "Message:");
    if (!is_filler || all.heading_at(at)) break;
  }
  return std::string_view::npos;
}

// Another message begins inside of one whose body has not the length that was said: a start line
// with a header after it. A fragment of a message in a body (RFC 3420) seldom has that much.
bool is_next_message(const LineCursor& at, std::string_view line, std::string_view prefix) {
  return is_start_line(line) && is_common_header(without_prefix(at.peek(1), prefix));
}

}  // namespace

std::string_view without_prefix(std::string_view line, std::string_view prefix) {
  const bool is_indentation = is_indentation_only(prefix);
  // Editors take blanks off the end of a line, and so off a prefix with nothing behind it.
  const size_t trimmed = trim_right(prefix).size();
  if (line.size() < prefix.size() && (is_indentation || line.size() < trimmed)) return line;
  const size_t size = std::min(prefix.size(), line.size());
  for (size_t i = 0; i < size; ++i) {
    const bool same = line[i] == prefix[i] || (is_digit(line[i]) && is_digit(prefix[i]));
    // A day or hour below ten is padded with a blank by some logs.
    const bool padded = !is_indentation && ((line[i] == ' ' && is_digit(prefix[i])) ||
                                            (is_digit(line[i]) && prefix[i] == ' '));
    if (!same && !padded) return line;
  }
  return line.substr(size);
}

bool is_ruler(std::string_view line) {
  line = trim(line);
  return line.size() >= 4 &&
         std::string_view("-=_~*#").find(line.front()) != std::string_view::npos &&
         line.find_first_not_of(line.front()) == std::string_view::npos;
}

size_t number_before(std::string_view line, std::string_view unit) {
  for (size_t at = line.find(unit); at != std::string_view::npos; at = line.find(unit, at + 1)) {
    size_t begin = at;
    while (begin > 0 && is_digit(line[begin - 1]) && at - begin < 9) --begin;
    if (begin < at) return parse_number<size_t>(line.substr(begin, at - begin)).value_or(0);
  }
  return 0;
}

std::string collect_message(LineCursor& at, const Dialects& all, size_t declared_bytes,
                            const EndTest& ends) {
  const size_t column = find_message(at, all);
  if (column == std::string_view::npos) return {};
  const std::string_view prefix = at.line().substr(0, column);
  MessageAssembler message(declared_bytes);
  message.add(at.line().substr(column));
  at.next();
  for (; !at.done(); at.next()) {
    const std::string_view raw = at.line();
    const std::string_view line =
        is_indentation_only(raw) ? std::string_view{} : without_prefix(raw, prefix);
    if (message.complete(line) || ends(raw) || ends(line)) break;
    if (!line.empty() && (all.heading_at(at) || is_next_message(at, line, prefix))) break;
    message.add(line);
  }
  return message.take();
}

void LogDialect::read(LineCursor& at, const Dialects& all, PacketSink& sink) {
  const std::optional<LogHeading> found = heading(at);
  if (!found) return;
  for (size_t i = 0; i < found->lines; ++i) at.next();
  TextPacket packet;
  packet.octets = collect_message(at, all, found->declared_bytes,
                                  [this](std::string_view line) { return ends(line); });
  if (packet.octets.empty()) return;
  packet.time = found->time;
  packet.direction = found->direction;
  packet.transport = found->transport;
  packet.src = found->src;
  packet.dst = found->dst;
  if (found->direction == Direction::Sent) packet.dst = found->peer;
  if (found->direction == Direction::Received) packet.src = found->peer;
  sink.take(std::move(packet));
}

}  // namespace siploom::capture::dump
