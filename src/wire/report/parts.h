// The readers of describe(), one a family of payloads; of use within this folder only. Each gives
// false when the payload is not its own.
#pragma once

#include "wire/report/report.h"

namespace siploom::report {

struct Input {
  const hep::Packet& packet;
  std::string_view text;  // the payload
  tree::Value root;       // the payload as JSON; none when it is not
  Scratch& scratch;
  uint8_t type() const { return packet.protocol_type; }
};

// rtcp.cc
bool describe_binary(const Input& in, Description& out);
bool describe_rtcp_json(const Input& in, Description& out);
// vq_report.cc: RFC 6035, plain or as body of SIP.
bool describe_vq_report(std::string_view body, Description& out);
// rtp_report.cc
bool describe_rtp_report(const Input& in, Description& out);
bool describe_header_statistics(const Input& in, Description& out);
// opensips.cc
bool describe_net(const Input& in, Description& out);
bool describe_rest(const Input& in, Description& out);
bool describe_mi(const Input& in, Description& out);
bool describe_control(const Input& in, Description& out);
void take_extra_ids(const hep::Packet& packet, Description& out, Scratch& scratch);
// Secrets wherever they stand, for every type.
void find_secrets(const Input& in, Description& out);
// log.cc
bool describe_log(const Input& in, Description& out);
// ng.cc
bool describe_ng(const Input& in, Description& out);
bool describe_verto(const Input& in, Description& out);
// signalling.cc: DNS, ISUP, Diameter, MAP, and the rest.
bool describe_dns(const Input& in, Description& out);
bool describe_isup(const Input& in, Description& out);
bool describe_other(const Input& in, Kind kind, Description& out);

// text_parts.cc
std::string_view first_line(std::string_view text);  // that is not blank
std::string_view first_word(std::string_view text);
// `text` as one printable line of limited length; replaces the summary.
void set_summary(Description& out, std::string_view text);
void set_event(Description& out, std::string_view event);
// The first member of that name in the tree, however deep; exact name.
tree::Value find_deep(tree::Value from, std::string_view name);
// A member's text, unescaped, as a string of its own; empty when there is none.
std::string text_of(tree::Value value);
std::string member_text(tree::Value map, std::string_view name);
// "lost 3 (0.4 %) jitter 12.0 ms MOS 4.31" as far as known.
std::string quality_text(const Quality& quality);

}  // namespace siploom::report
