// What OpenSIPS tells of other than SIP (proto_hep): as JSON (homer5_on=0) or as values alone,
// joined with a delimiter (homer5_on=1, ":" unless set otherwise).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "wire/json/json.h"
#include "wire/report/parts.h"

namespace siploom::report {

namespace {

constexpr std::array<std::string_view, 5> kNetEvents = {"ACCEPTED", "CONNECT_START", "CONNECTED",
                                                        "CLOSED", "STATS"};
constexpr std::array<std::string_view, 2> kNetStatus = {"SUCCESS", "FAILURE"};
constexpr std::string_view kMasterKey = "master-key";
constexpr size_t kRawSecret = 48, kHexSecret = 96;  // octets of a TLS 1.2 master secret

std::string_view net_protocol(std::string_view text) {
  for (const std::string_view name : {"TCP", "TLS", "WSS", "WS", "BINS", "SCTP"}) {
    if (text.starts_with(name) && text.size() > name.size() && !is_alnum(text[name.size()]))
      return name;
  }
  return {};
}

std::string_view last_text(tree::Value map, std::string_view name, std::string& scratch) {
  std::string_view out;
  for (tree::Value child = map.first(); child; child = child.next()) {
    if (child.name_is(name)) out = child.text(scratch);  // WSS events hold "Event" twice
  }
  return out;
}

bool describe_net_json(const Input& in, Description& out) {
  if (!in.root.is_map() || !in.root.member("Protocol")) return false;
  std::string scratch;
  out.kind = Kind::TransportEvent;
  set_event(out, last_text(in.root, "Event", scratch));
  std::string line = member_text(in.root, "Protocol");
  for (const std::string_view part : {"Event", "Status", "Message", "server-subject"}) {
    const std::string_view text = last_text(in.root, part, scratch);
    if (!text.empty()) line.append(" ").append(text);
  }
  const std::string request = member_text(in.root, "Ws-Request");
  if (!request.empty()) line.append(" ").append(first_line(request));
  set_summary(out, line);
  return true;
}

// Where the delimiter, an event's name, the delimiter and a status stand in values joined, the
// last time.
struct Marker {
  size_t at = std::string_view::npos;  // of the delimiter before the event
  std::string_view event, status;
};
Marker find_marker(std::string_view text, std::string_view delimiter) {
  Marker out;
  for (const std::string_view event : kNetEvents) {
    for (const std::string_view status : kNetStatus) {
      const std::string sought = fmt::format("{0}{1}{0}{2}", delimiter, event, status);
      const size_t at = text.rfind(sought);
      if (at == std::string_view::npos || (out.event.size() > 0 && at < out.at)) continue;
      out = {at, event, status};
    }
  }
  return out;
}

// What stands between the protocol and its first value.
std::string_view delimiter_of(std::string_view text, std::string_view protocol) {
  constexpr size_t kMaxDelimiter = 8;
  const std::string_view rest = text.substr(protocol.size());
  const size_t size = find_where(rest, [](char c) { return is_alnum(c) || c == '/'; });
  return rest.substr(0, std::min({size, kMaxDelimiter, rest.size()}));
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
  });
}

// The value in front of the event, unless it is a certificate's name: a secret, of whatever size.
void find_joined_secret(std::string_view text, std::string_view delimiter, size_t end,
                        Description& out) {
  const std::string_view before = text.substr(0, end);
  const auto ends_delimiter = [&](size_t size) {
    return before.size() > size && before.substr(0, before.size() - size).ends_with(delimiter);
  };
  const auto tail = [&](size_t size) { return before.substr(before.size() - size); };
  if (ends_delimiter(kHexSecret) && is_hex(tail(kHexSecret)))
    return out.add_secret(as_bytes(tail(kHexSecret)));
  if (ends_delimiter(kRawSecret) && ascii_prefix(tail(kRawSecret)) < kRawSecret)
    return out.add_secret(as_bytes(tail(kRawSecret)));
  const size_t last = before.rfind(delimiter);
  if (last == std::string_view::npos) return;
  const std::string_view value = before.substr(last + delimiter.size());
  if (!value.empty() && value.front() != '/') out.add_secret(as_bytes(value));
}

bool describe_net_joined(const Input& in, Description& out) {
  const std::string_view protocol = net_protocol(in.text);
  if (protocol.empty()) return false;
  const std::string_view delimiter = delimiter_of(in.text, protocol);
  const Marker marker = find_marker(in.text, delimiter);
  if (delimiter.empty() || marker.event.empty()) return false;
  out.kind = Kind::TransportEvent;
  set_event(out, marker.event);
  const size_t after =
      marker.at + marker.event.size() + marker.status.size() + 2 * delimiter.size();
  std::string_view message = in.text.substr(after);
  if (message.starts_with(delimiter)) message.remove_prefix(delimiter.size());
  set_summary(out, fmt::format("{} {} {}{}{}", protocol, marker.event, marker.status,
                               message.empty() ? "" : " ", message));
  return true;
}

