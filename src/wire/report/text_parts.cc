#include <fmt/format.h>

#include "base/text.h"
#include "wire/report/parts.h"

namespace siploom::report {

namespace {

constexpr size_t kMaxEventBytes = 64;
constexpr size_t kMaxVisited = 4096;  // nodes of a tree that are looked at for a name

tree::Value find_within(tree::Value from, std::string_view name, size_t& left) {
  for (tree::Value child = from.first(); child && left > 0; child = child.next()) {
    --left;
    if (child.name_is(name)) return child;
    if (const tree::Value found = find_within(child, name, left)) return found;
  }
  return {};
}

}  // namespace

std::string_view first_line(std::string_view text) {
  while (!text.empty() && (is_space(text.front()) || text.front() == '\0')) text.remove_prefix(1);
  return trim_right(
      text.substr(0, find_where(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; })));
}

std::string_view first_word(std::string_view text) {
  return text.substr(0, find_where(text, [](char c) { return is_space(c); }));
}

void set_summary(Description& out, std::string_view text) {
  constexpr size_t kColumns = Description::kMaxSummaryColumns;
  out.summary = fit_width(printable(first_line(text).substr(0, 4 * kColumns)), kColumns);
}

void set_event(Description& out, std::string_view event) {
  out.event = printable(first_line(event).substr(0, kMaxEventBytes));
}

tree::Value find_deep(tree::Value from, std::string_view name) {
  size_t left = kMaxVisited;
  return find_within(from, name, left);
}

std::string text_of(tree::Value value) {
  std::string scratch;
  return std::string(value.text(scratch));
}

std::string member_text(tree::Value map, std::string_view name) {
  return text_of(map.member(name));
}

std::string quality_text(const Quality& q) {
  std::string out;
  const auto part = [&](std::string_view text) {
    if (!out.empty()) out += ' ';
    out += text;
  };
  if (q.lost) part(fmt::format("lost {}", *q.lost));
  if (q.lost_share) {
    const std::string share = fmt::format("{:.1f} %", *q.lost_share * 100);
    part(q.lost ? "(" + share + ")" : "lost " + share);
  }
  if (q.jitter_ms) {
    part(fmt::format("jitter {:.1f} ms", *q.jitter_ms));
  } else if (q.jitter_rtp) {
    part(fmt::format("jitter {} ticks", *q.jitter_rtp));
  }
  if (q.rtt_ms) part(fmt::format("RTT {:.0f} ms", *q.rtt_ms));
  if (q.mos) part(fmt::format("MOS {:.2f}", *q.mos));
  return out;
}

}  // namespace siploom::report
