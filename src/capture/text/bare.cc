// SIP messages that stand in a text as they are, behind nothing or behind a line of a log that no
// other dialect knows. That line is read for what nearly all of them tell in some words: whether
// the message was sent or received, to or from which address, when, how long it is. So Snom,
// linphone, Thomson, AudioCodes, CUCM and others are understood:
//
//   Received from udp:10.0.0.1:5060 at 2/1/2026 12:34:56:789 (1023 bytes):
//   2026-01-02 12:34:56:789 MESSAGE channel [0x1]: message sent to [UDP://10.0.0.1:5060], size:
//   [516] bytes (N  6891951) ---- Incoming SIP Message from 10.0.0.1:5060 to SIPInterface #1 UDP
//   ---- |SIPTcp - wait_SdlReadRsp: Incoming SIP TCP message from 10.0.0.1 on port 5060 index 12
//   with 1023 bytes:
#include <algorithm>
#include <array>

#include "base/net.h"
#include "base/text.h"
#include "capture/text/dialects.h"
#include "capture/text/log_dialect.h"

namespace siploom::capture::dump {
namespace {

// Longer lines are no headings.
constexpr size_t kLongestContext = 400;

Direction direction_word(std::string_view word) {
  constexpr std::array<std::string_view, 9> kSent = {
      "sent", "send", "sending", "transmitting", "outgoing", "outbound", "tx", ">>>", "out"};
  constexpr std::array<std::string_view, 10> kReceived = {
      "received", "receive", "receiving", "recv", "incoming", "inbound", "rx", "<<<", "read", "in"};
  const auto is = [&](std::string_view known) { return iequals(word, known); };
  if (std::any_of(kSent.begin(), kSent.end(), is)) return Direction::Sent;
  if (std::any_of(kReceived.begin(), kReceived.end(), is)) return Direction::Received;
  return Direction::Unknown;
}

// The address in a word such as "udp:10.0.0.1:5060", "[UDP://10.0.0.1:5060]," or "10.0.0.1".
Party address_in(std::string_view word, Transport& transport) {
  while (!word.empty() && (word.back() == ',' || word.back() == ':' || word.back() == ')')) {
    word.remove_suffix(1);
  }
  while (!word.empty() && word.front() == '(') word.remove_prefix(1);
  if (word.size() > 2 && word.front() == '[' && word.find("//") != kNone && word.back() == ']') {
    word = word.substr(1, word.size() - 2);
  }
  const size_t named = word.find_first_of(":/");
  if (named != kNone && transport_named(word.substr(0, named)) != Transport::Unknown) {
    transport = transport_named(word.substr(0, named));
    word.remove_prefix(named);
    while (!word.empty() && (word.front() == ':' || word.front() == '/')) word.remove_prefix(1);
  }
  const auto party = parse_party(word);
  if (!party) return {};
  const bool has_name = transport != Transport::Unknown && party->port != 0;
  return has_name || parse_ip(party->host) ? *party : Party{};
}

// What a line before a message tells; false when that is nothing.
bool read_context(std::string_view line, LogHeading& out) {
  if (line.size() > kLongestContext || header_name_size(line) == line.size()) return false;
  std::array<Party, 2> parties{};
  size_t count = 0;
  std::string_view rest = line, before;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of(" \t|"), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (word.empty()) continue;
    if (out.direction == Direction::Unknown) {
      out.direction = direction_word(trim_right(word.substr(0, word.find_last_not_of(":,") + 1)));
    }
    if (out.transport == Transport::Unknown) out.transport = transport_named(word);
    // CUCM: "10.0.0.1 on port 5060".
    if (before == "port" && count > 0 && parties[count - 1].port == 0) {
      parties[count - 1].port = parse_number<uint16_t>(word).value_or(0);
    }
    before = word;
    if (count < parties.size() && (is_digit(word.back()) || word.find_first_of(".:") != kNone)) {
      const Party found = address_in(word, out.transport);
      if (found.known()) parties[count++] = found;
    }
  }
  if (count == 2) {
    out.src = parties[0];
    out.dst = parties[1];
    out.direction = Direction::Unknown;
  } else if (count == 1 && out.direction != Direction::Unknown) {
    out.peer = parties[0];
  }
  for (const std::string_view unit : {" bytes", "] bytes", "] new bytes"}) {
    if (out.declared_bytes == 0) out.declared_bytes = number_before(line, unit);
  }
  return count > 0;
}

class Bare final : public LogDialect {
 protected:
  std::optional<LogHeading> heading(const LineCursor& at) const override {
    const std::string_view line = at.line();
    const size_t start = find_start_line(line);
    if (start == kNone) return std::nullopt;
    // Prose quotes start lines; what follows tells. Some texts have a blank line after every line.
    const std::string_view prefix = line.substr(0, start);
    std::string_view second = without_prefix(at.peek(1), prefix);
    if (trim(second).empty()) second = without_prefix(at.peek(2), prefix);
    if (!is_common_header(second)) return std::nullopt;
    LogHeading out;
    out.lines = 0;
    for (size_t nth = 0; nth < LineCursor::kRemembered; ++nth) {
      LogHeading read;
      const std::string_view before = at.before(nth);
      if (before.empty()) break;
      if (!read_context(before, read)) continue;
      out = read;
      out.lines = 0;
      out.time = find_time(before);
      break;
    }
    if (out.time.kind == TimeText::Kind::None && start > 0) out.time = find_time(prefix);
    if (out.time.kind == TimeText::Kind::None) out.time = find_time(at.before(0));
    return out;
  }
};

}  // namespace

std::unique_ptr<Dialect> make_bare() { return std::make_unique<Bare>(); }

}  // namespace siploom::capture::dump
