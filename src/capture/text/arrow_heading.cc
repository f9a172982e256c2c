#include "capture/text/arrow_heading.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/net.h"
#include "base/text.h"
#include "capture/text/sip_text.h"

namespace siploom::capture::dump {
namespace {

constexpr size_t kLongestArrowLead = 160;

// "A:port", with a name or masked address only if `names_allowed`.
std::optional<Party> endpoint_in(std::string_view word, bool names_allowed) {
  while (!word.empty() && (word.back() == ':' || word.back() == ',')) word.remove_suffix(1);
  auto party = parse_party(word);
  if (!party) return std::nullopt;
  // "::1:5060" reads as an address of its own too; here the port is always written.
  if (party->port == 0 && word.front() != '[' && std::count(word.begin(), word.end(), ':') > 1) {
    const size_t colon = word.rfind(':');
    const auto port = parse_number<uint16_t>(word.substr(colon + 1));
    if (port && parse_ip(word.substr(0, colon))) party = Party{word.substr(0, colon), *port};
  }
  const bool is_address = parse_ip(party->host).has_value();
  const bool is_masked = names_allowed && party->port != 0 && party->host.find('.') != kNone;
  return is_address || is_masked ? party : std::nullopt;
}

Transport protocol_in(std::string_view word) {
  if (word.starts_with("proto:")) word.remove_prefix(6);
  if (word == "U" || word.starts_with("U(") || iequals(word, "udp/sip")) return Transport::Udp;
  if (word == "T" || word.starts_with("T(") || iequals(word, "tcp/sip")) return Transport::Tcp;
  if (iequals(word, "tls/sip")) return Transport::Tls;
  return transport_named(word);
}

// Everything before the source: protocol and time, in any order; words of logs are passed over.
void read_lead(std::string_view lead, ArrowHeading& out) {
  for (std::string_view rest = lead; !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t|"));
    if (out.transport == Transport::Unknown) out.transport = protocol_in(word);
    // ngrep -T: seconds since the packet before.
    if (word.size() > 2 && word.front() == '+' && is_digit(word[1])) {
      const auto seconds = parse_number<double>(word.substr(1));
      out.time.kind = TimeText::Kind::SinceBefore;
      // The first is since the epoch or garbage: that of a file's first packet is nothing to count
      // from.
      out.time.ns = seconds && *seconds < 1e6 ? std::llround(*seconds * 1e9) : 0;
    }
    rest = rest.substr(std::min(word.size() + 1, rest.size()));
  }
  if (out.time.kind == TimeText::Kind::None) out.time = find_time(lead);
  out.is_sure = out.transport != Transport::Unknown || out.time.kind != TimeText::Kind::None;
}

}  // namespace

std::optional<ArrowHeading> parse_arrow_heading(std::string_view line) {
  struct Arrow {
    size_t at, size;
  };
  const std::string_view head = line.substr(0, kLongestArrowLead);
  Arrow arrow{head.find("> "), 2};
  if (arrow.at == kNone) arrow = {head.find("\xE2\x86\x92 "), 4};
  if (arrow.at == kNone || arrow.at < 8) return std::nullopt;
  std::string_view left = head.substr(0, arrow.at);
  const size_t before_shaft = left.find_last_not_of("-=");
  if (before_shaft == kNone || (arrow.size == 2 && before_shaft + 1 == left.size()))
    return std::nullopt;
  left = left.substr(0, before_shaft + 1);
  if (left.empty() || left.back() != ' ') return std::nullopt;
  left = trim_right(left);

  ArrowHeading out;
  const size_t word = left.find_last_of(" \t") + 1;  // npos + 1 is 0
  read_lead(trim(left.substr(0, word)), out);
  const std::string_view right = trim_left(line.substr(arrow.at + arrow.size));
  const size_t end = std::min(right.find_first_of(" \t"), right.size());
  const auto src = endpoint_in(left.substr(word), out.is_sure);
  const auto dst = endpoint_in(right.substr(0, end), out.is_sure);
  if (!src || !dst) return std::nullopt;
  out.src = *src;
  out.dst = *dst;
  out.rest = trim_left(right.substr(end));
  out.is_fragment = src->port == 0 && dst->port == 0 && out.rest.starts_with('+');
  const bool has_ports = src->port != 0 && dst->port != 0;
  return has_ports || out.is_fragment ? std::optional(out) : std::nullopt;
}

}  // namespace siploom::capture::dump
