#include <algorithm>

#include "base/text.h"
#include "wire/json/json.h"
#include "wire/report/parts.h"
#include "wire/sip/shape.h"

namespace siploom::report {

namespace {

Kind kind_of_type(uint8_t type) {
  switch (type) {
    case hep::kXmpp:
      return Kind::Xmpp;
    case hep::kSdp:
      return Kind::Sdp;
    case hep::kRtp:
      return Kind::Rtp;
    case hep::kRtcpJson:
    case hep::kRtcpPion:
      return Kind::RtcpReport;
    case hep::kMgcp:
      return Kind::Mgcp;
    case hep::kMegaco:
      return Kind::Megaco;
    case hep::kWebRtc:
      return Kind::WebRtc;
    case hep::kQosReport:
    case hep::kRtpFullReport:
    case hep::kRtpShortReport:
    case hep::kHoraclifix:
      return Kind::RtpReport;
    case hep::kSipQos:
      return Kind::VqReport;
    case hep::kDns:
      return Kind::Dns;
    case hep::kIsup:
      return Kind::Isup;
    case hep::kRtsp:
      return Kind::Rtsp;
    case hep::kDiameter:
      return Kind::Diameter;
    case hep::kMap:
      return Kind::Map;
    case hep::kCdr:
      return Kind::Cdr;
    case hep::kVerto:
      return Kind::Verto;
    case hep::kMi:
      return Kind::ManagementCommand;
    case hep::kRest:
      return Kind::RestQuery;
    case hep::kNet:
      return Kind::TransportEvent;
    case hep::kControl:
      return Kind::Correlation;
    case hep::kOldXlog:
    case hep::kLog:
      return Kind::Log;
    default:
      return Kind::Other;
  }
}

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_space(c) || c == '\0'; });
}

