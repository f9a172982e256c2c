#include "wire/sip/body.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "wire/sip/params.h"

namespace siploom::sip {

namespace {

constexpr int kMaxDepth = 4;
constexpr size_t kMaxParts = 32;

std::string_view type_of(std::string_view content_type) {
  return trim(content_type.substr(0, content_type.find(';')));
}

std::string_view header_in(std::string_view headers, HeaderId id) {
  while (!headers.empty()) {
    const Halves halves = split_once(take_line(headers), ':');
    if (halves.found && header_id(trim(halves.before)) == id) return trim(halves.after);
  }
  return {};
}

void split_parts(std::string_view body, std::string_view content_type, int depth,
                 std::vector<BodyPart>& out) {
  if (out.size() >= kMaxParts) return;
  const auto boundary = find_param(
      content_type.substr(std::min(content_type.find(';'), content_type.size())), "boundary");
  if (!istarts_with(content_type, "multipart/") || !boundary || boundary->empty() ||
      depth >= kMaxDepth) {
    out.push_back({type_of(content_type), body});
    return;
  }
  const std::string mark = "--" + std::string(*boundary);
  size_t at = body.find(mark);
  while (at != std::string_view::npos && out.size() < kMaxParts) {
    size_t begin = at + mark.size();
    if (body.substr(begin, 2) == "--") break;  // the last one
    begin = std::min(body.find('\n', begin), body.size() - 1) + 1;
    const size_t end = body.find(mark, begin);
    std::string_view part = body.substr(begin, end == std::string_view::npos ? end : end - begin);
    // The line end before a boundary belongs to it (RFC 2046 5.1.1).
    if (part.ends_with("\n")) part.remove_suffix(1);
    if (part.ends_with("\r")) part.remove_suffix(1);
    size_t gap = part.find("\r\n\r\n"), gap_size = 4;
    if (gap == std::string_view::npos) gap = part.find("\n\n"), gap_size = 2;
    if (part.starts_with("\r\n") || part.starts_with("\n"))
      gap = 0, gap_size = part.front() == '\r' ? 2 : 1;
    if (gap != std::string_view::npos) {
      const std::string_view headers = part.substr(0, gap);
      split_parts(part.substr(gap + gap_size), header_in(headers, HeaderId::ContentType), depth + 1,
                  out);
    }
    at = end;
  }
}

std::string_view first_sdp(const std::vector<BodyPart>& parts) {
  for (const BodyPart& part : parts) {
    if (iequals(part.content_type, "application/sdp")) return part.content;
  }
  return {};
}

}  // namespace

std::vector<BodyPart> body_parts(const MessageView& message) {
  std::vector<BodyPart> out;
  if (!message.body().empty())
    split_parts(message.body(), message.first(HeaderId::ContentType), 0, out);
  return out;
}

std::string_view find_sdp(const MessageView& message) {
  const std::string_view type = message.first(HeaderId::ContentType);
  const std::string_view body = message.body();
  if (body.empty()) return {};
  if (istarts_with(type, "application/sdp") || (type.empty() && body.starts_with("v=")))
    return body;
  return istarts_with(type, "multipart/") ? first_sdp(body_parts(message)) : std::string_view{};
}

std::string_view find_sdp_part(std::string_view multipart) {
  const size_t begin = multipart.find("--");
  if (begin == std::string_view::npos) return {};
  std::string_view rest = multipart.substr(begin + 2);
  const std::string_view boundary = trim(take_line(rest));
  if (boundary.empty()) return {};
  std::vector<BodyPart> parts;
  split_parts(multipart, "multipart/mixed;boundary=\"" + std::string(boundary) + "\"", 0, parts);
  return first_sdp(parts);
}

}  // namespace siploom::sip
