#include "exporter/json.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace siploom::exporter {

namespace {

template <size_t N>
void text_field(JsonWriter& json, const char (&name)[N], std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

template <size_t N>
void duration_field(JsonWriter& json, const char (&name)[N], Nanoseconds ns) {
  json.key(name);
  if (ns == model::kNoDuration) {
    json.null();
  } else {
    json.seconds(ns);
  }
}

template <size_t N>
void party_field(JsonWriter& json, const char (&name)[N], const model::Party& party) {
  json.key(name);
  json.begin_object();
  text_field(json, "user", party.user);
  text_field(json, "host", party.host);
  text_field(json, "display", party.display);
  json.end_object();
}

template <size_t N>
void list_field(JsonWriter& json, const char (&name)[N],
                const std::vector<std::string_view>& texts) {
  json.key(name);
  json.begin_array();
  for (const std::string_view text : texts) json.value(text);
  json.end_array();
}

template <size_t N>
void time_field(JsonWriter& json, const char (&name)[N], Timestamp t) {
  json.key(name);
  if (is_known(t)) {
    json.value(format_rfc3339(t));
  } else {
    json.null();
  }
}

template <size_t N>
void ratio_field(JsonWriter& json, const char (&name)[N], double ratio) {
  json.key(name);
  json.value(ratio);  // NaN becomes null
}

void tally_fields(JsonWriter& json, const model::CallTally& calls) {
  json.field("attempts", calls.attempts);
  json.field("answered", calls.answered);
  json.field("failed", calls.failed);
  json.field("open", calls.open);
  ratio_field(json, "asr", calls.asr());
  ratio_field(json, "ner", calls.ner());
  duration_field(json, "pdd_p50_s", calls.pdd.quantile(0.5));
  duration_field(json, "pdd_p95_s", calls.pdd.quantile(0.95));
  duration_field(json, "setup_p50_s", calls.setup.quantile(0.5));
  duration_field(json, "talk_p50_s", calls.talk.quantile(0.5));
}

template <class Map, class Key>
std::vector<const typename Map::value_type*> largest(const Map& map, size_t top, Key&& key) {
  std::vector<const typename Map::value_type*> rows;
  rows.reserve(map.size());
  for (const auto& entry : map) rows.push_back(&entry);
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const auto* a, const auto* b) { return key(*a) > key(*b); });
  if (rows.size() > top) rows.resize(top);
  return rows;
}

void sip_object(JsonWriter& json, const model::Stats& stats) {
  json.key("sip");
  json.begin_object();
  json.field("messages", stats.sip_messages);
  json.key("requests");
  json.begin_object();
  for (const auto& [method, count] : stats.requests) json.field(method, count);
  json.end_object();
  json.key("responses");
  json.begin_object();
  for (const auto& [status, count] : stats.responses) json.field(std::to_string(status), count);
  json.end_object();
  json.key("transports");
  json.begin_object();
  for (const Transport t : {Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws,
                            Transport::Wss, Transport::Sctp}) {
    json.field(transport_name(t), stats.transports[static_cast<size_t>(t)]);
  }
  json.end_object();
  json.field("call_ids", stats.call_ids);
  json.field("malformed", stats.malformed);
  json.field("duplicates", stats.copies);
  json.field("retransmissions", stats.retransmissions);
  json.end_object();
}

void peers_array(JsonWriter& json, const model::Stats& stats, size_t top) {
  json.key("peers");
  json.begin_array();
  for (const auto* row :
       largest(stats.peers, top, [](const auto& e) { return e.second.attempts; })) {
    json.begin_object();
    json.field("address", format_ip(row->first.address));
    tally_fields(json, row->second);
    json.end_object();
  }
  json.end_array();
}

void intervals_array(JsonWriter& json, const model::Stats& stats) {
  if (stats.intervals.empty()) return;
  json.key("intervals");
  json.begin_array();
  for (const auto& [start, interval] : stats.intervals) {
    json.begin_object();
    json.field("start", format_rfc3339({start}));
    json.field("messages", interval.messages);
    json.field("retransmissions", interval.retransmissions);
    json.key("requests");
    json.begin_object();
    for (const auto& [method, count] : interval.methods) json.field(method, count);
    json.end_object();
    json.key("responses");
    json.begin_object();
    for (const auto& [status, count] : interval.statuses) json.field(std::to_string(status), count);
    json.end_object();
    json.key("calls");
    json.begin_object();
    tally_fields(json, interval.calls);
    json.end_object();
    json.end_object();
  }
  json.end_array();
}

}  // namespace