// "PJSIP/regA-00000004", "Local/100@ctx-0000001c;1": Asterisk's names of channels.
bool is_channel_name(std::string_view id) {
  const size_t slash = id.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash > 16) return false;
  if (!std::all_of(id.begin(), id.begin() + static_cast<std::ptrdiff_t>(slash), is_alnum))
    return false;
  const std::string_view name = split_once(id, ';').before;
  const size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || dash < slash || name.size() - dash != 9) return false;
  return std::all_of(name.begin() + static_cast<std::ptrdiff_t>(dash) + 1, name.end(),
                     [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

// The body of a SIP message.
std::string_view body_of(std::string_view sip) {
  for (const std::string_view end : {"\r\n\r\n", "\n\n"}) {
    const size_t at = sip.find(end);
    if (at != std::string_view::npos) return sip.substr(at + end.size());
  }
  return {};
}

bool describe_sip(std::string_view text, Description& out) {
  if (!sip::looks_like_sip(as_bytes(text))) return false;
  out.sip = text;
  // What telephones publish of their quality is for whoever looks at quality.
  const std::string_view body = body_of(text);
  if (body.find("VQ") < body.size() && describe_vq_report(body, out)) return true;
  out.kind = Kind::Sip;
  const std::string_view line = first_line(text);
  set_event(out, first_word(istarts_with(line, "SIP/") ? split_once(line, ' ').after : line));
  set_summary(out, line);
  return true;
}

// OpenSIPS with homer5_on=0, and type 50.
bool describe_wrapped_sip(const Input& in, Description& out) {
  if (!in.root.is_map()) return false;
  for (const std::string_view name : {"payload", "sip", "raw"}) {
    const tree::Value value = in.root.member(name);
    if (value.is_text() && describe_sip(value.text(in.scratch.sip), out)) return true;
  }
  return false;
}

void take_correlation_ids(const hep::Packet& packet, std::string_view payload, Description& out) {
  const auto take = [&](std::string_view id) {
    IdSpace space = space_of(packet.protocol_type, id);
    // A Call-ID stands in its message; else it is a text that the operator chose.
    const bool named = space == IdSpace::Call && packet.protocol_type == hep::kSip &&
                       !payload.empty() && payload.find(id) == std::string_view::npos;
    if (named) space = IdSpace::Other;
    out.add_id(space, id, named ? std::string_view("correlation") : std::string_view());
  };
  if (packet.correlation_ids().empty()) take(packet.correlation_id);
  for (const std::string_view id : packet.correlation_ids()) take(id);
}

// Shapes so telling that the type number need not be asked.
bool describe_by_content(const Input& in, Description& out) {
  if (describe_binary(in, out) || describe_sip(in.text, out)) return true;
  if (in.root.is_map()) {
    return describe_wrapped_sip(in, out) || describe_rtcp_json(in, out) ||
           describe_rtp_report(in, out) || describe_verto(in, out) || describe_dns(in, out);
  }
  if (describe_vq_report(in.text, out)) return true;
  const std::string_view line = first_line(in.text);
  if (line.starts_with("v=0")) return describe_other(in, Kind::Sdp, out);
  if (line.starts_with("RTSP/1.0 ") || line.ends_with(" RTSP/1.0"))
    return describe_other(in, Kind::Rtsp, out);
  return describe_ng(in, out);
}

bool describe_by_type(const Input& in, Description& out) {
  switch (kind_of_type(in.type())) {
    case Kind::TransportEvent:
      return describe_net(in, out);
    case Kind::RestQuery:
      return describe_rest(in, out);
    case Kind::ManagementCommand:
      return describe_mi(in, out);
    case Kind::Log:
      return describe_log(in, out);
    default:
      // 54 and 56 have been taken for each other.
      return describe_isup(in, out) || describe_header_statistics(in, out) ||
             (in.root.is_map() && describe_net(in, out));
  }
}

void take_chunks(const hep::Packet& packet, Description& out) {
  if (packet.mos && !out.quality.mos) out.quality.mos = mos_of(*packet.mos);
  if (packet.r_factor && !out.quality.r_factor && *packet.r_factor <= 100)
    out.quality.r_factor = *packet.r_factor;
  if (packet.protocol_type == hep::kTransaction && out.event.empty())
    set_event(out, packet.transaction_type);
}

}  // namespace

void Description::clear() {
  kind = Kind::Other;
  severity = Severity::Unknown;
  malformed = false;
  event.clear();
  summary.clear();
  primary_id.reset();
  quality = {};
  sip = {};
  id_count = secret_count = 0;
  ids_dropped = 0;
}

void Description::add_id(IdSpace space, std::string_view value, std::string_view name) {
  value = trim(value);
  if (value.empty() || value == "<null>") return;
  if (value.size() > kMaxIdBytes || name.size() > kMaxIdBytes) {
    ++ids_dropped;
    return;
  }
  const auto same = [&](const Id& id) {
    return id.space == space && id.value == value && id.name == name;
  };
  const bool known =
      (primary_id && same(*primary_id)) || std::any_of(ids.begin(), ids.begin() + id_count, same);
  if (known) return;
  if (!primary_id) {
    primary_id = Id{space, std::string(name), std::string(value)};
  } else if (id_count < kMaxIds) {
    Id& id = ids[id_count++];
    id.space = space;
    id.name = name;
    id.value = value;
  } else {
    ++ids_dropped;
  }
}

void Description::add_secret(ByteSpan octets) {
  if (octets.empty()) return;
  if (secret_count < kMaxSecrets) {
    secret_list[secret_count++] = octets;
    return;
  }
  // No room: rather too much than a secret left in the open.
  ByteSpan& last = secret_list.back();
  if (octets.data() > last.data()) last = ByteSpan(last.data(), octets.data() + octets.size());
}

IdSpace space_of(uint8_t protocol_type, std::string_view id) {
  if (id.starts_with("RESTCORR")) return IdSpace::Rest;
  if (id.starts_with("MICORR")) return IdSpace::Mi;
  if (is_channel_name(id)) return IdSpace::Channel;
  switch (protocol_type) {
    case hep::kNet:
      return IdSpace::Net;
    case hep::kVerto:  // rtpengine's type, too; its id is the call's
    default:
      return IdSpace::Call;
  }
}

std::optional<double> mos_of(double value) {
  if (value > 0 && value <= 5) return value;
  if (value >= 100 && value <= 500) return value / 100;
  return std::nullopt;
}

void describe(const hep::Packet& packet, Description& out, Scratch& scratch) {
  out.clear();
  const std::string_view text = as_text(packet.payload);
  take_correlation_ids(packet, text, out);
  take_extra_ids(packet, out, scratch);
  Input in{packet, text, {}, scratch};
  if (is_blank(text)) {
    if (describe_control(in, out)) return;
    out.kind = Kind::KeepAlive;
    set_event(out, text.empty() ? "empty" : "keep-alive");
    return set_summary(out, text.empty() ? "no payload" : "blank lines");
  }
  if (json::looks_like_json(text) && json::parse(text, scratch.tree)) {
    in.root = scratch.tree.root();
    out.malformed = out.malformed || !scratch.tree.is_strict();
  }
  find_secrets(in, out);
  const bool told =
      describe_by_content(in, out) || describe_by_type(in, out) || describe_control(in, out);
  if (!told) describe_other(in, kind_of_type(packet.protocol_type), out);
  if (out.secret_count > 0 && !(told && out.kind == Kind::TransportEvent)) {
    // Only transport events of known shape are told without what is secret in them.
    out.event.clear();
    set_summary(out, kind_name(out.kind));
  }
  take_chunks(packet, out);
}

}  // namespace siploom::report
