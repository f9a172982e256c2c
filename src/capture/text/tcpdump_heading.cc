#include "capture/text/tcpdump_heading.h"

#include <algorithm>
#include <array>

#include "base/net.h"
#include "base/text.h"
#include "capture/text/sip_text.h"

namespace siploom::capture::dump {
namespace {

// What stands before the addresses is at most this long: time, interface, link addresses, "(tos
// ...)".
constexpr size_t kLongestTcpdumpLead = 400;

struct Service {
  std::string_view name;
  uint16_t port;
};
// Ports that tcpdump names without -n, of those that VoIP uses.
constexpr std::array<Service, 6> kServices = {{{"sip", 5060},
                                               {"sips", 5061},
                                               {"sip-tls", 5061},
                                               {"http", 80},
                                               {"https", 443},
                                               {"http-alt", 8080}}};

std::optional<uint16_t> port_of(std::string_view text) {
  for (const Service& service : kServices) {
    if (text == service.name) return service.port;
  }
  return parse_number<uint16_t>(text);
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == '.' || c == '-' || c == '_';
  });
}

// "10.0.0.1.5060", "fe80::1.5060", "host.example.com.sip", "10.0.0.1". `port` tells whether there
// was one.
std::optional<Party> parse_address(std::string_view text, bool names_allowed, bool& has_port) {
  has_port = false;
  if (parse_ip(text)) return Party{text, 0};
  const size_t dot = text.rfind('.');
  if (dot == kNone) return std::nullopt;
  const std::string_view host = text.substr(0, dot);
  const auto port = port_of(text.substr(dot + 1));
  const bool is_host = parse_ip(host) || (names_allowed && is_name(host));
  has_port = port.has_value() && is_host;
  if (has_port) return Party{host, *port};
  if (names_allowed && is_name(text)) return Party{text, 0};
  return std::nullopt;
}

// "A > B: rest"; the arrow of link addresses (tcpdump -e) is passed over.
bool read_addresses(std::string_view text, bool names_allowed, TcpdumpHeading& out, bool& has_ports,
                    std::string_view& rest) {
  const std::string_view lead = text.substr(0, kLongestTcpdumpLead);
  for (size_t arrow = lead.find(" > "); arrow != kNone; arrow = lead.find(" > ", arrow + 3)) {
    const size_t begin = lead.find_last_of(" \t", arrow - (arrow > 0 ? 1 : 0));
    const size_t from = begin == kNone || begin >= arrow ? 0 : begin + 1;
    const std::string_view right = text.substr(arrow + 3);
    size_t end = right.find(": ");
    if (end == kNone && right.ends_with(':')) end = right.size() - 1;
    if (end == kNone || end > 300) continue;
    bool src_port = false, dst_port = false;
    const auto src = parse_address(lead.substr(from, arrow - from), names_allowed, src_port);
    const auto dst = parse_address(right.substr(0, end), names_allowed, dst_port);
    if (!src || !dst) continue;
    out.src = *src;
    out.dst = *dst;
    has_ports = src_port && dst_port;
    rest = trim_left(right.substr(std::min(end + 1, right.size())));
    return true;
  }
  return false;
}

std::optional<size_t> number_after(std::string_view text, std::string_view label) {
  const size_t at = text.rfind(label);
  if (at == kNone) return std::nullopt;
  text = trim_left(text.substr(at + label.size()));
  size_t digits = 0;
  while (digits < text.size() && digits < 10 && is_digit(text[digits])) ++digits;
  return parse_number<size_t>(text.substr(0, digits));
}

uint8_t tcp_flags(std::string_view letters) {
  uint8_t flags = 0;
  for (const char c : letters) {
    if (c == 'F') flags |= 1;
    if (c == 'S') flags |= 2;
    if (c == 'R') flags |= 4;
    if (c == 'P') flags |= 8;
    if (c == '.') flags |= 16;
  }
  return flags;
}

// Octets of the TCP options that tcpdump names (RFC 9293 3.2, RFC 7323, RFC 2018), padded to words;
// nothing when there is one that it cannot size.
std::optional<size_t> option_octets(std::string_view list) {
  size_t octets = 0;
  while (!list.empty()) {
    const Halves halves = split_once(list, ',');
    const std::string_view option = trim(halves.before);
    list = halves.after;
    if (option.starts_with("nop") || option.starts_with("eol"))
      octets += 1;
    else if (option.starts_with("mss"))
      octets += 4;
    else if (option.starts_with("wscale"))
      octets += 3;
    else if (option.starts_with("sackOK"))
      octets += 2;
    else if (option.starts_with("TS ") || option.starts_with("timestamp"))
      octets += 10;
    else if (option.starts_with("sack "))
      octets += 2 + 8 * static_cast<size_t>(std::count(option.begin(), option.end(), ':'));
    else if (!option.empty())
      return std::nullopt;
  }
  return (octets + 3) / 4 * 4;
}

