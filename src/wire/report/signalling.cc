// DNS, ISUP, Diameter and MAP as JSON of heplify and captagent; and all that is known by its type
// number or first line alone.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "wire/report/parts.h"

namespace siploom::report {

namespace {

constexpr size_t kMaxAnswers = 4;  // shown

struct Named {
  int64_t number;
  std::string_view name;
};
constexpr Named kDnsTypes[] = {
    {1, "A"},     {2, "NS"},   {5, "CNAME"},  {6, "SOA"},   {12, "PTR"},   {15, "MX"},  {16, "TXT"},
    {28, "AAAA"}, {33, "SRV"}, {35, "NAPTR"}, {64, "SVCB"}, {65, "HTTPS"}, {255, "ANY"}};
constexpr Named kDnsCodes[] = {{0, "NOERROR"},  {1, "FORMERR"}, {2, "SERVFAIL"},
                               {3, "NXDOMAIN"}, {4, "NOTIMP"},  {5, "REFUSED"}};

// Senders give a number or a name.
template <size_t N>
std::string named(const Named (&names)[N], tree::Value value) {
  const auto number = value.integer();
  if (!number) return text_of(value);
  for (const Named& each : names) {
    if (each.number == *number) return std::string(each.name);
  }
  return std::to_string(*number);
}

tree::Value any(tree::Value map, std::string_view name) {
  return map.member(name, tree::Case::Any);
}

bool is_true(tree::Value value) {
  return value.type() == tree::Type::True || value.integer().value_or(0) != 0 ||
         iequals(value.raw(), "true");
}

std::string answers_of(tree::Value root) {
  std::string out;
  size_t count = 0;
  for (tree::Value answer = any(root, "answers").first(); answer; answer = answer.next()) {
    if (count++ == kMaxAnswers) return out + ", ...";
    std::string text;
    for (const std::string_view name : {"ip", "ns", "cname", "ptr", "txt", "srv", "mx", "data"}) {
      if (text.empty()) text = text_of(any(answer, name));
    }
    out.append(out.empty() ? "" : ", ").append(text);
  }
  return out;
}

// "key value" of what is known of a message that is told by JSON alone.
std::string known_members(tree::Value root, std::initializer_list<std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    const std::string text = text_of(find_deep(root, name));
    if (text.empty()) continue;
    if (!out.empty()) out += ' ';
    out += text;
  }
  return out;
}

std::string event_of_json(Kind kind, tree::Value root) {
  const auto first_of = [&](std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      std::string text = text_of(find_deep(root, name));
      if (!text.empty()) return text;
    }
    return std::string();
  };
  switch (kind) {
    case Kind::Diameter:
      return first_of({"command", "cmd", "command_code"});
    case Kind::Map:
      return first_of({"operation", "opcode", "local", "message"});
    case Kind::Cdr:
      return first_of({"disposition", "status"});
    default:
      return first_of({"event", "method", "type", "name", "msg_name"});
  }
}

// The element's name of "<message to=...>".
std::string_view element_name(std::string_view line) {
  if (!line.starts_with('<')) return {};
  line.remove_prefix(1);
  return line.substr(0, find_where(line, [](char c) { return !is_alnum(c) && c != ':'; }));
}

std::string_view event_of_line(Kind kind, std::string_view line) {
  switch (kind) {
    case Kind::Xmpp:
      return element_name(line);
    case Kind::Rtsp:
      return line.starts_with("RTSP/") ? first_word(split_once(line, ' ').after) : first_word(line);
    case Kind::Sdp:
      return "sdp";
    case Kind::Mgcp:
    case Kind::Megaco:
      return first_word(line);
    default:
      return {};
  }
}

}  // namespace

bool describe_dns(const Input& in, Description& out) {
  const tree::Value questions = any(in.root, "questions");
  if (!questions.is_list()) return false;
  out.kind = Kind::Dns;
  const bool answered = is_true(any(in.root, "qr"));
  set_event(out, answered ? "response" : "query");
  const tree::Value question = questions.first();
  std::string line =
      fmt::format("{} {}", named(kDnsTypes, any(question, "type")), text_of(any(question, "name")));
  if (answered) {
    const std::string code = named(kDnsCodes, any(in.root, "rcode"));
    const std::string answers = answers_of(in.root);
    const bool fine = code.empty() || code == "NOERROR" || iequals(code, "No Error");
    line += " -> " + (fine && !answers.empty() ? answers : code.empty() ? "NOERROR" : code);
  }
  set_summary(out, line);
  return true;
}

bool describe_isup(const Input& in, Description& out) {
  const tree::Value opc = find_deep(in.root, "opc"), dpc = find_deep(in.root, "dpc");
  const tree::Value cic = find_deep(in.root, "cic");
  if (!opc || !dpc || (!cic && in.type() != hep::kIsup)) return false;
  out.kind = Kind::Isup;
  const auto from = opc.integer(), to = dpc.integer(), circuit = cic.integer();
  if (from && to && circuit) {
    // Both directions of a circuit have one id.
    out.add_id(IdSpace::Other,
               fmt::format("{}:{}:{}", std::min(*from, *to), std::max(*from, *to), *circuit),
               "isup");
  }
  const std::string message = text_of(find_deep(in.root, "msg_name"));
  set_event(out, message.empty() ? "ISUP" : message);
  const auto number = [&](std::string_view name) {
    return text_of(find_deep(in.root, name).member("num"));
  };
  const std::string calling = number("calling_number"), called = number("called_number");
  std::string line =
      fmt::format("{} cic {} {}-{}", out.event, text_of(cic), text_of(opc), text_of(dpc));
  if (!calling.empty() || !called.empty()) line += fmt::format(" {} -> {}", calling, called);
  set_summary(out, line);
  return true;
}

bool describe_other(const Input& in, Kind kind, Description& out) {
  out.kind = kind;
  const std::string_view line = first_line(in.text);
  if (in.root.is_map()) {
    const std::string event = event_of_json(kind, in.root);
    if (out.event.empty()) set_event(out, event);
    std::string text;
    if (kind == Kind::Diameter)
      text = known_members(in.root, {"type", "command", "cmd", "Session-Id", "Result-Code"});
    const std::string session = text_of(find_deep(in.root, "Session-Id"));
    if (kind == Kind::Diameter) out.add_id(IdSpace::Session, session);
    if (text.empty()) {  // JSON over several lines, as one
      for (std::string_view rest = in.text; !rest.empty() && text.size() < 1024;)
        text.append(trim(take_line(rest))).append(" ");
    }
    set_summary(out, text);
    return true;
  }
  if (out.event.empty()) set_event(out, event_of_line(kind, line));
  set_summary(out, line);
  return true;
}

}  // namespace siploom::report
