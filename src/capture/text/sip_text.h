// What this room needs to see of SIP (RFC 3261), and no more: where a message begins, how long its
// body says it is, and whom its headers name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/net.h"

namespace siploom::capture::dump {

// What find() of a text gives when nothing is found.
inline constexpr auto kNone = std::string_view::npos;

// "INVITE sip:bob@example.com SIP/2.0" or "SIP/2.0 200 OK" (RFC 3261 7.1, 7.2).
bool is_start_line(std::string_view line);
// Where a start line begins in a line that has something in front of it (a log's prefix); npos
// without one.
size_t find_start_line(std::string_view line);
// "Name: value"; the name's length, or 0.
size_t header_name_size(std::string_view line);
// A header that nearly every message has near its top: Via, From, To, Call-ID, CSeq, Contact, ...
// or a short form.
bool is_common_header(std::string_view line);

// A host as a text names it: an address, or a name or masked address that no address belongs to.
struct Party {
  std::string_view host;
  uint16_t port = 0;
  bool known() const { return !host.empty(); }
};
// "1.2.3.4:5060", "[::1]:5060", "::1:5060" (the last group is the port), "host.example.com:5060",
// "1.2.3.4" (port 0).
std::optional<Party> parse_party(std::string_view text);

struct Glimpse {
  bool is_sip = false, is_request = false;
  size_t header_bytes = 0;  // start line and headers with the blank line; 0: that is not there
  std::optional<size_t> content_length;
  Party via;          // of the top Via: sent-by, received and rport applied
  Party via_sent_by;  // the same, as the sender wrote it
  std::string_view branch;
  Transport via_transport = Transport::Unknown;
  Party uri, route, contact;  // hosts of Request-URI, top Route, first Contact
};
Glimpse glimpse(std::string_view message);

// The transport that a word names in any case ("udp", "TLS"), or Unknown.
Transport transport_named(std::string_view word);

}  // namespace siploom::capture::dump
