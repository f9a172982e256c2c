#include "simulate/hep/profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "simulate/hep/chunks.h"
#include "simulate/hep/payloads.h"
#include "wire/hep/encode.h"

namespace siploom::simulate::hep {

namespace {

namespace wire = siploom::hep;

using Message = std::string;

bool is_v6(const HepInput& in) { return !in.src.address.is_v4() || !in.dst.address.is_v4(); }
uint8_t family(const HepInput& in) { return is_v6(in) ? 10 : 2; }
bool is_stream(Transport transport) {
  return transport != Transport::Udp && transport != Transport::Sctp;
}

// What each writes for TLS, WS and WSS.
uint8_t kamailio_protocol(const HepInput& in) {
  if (in.transport == Transport::Tls) return 22;
  const bool websocket = in.transport == Transport::Ws || in.transport == Transport::Wss;
  if (websocket) return in.received ? 6 : 22;
  return in.transport == Transport::Tcp ? 6 : in.transport == Transport::Sctp ? 132 : 17;
}
uint8_t sofia_protocol(const HepInput& in) {
  if (in.transport == Transport::Tls) return 22;
  return is_stream(in.transport) ? 6 : in.transport == Transport::Sctp ? 132 : 17;
}
uint8_t plain_protocol(const HepInput& in) { return is_stream(in.transport) ? 6 : 17; }

// The 16-bit swap into a 32-bit field of sngrep, sipgrep and captagent 6.
uint32_t swapped(uint32_t id) { return (id & 0xFFFF) << 16; }

std::string_view correlation(const HepInput& in) {
  return in.correlation_id.empty() ? in.call_id : in.correlation_id;
}

// ------------------------------------------------------------------------------------- v1 and v2

struct OldHeader {
  uint8_t version = 1;
  uint8_t length = 16;
  uint8_t protocol = 17;
  uint16_t padding = 0;
};

Message old_message(const HepInput& in, const OldHeader& header, std::string_view payload) {
  Message out;
  put_be(out, header.version, 1);
  put_be(out, header.length, 1);
  put_be(out, family(in), 1);
  put_be(out, header.protocol, 1);
  put_be(out, in.src.port, 2);
  put_be(out, in.dst.port, 2);
  const size_t skip = is_v6(in) ? 0 : 12;
  out += as_text(ByteSpan(in.src.address.octets).subspan(skip));
  out += as_text(ByteSpan(in.dst.address.octets).subspan(skip));
  if (header.version == 2) {
    put_le(out, seconds(in), 4);
    put_le(out, microseconds(in), 4);
    put_le(out, in.node_id, 2);
    put_le(out, header.padding, 2);
  }
  return out.append(payload);
}

uint8_t address_length(const HepInput& in) { return is_v6(in) ? 40 : 16; }

Message kamailio_old(const HepInput& in, uint8_t version) {
  return old_message(in, {version, address_length(in), kamailio_protocol(in), 0}, in.payload);
}
Message kamailio_v1(const HepInput& in) { return kamailio_old(in, 1); }
Message kamailio_v2(const HepInput& in) { return kamailio_old(in, 2); }

// The size of the addresses is added to what is sent once too often; other than SIP comes empty,
// from nowhere to nowhere.
Message opensips_old(const HepInput& in, uint8_t version) {
  const std::string tail(is_v6(in) ? 32 : 8, '\0');
  if (in.content == Content::Sip) {
    return old_message(in, {version, address_length(in), wire::ip_protocol_of(in.transport), 0},
                       in.payload) +
           tail;
  }
  HepInput empty = in;
  empty.src = empty.dst = Endpoint{IpAddress::v4(0x7F000001), 0};
  return old_message(empty, {version, 16, 6, 0}, {}) + std::string(8, '\0');
}
Message opensips_v1(const HepInput& in) { return opensips_old(in, 1); }
Message opensips_v2(const HepInput& in) { return opensips_old(in, 2); }

// Of an IPv6 address the octets at IPv4's place are copied: the flow label, which is zero.
HepInput cut_ipv6(HepInput in) {
  if (is_v6(in)) in.src.address = in.dst.address = IpAddress{};
  return in;
}
Message sofia_v2(const HepInput& in) {
  const auto length = static_cast<uint8_t>(address_length(in) + 12);
  return old_message(cut_ipv6(in), {2, length, sofia_protocol(in), 0}, in.payload);
}
Message sngrep_v2(const HepInput& in) {
  const size_t total = address_length(in) + 12u + in.payload.size();
  return old_message(in, {2, static_cast<uint8_t>(total >> 8), plain_protocol(in), 0}, in.payload);
}
Message captagent_old(const HepInput& in, uint8_t version) {
  // Nobody clears the padding.
  return old_message(in, {version, address_length(in), plain_protocol(in), 0xA5A5}, in.payload);
}
Message captagent_v1(const HepInput& in) { return captagent_old(in, 1); }
Message captagent_v2(const HepInput& in) { return captagent_old(in, 2); }

// -------------------------------------------------------------------------------------------- v3

// 1 2 7 8 9 a b c 3 4: captagent's order, and of all who copied it.
Chunks captagent_head(const HepInput& in, uint8_t protocol, uint8_t type, uint32_t id) {
  Chunks out;
  out.number(1, family(in), 1).number(2, protocol, 1);
  out.number(7, in.src.port, 2).number(8, in.dst.port, 2);
  out.number(9, seconds(in), 4).number(10, microseconds(in), 4);
  out.number(11, type, 1).number(12, id, 4);
  out.addresses(in.src.address, in.dst.address, is_v6(in));
  return out;
}

Message kamailio(const HepInput& in) {
  const bool log = in.content == Content::Log;
  Chunks out;
  out.number(1, family(in), 1).number(2, log ? 17 : kamailio_protocol(in), 1);
  out.addresses(in.src.address, in.dst.address, is_v6(in));
  // hlog() writes the ports the other way round.
  if (log) out.number(8, in.dst.port, 2).number(7, in.src.port, 2);
  if (!log) out.number(7, in.src.port, 2).number(8, in.dst.port, 2);
  out.number(9, seconds(in), 4).number(10, microseconds(in), 4);
  out.number(11, log ? wire::kLog : wire::kSip, 1).number(12, in.node_id, 4);
  out.optional_text(0x11, log ? correlation(in) : std::string_view(in.correlation_id));
  out.optional_text(0x0e, in.password);
  return out.text(0x0f, in.payload).finish();
}

struct OpensipsMode {
  bool json;
  bool old_xlog;
};

uint8_t opensips_type(Content content, bool old_xlog) {
  switch (content) {
    case Content::Log:
      return old_xlog ? wire::kOldXlog : wire::kLog;
    case Content::Rest:
      return wire::kRest;
    case Content::Mi:
      return wire::kMi;
    case Content::Net:
      return wire::kNet;
    case Content::Control:
      return wire::kControl;
    default:
      return wire::kSip;
  }
}

Parts opensips_parts(const HepInput& in) {
  if (in.content == Content::Sip) return {{"payload", in.payload}};
  if (in.content == Content::Log) return {{"Event", in.level}, {"text", in.payload}};
  return in.parts;
}

// 0x65 of JSON mode; empty for none.
std::string opensips_extra(const HepInput& in) {
  switch (in.content) {
    case Content::Sip:
      return in.connection_id.empty() ? std::string() : cjson({{"net", in.connection_id}});
    case Content::Log:
    case Content::Rest:
      return in.call_id.empty() ? std::string() : cjson({{"sip", in.call_id}});
    case Content::Control:
      return cjson(in.parts);
    default:
      return {};
  }
}

std::string opensips_correlation(const HepInput& in, bool json) {
  if (in.content == Content::Control) return json || in.parts.empty() ? "" : in.parts[0].second;
  if (in.content == Content::Log) return in.call_id.empty() ? "<null>" : in.call_id;
  if (in.content == Content::Rest && !json) return in.call_id;  // the query's own id is lost
  return std::string(correlation(in));
}

Message opensips_message(const HepInput& given, OpensipsMode mode) {
  HepInput in = given;
  if (in.content == Content::Control)  // a static buffer of OpenSIPS
    in.src = in.dst = Endpoint{IpAddress::v4(0x7F000002), 0};
  const bool net = in.content == Content::Net || in.content == Content::Sip;
  const uint8_t protocol = net ? wire::ip_protocol_of(in.transport) : 6;
  Chunks out = captagent_head(in, protocol, opensips_type(in.content, mode.old_xlog), in.node_id);
  const Parts parts = opensips_parts(in);
  if (in.content != Content::Control) out.text(0x0f, mode.json ? cjson(parts) : joined(parts, ":"));
  if (mode.json) out.optional_text(0x65, opensips_extra(in));
  return out.optional_text(0x11, opensips_correlation(in, mode.json)).finish();
}
Message opensips_json(const HepInput& in) { return opensips_message(in, {true, false}); }
Message opensips_homer5(const HepInput& in) { return opensips_message(in, {false, false}); }
Message opensips_2(const HepInput& in) { return opensips_message(in, {false, true}); }

Message rtpengine(const HepInput& in) {
  const bool ng = in.content == Content::Ng;
  Chunks out = captagent_head(in, 17, ng ? wire::kVerto : wire::kRtcpJson, in.node_id);
  out.optional_text(0x11, in.call_id);
  return out.text(0x0f, ng ? ng_message(in) : rtpengine_rtcp(in)).finish();
}

Message asterisk_message(const HepInput& given, std::string_view id) {
  HepInput in = given;
  const bool rtcp = in.content == Content::Rtcp;
  if (in.received && !rtcp) in.time.ns -= in.time.ns % kMillisecond;
  Chunks out = captagent_head(in, rtcp ? 17 : plain_protocol(in),
                              rtcp ? wire::kRtcpJson : wire::kSip, in.node_id);
  out.optional_text(0x0e, in.password).text(0x11, id).optional_text(0x13, in.node_name);
  return out.text(0x0f, rtcp ? asterisk_rtcp(in) : in.payload).finish();
}
Message asterisk(const HepInput& in) { return asterisk_message(in, in.call_id); }
Message asterisk_channel(const HepInput& in) { return asterisk_message(in, correlation(in)); }

Message sofia(const HepInput& in) {
  Chunks out;
  out.number(1, family(in), 1).number(2, sofia_protocol(in), 1);
  out.number(7, in.src.port, 2).number(8, in.dst.port, 2);
  out.number(9, seconds(in), 4).number(10, microseconds(in), 4);
  out.number(11, wire::kSip, 1).number(12, in.node_id, 4);
  const HepInput cut = cut_ipv6(in);
  out.addresses(cut.src.address, cut.dst.address, is_v6(in));
  return out.text(0x0f, in.payload).finish();
}

Message sngrep(const HepInput& in) {
  return captagent_head(in, plain_protocol(in), wire::kSip, swapped(in.node_id))
      .optional_text(0x0e, in.password)
      .text(0x0f, in.payload)
      .finish();
}
Message sipgrep(const HepInput& in) {
  return captagent_head(in, plain_protocol(in), wire::kSip, swapped(in.node_id))
      .text(0x0f, in.payload)
      .finish();
}

Message captagent_message(const HepInput& in, uint32_t id, bool zlib) {
  const bool rtcp = in.content == Content::Rtcp;
  Chunks out = captagent_head(in, plain_protocol(in), rtcp ? wire::kRtcpJson : wire::kSip, id);
  out.text(0x0e, in.password.empty() ? "myhep" : in.password);
  if (rtcp) out.optional_text(0x11, in.call_id);
  const std::string payload = rtcp ? captagent_rtcp(in) : in.payload;
  if (!zlib) return out.text(0x0f, payload).finish();
  return out.text(0x10, wire::compress(as_bytes(payload), wire::Compression::Zlib)).finish();
}
Message captagent(const HepInput& in) { return captagent_message(in, in.node_id, false); }
Message captagent_6(const HepInput& in) {
  return captagent_message(in, swapped(in.node_id), false);
}
Message captagent_zlib(const HepInput& in) { return captagent_message(in, in.node_id, true); }

uint8_t heplify_type(Content content) {
  switch (content) {
    case Content::Rtcp:
      return wire::kRtcpJson;
    case Content::Dns:
      return wire::kDns;
    case Content::Log:
      return wire::kLog;
    default:
      return wire::kSip;
  }
}

// Stepped from the fraction lost of the last interval.
uint16_t heplify_mos(uint8_t fraction) {
  return fraction < 10    ? 450
         : fraction < 25  ? 400
         : fraction < 50  ? 350
         : fraction < 100 ? 300
                          : 250;
}

Message heplify_message(const HepInput& in, bool mapped) {
  const bool wide = mapped || is_v6(in);
  Chunks out;
  out.number(1, wide ? 10 : 2, 1).number(2, plain_protocol(in), 1);
  out.addresses(in.src.address, in.dst.address, wide);
  out.number(7, in.src.port, 2).number(8, in.dst.port, 2);
  out.number(9, seconds(in), 4).number(10, microseconds(in), 4);
  out.number(11, heplify_type(in.content), 1).number(12, in.node_id, 4);
  out.optional_text(0x0e, in.password);
  if (in.content != Content::Sip) out.optional_text(0x11, in.call_id);
  out.number(0x12, 0, 2);  // VLAN, always
  out.optional_text(0x13, in.node_name);
  const bool rtcp = in.content == Content::Rtcp;
  if (rtcp) out.number(0x20, heplify_mos(in.rtcp.fraction_lost), 2);
  return out
      .text(0x0f, rtcp                         ? heplify_rtcp(in)
                  : in.content == Content::Dns ? heplify_dns(in)
                                               : in.payload)
      .finish();
}
Message heplify(const HepInput& in) { return heplify_message(in, false); }
Message heplify_mapped(const HepInput& in) { return heplify_message(in, true); }
Message heplify_gzip(const HepInput& in) {
  return wire::compress(as_bytes(heplify_message(in, false)), wire::Compression::Gzip);
}

Message hep_js(const HepInput& in) {
  const bool event = in.content == Content::Event;
  Chunks out;
  out.number(1, 2, 1).number(2, plain_protocol(in), 1);
  out.addresses(in.src.address, in.dst.address, false);
  out.number(7, in.src.port, 2).number(8, in.dst.port, 2);
  out.number(9, seconds(in), 4).number(10, microseconds(in), 4);
  out.number(11, event ? wire::kTransaction : wire::kSip, 1).number(12, in.node_id, 4);
  out.text(0x0e, in.password);  // there even when empty
  out.optional_text(0x11, correlation(in));
  if (event) out.optional_text(0x24, in.transaction_type);
  // Genesys's ids: conversation 0x80, organization 0x81, site 0x82, trunk 0x83, edge 0x84.
  for (size_t i = 0; i < in.parts.size() && i < 5; ++i)
    out.text(static_cast<uint16_t>(0x80 + i), in.parts[i].second, 8);
  return out.text(0x0f, in.payload).finish();
}

// -------------------------------------------------------------------------------------- the list

constexpr unsigned bit(Content content) { return 1u << static_cast<unsigned>(content); }
constexpr unsigned kSipOnly = bit(Content::Sip);
constexpr unsigned kOpensips = kSipOnly | bit(Content::Log) | bit(Content::Net) |
                               bit(Content::Rest) | bit(Content::Mi) | bit(Content::Control);
constexpr unsigned kSipAndRtcp = kSipOnly | bit(Content::Rtcp);
constexpr unsigned kHeplify = kSipAndRtcp | bit(Content::Dns) | bit(Content::Log);

struct Profile {
  std::string_view name;
  Message (*encode)(const HepInput&);
  unsigned contents;
};
constexpr Profile kProfiles[] = {
    {"kamailio-v1", kamailio_v1, kSipOnly},
    {"kamailio-v2", kamailio_v2, kSipOnly},
    {"kamailio", kamailio, kSipOnly | bit(Content::Log)},
    {"opensips-v1", opensips_v1, kOpensips},
    {"opensips-v2", opensips_v2, kOpensips},
    {"opensips", opensips_json, kOpensips},
    {"opensips-homer5", opensips_homer5, kOpensips},
    {"opensips-2", opensips_2, kOpensips},
    {"rtpengine", rtpengine, bit(Content::Rtcp) | bit(Content::Ng)},
    {"asterisk", asterisk, kSipAndRtcp},
    {"asterisk-channel", asterisk_channel, kSipAndRtcp},
    {"sofia-v2", sofia_v2, kSipOnly},
    {"sofia", sofia, kSipOnly},
    {"sngrep-v2", sngrep_v2, kSipOnly},
    {"sngrep", sngrep, kSipOnly},
    {"sipgrep", sipgrep, kSipOnly},
    {"captagent-v1", captagent_v1, kSipOnly},
    {"captagent-v2", captagent_v2, kSipOnly},
    {"captagent", captagent, kSipAndRtcp},
    {"captagent-6", captagent_6, kSipAndRtcp},
    {"captagent-zlib", captagent_zlib, kSipAndRtcp},
    {"heplify", heplify, kHeplify},
    {"heplify-mapped", heplify_mapped, kHeplify},
    {"heplify-gzip", heplify_gzip, kHeplify},
    {"hep-js", hep_js, kSipOnly | bit(Content::Event)},
};

const Profile* find_profile(std::string_view name) {
  for (const Profile& profile : kProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

}  // namespace

bool sends(std::string_view name, Content content) {
  const Profile* const profile = find_profile(name);
  return profile != nullptr && (profile->contents & bit(content)) != 0;
}

std::vector<std::string_view> profile_names() {
  std::vector<std::string_view> out;
  for (const Profile& profile : kProfiles) out.push_back(profile.name);
  return out;
}

Result<std::string> encode(std::string_view name, const HepInput& input) {
  const Profile* const profile = find_profile(name);
  if (profile == nullptr)
    return fail(ErrorCode::InvalidArgument, fmt::format("no HEP profile '{}'", name));
  if ((profile->contents & bit(input.content)) == 0)
    return fail(ErrorCode::InvalidArgument, fmt::format("{} never sends such content", name));
  Message out = profile->encode(input);
  // The length of a message has 16 bits: what real senders let wrap is refused here. (No chunk may
  // have wrapped either: each is part of the whole.)
  if (out.size() > wire::kMaxMessageBytes || input.payload.size() > wire::kMaxMessageBytes)
    return fail(ErrorCode::LimitExceeded, "a HEP message holds at most 65535 octets");
  return out;
}

}  // namespace siploom::simulate::hep