void write_stats(JsonWriter& json, const model::Stats& stats, size_t top) {
  json.begin_object();
  json.field("packets", stats.packets);
  json.field("bytes", stats.bytes);
  sip_object(json, stats);
  json.key("rtp");
  json.begin_object();
  json.field("packets", stats.rtp_packets);
  json.field("streams", stats.rtp_streams);
  json.end_object();
  json.key("rtcp");
  json.begin_object();
  json.field("packets", stats.rtcp_packets);
  json.end_object();
  json.key("hep");
  json.begin_object();
  json.field("packets", stats.hep_packets);
  json.end_object();
  json.key("not_understood");
  json.begin_object();
  for (const auto& [reason, count] : stats.not_understood) json.field(reason, count);
  json.end_object();
  time_field(json, "first", stats.first);
  time_field(json, "last", stats.last);
  json.key("calls");
  json.begin_object();
  tally_fields(json, stats.calls);
  json.end_object();
  json.key("user_agents");
  json.begin_object();
  for (const auto* row : largest(stats.user_agents, top, [](const auto& e) { return e.second; })) {
    json.field(row->first.empty() ? "other" : row->first, row->second);
  }
  json.end_object();
  peers_array(json, stats, top);
  json.key("talkers");
  json.begin_object();
  for (const auto* row : largest(stats.talkers, top, [](const auto& e) { return e.second; })) {
    json.field(format_ip(row->first.address), row->second);
  }
  json.end_object();
  intervals_array(json, stats);
  json.end_object();
}

void write_call(JsonWriter& json, const model::Call& call) {
  json.begin_object();
  text_field(json, "call_id", model::call_id(call));
  json.key("call_ids");
  json.begin_array();
  for (const model::Leg& leg : call.legs) json.value(leg.call_id);
  json.end_array();
  json.field("kind", model::kind_name(call.kind));
  json.field("state", model::state_name(call.state));
  text_field(json, "method", call.method);
  json.key("status");
  if (call.status == 0) {
    json.null();
  } else {
    json.value(unsigned{call.status});
  }
  text_field(json, "reason", call.reason);
  party_field(json, "from", call.from);
  party_field(json, "to", call.to);
  text_field(json, "request_uri", call.request_uri);
  json.field("src", format_endpoint(call.src));
  json.field("dst", format_endpoint(call.dst));
  json.field("transport", transport_name(call.transport));
  time_field(json, "start", call.start);
  duration_field(json, "trying_s", model::since_start(call, call.trying));
  duration_field(json, "ringing_s", model::since_start(call, call.ringing));
  duration_field(json, "answer_s", model::since_start(call, call.answer));
  duration_field(json, "end_s", model::since_start(call, call.end));
  duration_field(json, "pdd_s", model::pdd(call));
  duration_field(json, "setup_s", model::setup_time(call));
  duration_field(json, "duration_s", model::talk_time(call));
  text_field(json, "hangup_by", model::hangup_name(call.hangup_by));
  json.field("messages", unsigned{call.messages});
  json.field("retransmissions", unsigned{call.retransmissions});
  list_field(json, "user_agents", call.user_agents);
  list_field(json, "codecs", call.codecs);
  list_field(json, "offered", call.offered);
  duration_field(json, "ring_s", model::ring_time(call));
  duration_field(json, "total_s", model::since_start(call, call.last));
  json.key("cause");
  if (call.cause == 0) {
    json.null();
  } else {
    json.begin_object();
    text_field(json, "protocol", call.cause_protocol);
    json.field("code", unsigned{call.cause});
    text_field(json, "text", call.cause_text);
    json.end_object();
  }
  json.field("partial", call.begins_before);
  json.field("copies", unsigned{call.copies});
  json.field("malformed", unsigned{call.malformed});
  json.key("media");
  json.begin_array();
  for (const model::MediaEndpoint& media : call.media) json.value(format_endpoint(media.where));
  json.end_array();
  json.end_object();
}

void write_message(JsonWriter& json, const MessageRow& row) {
  json.begin_object();
  json.field("time", format_rfc3339(row.time));
  json.field("src", format_endpoint(row.src));
  json.field("dst", format_endpoint(row.dst));
  json.field("transport", transport_name(row.transport));
  text_field(json, "method", row.method);
  json.key("status");
  if (row.status == 0) {
    json.null();
  } else {
    json.value(unsigned{row.status});
  }
  text_field(json, "reason", row.reason);
  text_field(json, "call_id", row.call_id);
  json.key("cseq");
  if (row.has_cseq) {
    json.value(unsigned{row.cseq});
  } else {
    json.null();
  }
  text_field(json, "cseq_method", row.cseq_method);
  text_field(json, "from", row.from);
  text_field(json, "to", row.to);
  text_field(json, "from_tag", row.from_tag);
  text_field(json, "to_tag", row.to_tag);
  text_field(json, "branch", row.branch);
  text_field(json, "user_agent", row.user_agent);
  if (is_utf8(row.raw)) {
    json.field("raw", row.raw);
  } else {
    json.field("raw_base64", base64(row.raw));
  }
  json.field("frame", row.frame);
  json.end_object();
}

}  // namespace siploom::exporter