void read_new_tcp(std::string_view rest, TcpdumpHeading& out) {
  out.kind = TcpdumpHeading::Kind::Tcp;
  const size_t open = rest.find('[');
  const size_t close = rest.find(']', open);
  if (close != kNone) out.segment.flags = tcp_flags(rest.substr(open + 1, close - open - 1));
  if (const auto sequence = number_after(rest, ", seq ")) {
    out.segment.sequence = static_cast<uint32_t>(*sequence);
    out.segment.has_sequence = true;
  }
  const size_t options = rest.find("options [");
  out.option_octets = 0;
  if (options != kNone) {
    const std::string_view list = rest.substr(options + 9);
    out.option_octets = option_octets(list.substr(0, list.find(']')));
  }
  const size_t length = rest.find(", length ");
  if (length != kNone) out.length = number_after(rest.substr(length, 20), ", length ");
}

// tcpdump before 4.0: "P 1:789(788) ack 1 win 65535 <nop,nop,timestamp 1 2>".
bool read_old_tcp(std::string_view rest, TcpdumpHeading& out) {
  const size_t blank = rest.find(' ');
  if (blank == kNone || blank > 6) return false;
  const std::string_view letters = rest.substr(0, blank);
  if (letters.find_first_not_of("SFRPWEU.") != kNone) return false;
  const std::string_view numbers = rest.substr(blank + 1, rest.find(' ', blank + 1) - blank - 1);
  const size_t colon = numbers.find(':'), paren = numbers.find('(');
  if (colon != kNone && paren != kNone && paren > colon) {
    const auto sequence = parse_number<uint32_t>(numbers.substr(0, colon));
    if (!sequence || !numbers.ends_with(')')) return false;
    out.segment.sequence = *sequence;
    out.segment.has_sequence = true;
    out.length = parse_number<size_t>(numbers.substr(paren + 1, numbers.size() - paren - 2));
  } else if (numbers != "ack") {
    return false;
  }
  out.kind = TcpdumpHeading::Kind::Tcp;
  out.segment.flags = tcp_flags(letters);
  const size_t open = rest.find('<'), close = rest.rfind('>');
  out.option_octets = 0;
  if (open != kNone && close != kNone && close > open) {
    out.option_octets = option_octets(rest.substr(open + 1, close - open - 1));
  }
  return true;
}

void read_payload_kind(std::string_view rest, bool has_ports, TcpdumpHeading& out) {
  // "[udp sum ok] ", "[bad udp cksum 0x1 -> 0x2!] ", "[|sip]".
  while (rest.starts_with('[') && rest.find(']') != kNone) {
    rest = trim_left(rest.substr(rest.find(']') + 1));
  }
  if (!has_ports) {
    const bool is_rest = rest.starts_with("ip-proto-17") || rest.starts_with("udp") ||
                         (rest.starts_with("UDP") && !rest.starts_with("UDP,"));
    out.kind = is_rest ? TcpdumpHeading::Kind::Fragment : TcpdumpHeading::Kind::Other;
  } else if (rest.starts_with("Flags [")) {
    read_new_tcp(rest, out);
  } else if (rest.starts_with("tcp ")) {
    out.kind = TcpdumpHeading::Kind::Tcp;
    out.length = number_after(rest.substr(0, 20), "tcp ");
  } else if (!read_old_tcp(rest, out)) {
    out.kind = TcpdumpHeading::Kind::Udp;
    if (rest.starts_with("udp ")) out.length = number_after(rest.substr(0, 20), "udp ");
    if (rest.starts_with("UDP, ") || rest.starts_with("SIP, ")) {
      out.length = number_after(rest.substr(0, 40), "length");
      if (!out.length) out.length = number_after(rest.substr(0, 40), "length:");
    }
  }
}

// Of a tunnel the innermost addresses are meant: "GREv0, length 870: IP 10.0.0.1.5060
// > 10.0.0.2.5060: SIP".
void read_inner(std::string_view& kind, bool& has_ports, TcpdumpHeading& out) {
  for (int depth = 0; depth < 4 && !has_ports; ++depth) {
    const size_t v4 = kind.find("IP "), v6 = kind.find("IP6 ");
    const size_t at = std::min(v4, v6);
    if (at == kNone) return;
    const std::string_view inner = kind.substr(at + (at == v4 ? 3 : 4));
    if (!read_addresses(inner, false, out, has_ports, kind)) return;
    out.is_v6 = at == v6;
    out.is_tunnelled = true;
  }
}