// A secret's octets stand as they are in a JSON text, where they may end it early: what follows
// must be a comma or the end, or all up to the next known name counts as secret.
std::string_view guarded(std::string_view payload, std::string_view value) {
  const auto begin = static_cast<size_t>(value.data() - payload.data());
  const size_t end = begin + value.size();
  std::string_view rest = payload.substr(std::min(end + 1, payload.size()));
  rest = trim_left(rest);
  const bool ends_well =
      rest.starts_with(',') ? trim_left(rest.substr(1)).starts_with('"') : rest.starts_with('}');
  if (ends_well) return value;
  const size_t next = payload.find("\"Event\"", end);
  return payload.substr(begin, next == std::string_view::npos ? next : next - begin);
}

}  // namespace

void find_secrets(const Input& in, Description& out) {
  const size_t name = in.text.find(kMasterKey);
  if (name != std::string_view::npos) {
    bool found = false;
    for (tree::Value child = in.root.first(); child; child = child.next()) {
      if (!child.name_is(kMasterKey)) continue;
      found = true;
      if (child.raw().empty()) continue;
      out.add_secret(as_bytes(guarded(in.text, child.raw())));
    }
    // Not to be found by the reader: everything behind the name.
    if (!found) out.add_secret(as_bytes(in.text.substr(name + kMasterKey.size())));
    return;
  }
  if (in.root || (in.type() != hep::kNet && net_protocol(in.text).empty())) return;
  const std::string_view protocol = net_protocol(in.text);
  if (protocol != "TLS" && protocol != "WSS") return;
  const std::string_view delimiter = delimiter_of(in.text, protocol);
  const Marker marker = find_marker(in.text, delimiter);
  if (!delimiter.empty() && !marker.event.empty()) {
    if (marker.at > protocol.size()) find_joined_secret(in.text, delimiter, marker.at, out);
  } else if (in.type() == hep::kNet) {
    out.add_secret(as_bytes(in.text.substr(protocol.size())));  // of no known shape
  }
}

bool describe_net(const Input& in, Description& out) {
  return describe_net_json(in, out) || describe_net_joined(in, out);
}

bool describe_rest(const Input& in, Description& out) {
  const std::string whole =
      in.root.is_map() ? member_text(in.root, "first_line") : std::string(first_line(in.text));
  std::string_view line = first_line(whole);
  if (line.starts_with("HTTP/")) {  // an answer; its body may be joined to its first line
    std::string_view status = split_once(line, ' ').after;
    if (!in.root) status = split_once(status, ':').before;
    if (status.empty()) return false;
    out.kind = Kind::RestQuery;
    set_event(out, first_word(status));
    set_summary(out, fmt::format("-> {}", status));
    return true;
  }
  if (in.type() != hep::kRest && line.find(" HTTP/") == std::string_view::npos) return false;
  if (line.empty()) return false;
  out.kind = Kind::RestQuery;
  set_event(out, first_word(line));
  set_summary(out, line);
  return true;
}

bool describe_mi(const Input& in, Description& out) {
  std::string scratch;
  if (in.root.is_map()) {
    const tree::Value command = in.root.member("command"), reply = in.root.member("reply");
    if (!command && !reply) return false;
    out.kind = Kind::ManagementCommand;
    if (!command) {
      set_event(out, "reply");
      set_summary(out, fmt::format("-> {}", first_line(reply.text(scratch))));
      return true;
    }
    set_event(out, command.text(scratch));
    set_summary(out, fmt::format("{} ({}) {}", out.event, member_text(in.root, "backend"),
                                 first_line(member_text(in.root, "parameters"))));
    return true;
  }
  if (in.type() != hep::kMi || in.text.empty()) return false;
  out.kind = Kind::ManagementCommand;
  const std::string_view line = first_line(in.text);
  const std::string_view command = split_once(line, ':').before;
  const bool is_command = std::all_of(command.begin(), command.end(),
                                      [](char c) { return is_alnum(c) || c == '_' || c == '.'; }) &&
                          !command.empty() && is_alpha(command.front());
  set_event(out, is_command ? command : std::string_view("reply"));
  set_summary(out, line);
  return true;
}

bool describe_control(const Input& in, Description& out) {
  if (in.type() != hep::kControl) return false;
  out.kind = Kind::Correlation;
  set_event(out, "link");
  std::string line;
  const auto name = [](const Id& id) {
    return fmt::format("{} {}",
                       id.space == IdSpace::Other && !id.name.empty() ? std::string_view(id.name)
                                                                      : id_space_name(id.space),
                       id.value);
  };
  if (out.primary_id) line = name(*out.primary_id);
  for (const Id& id : out.extra_ids()) line.append(line.empty() ? "" : " = ").append(name(id));
  set_summary(out, line.empty() ? std::string("link of nothing") : line);
  return true;
}

void take_extra_ids(const hep::Packet& packet, Description& out, Scratch& scratch) {
  if (packet.extra_ids.empty()) return;
  if (!json::parse(packet.extra_ids, scratch.tree) || !scratch.tree.root().is_map()) {
    out.malformed = true;
    return;
  }
  std::string name_text, value_text;
  for (tree::Value child = scratch.tree.root().first(); child; child = child.next()) {
    const std::string_view name = child.name(name_text), value = child.text(value_text);
    IdSpace space = IdSpace::Other;
    if (name == "sip" || name == "xlog") space = IdSpace::Call;
    if (name == "net" || name == "transport") space = IdSpace::Net;
    if (name == "rest") space = IdSpace::Rest;
    if (name == "mi") space = IdSpace::Mi;
    out.add_id(space, value, space == IdSpace::Other ? name : std::string_view());
  }
}

}  // namespace siploom::report
