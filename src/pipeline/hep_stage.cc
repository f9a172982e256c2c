#include "pipeline/hep_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <new>

#include "base/json_writer.h"
#include "base/text.h"
#include "capture/intake_header.h"
#include "wire/hep/hep.h"
#include "wire/sip/shape.h"

namespace siploom::pipeline {

namespace {

using model::RecordKind;

RecordKind record_kind(report::Kind kind) {
  switch (kind) {
    case report::Kind::Sip:
      return RecordKind::Sip;
    case report::Kind::Sdp:
      return RecordKind::Sdp;
    case report::Kind::Rtp:
      return RecordKind::Rtp;
    case report::Kind::Rtcp:
      return RecordKind::Rtcp;
    case report::Kind::RtcpReport:
      return RecordKind::RtcpReport;
    case report::Kind::VqReport:
      return RecordKind::VqReport;
    case report::Kind::RtpReport:
    case report::Kind::HeaderStatistics:
      return RecordKind::RtpReport;
    case report::Kind::Log:
      return RecordKind::Log;
    case report::Kind::TransportEvent:
      return RecordKind::Transport;
    case report::Kind::RestQuery:
      return RecordKind::Rest;
    case report::Kind::ManagementCommand:
      return RecordKind::Command;
    case report::Kind::Correlation:
      return RecordKind::Correlation;
    case report::Kind::Ng:
      return RecordKind::Ng;
    case report::Kind::Dns:
      return RecordKind::Dns;
    case report::Kind::Isup:
      return RecordKind::Isup;
    case report::Kind::Diameter:
      return RecordKind::Diameter;
    case report::Kind::Map:
      return RecordKind::Map;
    case report::Kind::Verto:
      return RecordKind::Verto;
    case report::Kind::Cdr:
      return RecordKind::Cdr;
    case report::Kind::WebRtc:
      return RecordKind::Webrtc;
    case report::Kind::Megaco:
      return RecordKind::Megaco;
    case report::Kind::Mgcp:
      return RecordKind::Mgcp;
    case report::Kind::Xmpp:
      return RecordKind::Xmpp;
    case report::Kind::Rtsp:
      return RecordKind::Rtsp;
    case report::Kind::KeepAlive:
    case report::Kind::Other:
    case report::Kind::Count:
      break;
  }
  return RecordKind::Other;
}

std::string hex(ByteSpan bytes) {
  std::string out;
  for (const uint8_t octet : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", octet);
  return out;
}

bool has_more_chunks(const hep::Packet& p, uint8_t flags) {
  const bool numbers = p.src_mac || p.dst_mac || p.jitter || p.keep_alive_s ||
                       p.vlan.value_or(0) != 0 || p.ether_type || p.mos || p.r_factor ||
                       p.tag_type || p.event_type || p.tcp_flags || p.tos || p.old_correlation ||
                       p.old_ss7_type;
  const bool texts = !p.geo.empty() || !p.transaction_type.empty() || !p.json_keys.empty() ||
                     !p.tags.empty() || !p.group_id.empty();
  return numbers || texts || p.other_count != 0 || p.correlation_id_count > 1 || flags != 0 ||
         p.agent_id != p.agent_id_raw;
}

// Chunks that have no column, by the names of the specification; those unknown as they came.
std::string more_chunks(const hep::Packet& p, uint8_t flags) {
  std::string out;
  JsonWriter json(out);
  const auto number = [&](std::string_view name, const auto& value) {
    if (value) json.field(name, static_cast<uint64_t>(*value));
  };
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) json.field(name, value);
  };
  json.begin_object();
  if (p.vlan.value_or(0) != 0) number("vlan", p.vlan);
  number("src_mac", p.src_mac);
  number("dst_mac", p.dst_mac);
  number("ether_type", p.ether_type);
  number("tcp_flags", p.tcp_flags);
  number("tos", p.tos);
  number("mos", p.mos);
  number("r_factor", p.r_factor);
  number("jitter", p.jitter);
  number("keep_alive_s", p.keep_alive_s);
  number("tag_type", p.tag_type);
  number("event_type", p.event_type);
  number("old_correlation", p.old_correlation);
  number("old_ss7_type", p.old_ss7_type);
  text("geo", p.geo);
  text("transaction_type", p.transaction_type);
  text("json_keys", p.json_keys);
  text("tags", p.tags);
  text("group_id", p.group_id);
  if (p.agent_id != p.agent_id_raw) json.field("agent_id_raw", uint64_t{p.agent_id_raw});
  if ((flags & capture::kIntakeQuarantined) != 0) json.field("quarantined", true);
  if ((flags & capture::kIntakeOverQuota) != 0) json.field("over_quota", true);
  if (p.correlation_id_count > 1) {
    json.key("correlation_ids");
    json.begin_array();
    for (const std::string_view id : p.correlation_ids()) json.value(id);
    json.end_array();
  }
  if (p.other_count != 0) {
    json.key("other");
    json.begin_array();
    for (const hep::RawChunk& chunk : p.other_chunks()) {
      json.begin_object();
      json.field("vendor", uint64_t{chunk.vendor});
      json.field("type", uint64_t{chunk.type});
      json.field("hex", std::string_view(hex(chunk.value)));
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return out;
}

const model::AgentFacts* agent_facts(const Context& context, const hep::Packet& packet,
                                     const IpAddress& sender, uint8_t flags, Timestamp received) {
  Arena& arena = context.chunk.arena;
  auto* facts = reinterpret_cast<model::AgentFacts*>(
      arena.allocate(sizeof(model::AgentFacts), alignof(model::AgentFacts)));
  *facts = model::AgentFacts{};
  facts->received = received;
  facts->sender = sender;
  facts->agent_id = packet.agent_id;
  facts->quirks = packet.quirks.bits();
  facts->hep_type = packet.protocol_type;
  if (!packet.agent_name.empty()) {
    facts->node =
        packet.all_in_scratch ? arena.copy(packet.agent_name) : std::string_view(packet.agent_name);
  } else if (packet.agent_id != 0) {
    char text[16];
    const auto end = fmt::format_to(text, "{}", packet.agent_id);
    facts->node = arena.copy(std::string_view(text, static_cast<size_t>(end - text)));
  } else {
    facts->node = arena.copy(std::string_view(format_ip(sender)));
  }
  if (context.wants_records && has_more_chunks(packet, flags)) {
    facts->chunks = arena.copy(std::string_view(more_chunks(packet, flags)));
  }
  return facts;
}

void note_not_taken(const Context& context, const IpAddress& source, Reason reason) {
  context.chunk.counters.count(reason);
  if (!context.wants_records) return;
  auto& list = context.chunk.not_taken;
  for (NotTaken& each : list) {
    if (each.source != source || each.reason != static_cast<uint8_t>(reason)) continue;
    ++each.count;
    return;
  }
  constexpr size_t kMaxSourcesPerChunk = 64;
  if (list.size() < kMaxSourcesPerChunk) {
    list.push_back({source, static_cast<uint8_t>(reason), 1});
  } else {
    ++list.back().count;
  }
}

std::string ids_text(const report::Description& description) {
  std::string out;
  const auto add = [&](const report::Id& id) {
    if (!out.empty()) out += '\n';
    out += id.name.empty() ? report::id_space_name(id.space) : std::string_view(id.name);
    out += ':';
    out += id.value;
  };
  if (description.primary_id && description.primary_id->space != report::IdSpace::Call) {
    add(*description.primary_id);
  }
  for (const report::Id& id : description.extra_ids()) add(id);
  return out;
}

// The payload with its secrets blotted out; these go into `secret`.
ByteSpan without_secrets(Arena& arena, const report::Description& description, ByteSpan payload,
                         std::string_view& secret) {
  const ByteSpan copy = arena.copy(payload);
  std::string kept;
  for (const ByteSpan part : description.secrets()) {
    const auto at = static_cast<size_t>(part.data() - payload.data());
    if (part.data() < payload.data() || at + part.size() > payload.size()) continue;
    if (!kept.empty()) kept += '\n';
    kept += hex(part);
    // The arena's bytes are ours.
    std::fill_n(const_cast<uint8_t*>(copy.data()) + at, part.size(), uint8_t{'*'});
  }
  secret = arena.copy(std::string_view(kept));
  return copy;
}

bool reports_media(report::Kind kind) {
  return kind == report::Kind::Rtcp || kind == report::Kind::RtcpReport ||
         kind == report::Kind::VqReport;
}

const report::Quality* keep_quality(Arena& arena, const report::Quality& quality) {
  static_assert(std::is_trivially_copyable_v<report::Quality>);
  auto* kept = arena.allocate(sizeof quality, alignof(report::Quality));
  return new (kept) report::Quality(quality);
}

void add_event(const Context& context, const model::Record& record, const hep::Packet& packet) {
  const report::Description& description = context.scratch.description;
  Arena& arena = context.chunk.arena;
  Event& event = context.chunk.events.emplace_back();
  event.record = record;
  event.record.kind = record_kind(description.kind);
  event.event = arena.copy(std::string_view(description.event));
  event.summary = arena.copy(std::string_view(description.summary));
  event.malformed = description.malformed;
  if (reports_media(description.kind)) event.quality = keep_quality(arena, description.quality);
  if (description.primary_id)
    event.primary_id = arena.copy(std::string_view(description.primary_id->value));
  event.extra_ids = arena.copy(std::string_view(ids_text(description)));
  if (description.secrets().empty()) {
    event.record.payload = packet.inflated ? arena.copy(packet.payload) : packet.payload;
  } else {
    event.record.payload = without_secrets(arena, description, packet.payload, event.secret);
  }
}

}  // namespace

void take_hep(const Context& context, const model::Record& outer, const IpAddress& sender,
              uint8_t flags, int depth) {
  hep::Packet& packet = context.scratch.hep;
  std::string& inflated = context.scratch.inflated;
  if (!hep::decode(outer.payload, packet, inflated)) {
    note_not_taken(context, sender, Reason::HepDamaged);
    return;
  }
  ++context.chunk.counters.hep_packets;
  Arena& arena = context.chunk.arena;  // what lies in the scratch dies with the next packet
  model::Record inner = outer;
  inner.copy_key = 0;
  inner.src = packet.src;
  inner.dst = packet.dst;
  inner.transport = packet.transport;
  if (is_known(packet.time)) inner.time = packet.time;
  inner.correlation_id =
      packet.all_in_scratch ? arena.copy(packet.correlation_id) : packet.correlation_id;
  inner.agent = agent_facts(context, packet, sender, flags, outer.time);
  const bool plain_sip = packet.protocol_type == hep::kSip && packet.extra_ids.empty() &&
                         sip::looks_like_sip(packet.payload);
  if (plain_sip) {
    inner.payload = packet.inflated ? arena.copy(packet.payload) : packet.payload;
    classify_datagram(context, inner, depth + 1);
    return;
  }
  report::Description& description = context.scratch.description;
  report::describe(packet, description, context.scratch.report);
  if (!description.sip.empty() && sip::looks_like_sip(as_bytes(description.sip))) {
    inner.payload = as_bytes(arena.copy(description.sip));
    inner.extra_ids = arena.copy(std::string_view(ids_text(description)));
    classify_datagram(context, inner, depth + 1);
    return;
  }
  if (description.kind == report::Kind::KeepAlive) {
    note_not_taken(context, sender, Reason::KeepAlive);
  } else if (context.wants_records) {
    add_event(context, inner, packet);
  } else if (description.kind == report::Kind::Rtp || description.kind == report::Kind::Rtcp) {
    inner.payload = packet.inflated ? arena.copy(packet.payload) : packet.payload;
    classify_datagram(context, inner, depth + 1);
  } else {
    context.chunk.counters.count(Reason::HepPayload);
  }
}

void take_intake(const Context& context, const capture::Frame& frame, uint64_t number) {
  const auto header = capture::decode_intake_header(frame.bytes());
  if (!header) {
    context.chunk.counters.count(Reason::HepDamaged);
    return;
  }
  model::Record record;
  record.time = frame.time;
  record.frame = number;
  record.src = header->peer;
  record.payload = frame.bytes().subspan(capture::kIntakeHeaderBytes);
  constexpr uint8_t kTold = capture::kIntakeQuarantined | capture::kIntakeOverQuota;
  take_hep(context, record, header->peer.address, header->flags & kTold, 0);
}

void add_rtcp_event(const Context& context, const model::Record& record) {
  hep::Packet& packet = context.scratch.hep;
  packet.clear();
  packet.protocol_type = hep::kRtcpJson;
  packet.payload = record.payload;
  report::describe(packet, context.scratch.description, context.scratch.report);
  add_event(context, record, packet);
}

void refine_transport(model::Record& record, const sip::MessageView& message) {
  std::string_view via = message.first(sip::HeaderId::Via);
  // "SIP/2.0/TLS host": what stands behind the second slash.
  for (int i = 0; i < 2; ++i) via = split_once(via, '/').after;
  const std::string_view name = trim_left(via).substr(0, trim_left(via).find_first_of(" \t"));
  if (iequals(name, "TLS")) record.transport = Transport::Tls;
  if (iequals(name, "WS")) record.transport = Transport::Ws;
  if (iequals(name, "WSS")) record.transport = Transport::Wss;
}

}  // namespace siploom::pipeline