// The time, if there is one; false when there is none that tcpdump would write.
bool read_time(std::string_view& rest, TimeText& time) {
  constexpr std::string_view kUnknown = "[Error converting time] ";
  if (rest.starts_with(kUnknown)) {
    rest.remove_prefix(kUnknown.size());
    return true;
  }
  size_t used = 0;
  const auto found = time_at(rest, used);
  if (!found || found->fraction_digits < 6 || !rest.substr(used).starts_with(' ')) return false;
  time = *found;
  rest = trim_left(rest.substr(used));
  return true;
}

// Takes what stands before the addresses: interface, direction, "IP", link addresses. True when
// something of that says that IP comes.
bool read_marker(std::string_view& rest, bool& is_v6) {
  const std::string_view lead = rest.substr(0, kLongestTcpdumpLead);
  for (const auto& [marker, v6] : {std::pair{std::string_view("ethertype IPv4"), false},
                                   std::pair{std::string_view("ethertype IPv6"), true}}) {
    const size_t at = lead.find(marker);
    if (at == kNone) continue;
    // "(0x0800), length 801: " or "(0x0800), ".
    const size_t comma = lead.find(", ", at);
    if (comma == kNone) return false;
    is_v6 = v6;
    rest.remove_prefix(comma + 2);
    if (const size_t colon = rest.find(": "); rest.starts_with("length ") && colon != kNone) {
      rest.remove_prefix(colon + 2);
    }
    if (rest.starts_with("IP ")) rest.remove_prefix(3);
    return true;
  }
  // "eth0  In  IP ", "lo In IP6 ", "IP ".
  std::string_view words = lead;
  for (int word = 0; word < 4; ++word) {
    const bool v6 = words.starts_with("IP6 ");
    if (v6 || words.starts_with("IP ")) {
      is_v6 = v6;
      rest.remove_prefix(static_cast<size_t>(words.data() - rest.data()) + (v6 ? 4 : 3));
      return true;
    }
    const size_t blank = words.find(' ');
    if (blank == kNone || blank > 16) return false;
    words = trim_left(words.substr(blank));
  }
  return false;
}

// What -v tells of the IP header, in parentheses.
bool is_ip_fields(std::string_view rest) {
  constexpr std::array<std::string_view, 5> kFirst = {"(tos ", "(hlim ", "(class ", "(flowlabel ",
                                                      "(len "};
  return std::any_of(kFirst.begin(), kFirst.end(),
                     [&](std::string_view first) { return rest.starts_with(first); });
}

bool is_other_protocol(std::string_view rest) {
  constexpr std::array<std::string_view, 6> kOthers = {"ARP, ", "STP ",   "LLDP, ",
                                                       "IP0 ",  "EAPOL ", "CDPv"};
  return std::any_of(kOthers.begin(), kOthers.end(),
                     [&](std::string_view name) { return rest.starts_with(name); });
}

}  // namespace

std::optional<TcpdumpHeading> parse_tcpdump_heading(const LineCursor& at) {
  const std::string_view line = at.line();
  // Most lines of a dump are not headings: leave early.
  const size_t first = line.find_first_not_of(' ');
  if (first == kNone || first > 1 || line.size() < 12) return std::nullopt;
  std::string_view rest = line.substr(first);
  TcpdumpHeading out;
  const bool has_time =
      (is_digit(rest.front()) || rest.front() == '[') && read_time(rest, out.time);
  if (!has_time && !is_alpha(rest.front())) return std::nullopt;
  if (!has_time && rest.substr(0, kLongestTcpdumpLead).find(" > ") == kNone &&
      !rest.ends_with(')')) {
    return std::nullopt;
  }
  const bool has_marker = read_marker(rest, out.is_v6);
  if (!has_marker && !has_time) return std::nullopt;
  if (has_time && is_other_protocol(rest)) return out;

  bool has_ports = false;
  std::string_view kind;
  if (has_marker && is_ip_fields(rest)) {
    // "(tos ...)" ends the line, or the addresses follow behind it.
    if (!read_addresses(rest, true, out, has_ports, kind)) {
      const std::string_view second = at.peek(1);
      if (!second.starts_with("    ") || !read_addresses(second, true, out, has_ports, kind))
        return out;
      out.lines = 2;
    }
  } else if (!read_addresses(rest, has_marker, out, has_ports, kind)) {
    return std::nullopt;
  }
  read_inner(kind, has_ports, out);
  read_payload_kind(kind, has_ports, out);
  return out;
}

}  // namespace siploom::capture::dump
