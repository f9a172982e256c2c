#include "simulate/live/report.h"

#include <fmt/format.h>

#include "base/json_writer.h"

namespace siploom::simulate::live {

namespace {

constexpr std::string_view kKindNames[kKinds] = {"sip", "rtcp", "log"};

uint64_t sent_of(const LinkCounters& link) {
  uint64_t sum = 0;
  for (const uint64_t count : link.sent) sum += count;
  return sum;
}
uint64_t lost_of(const NodeReport& node) { return node.link.lost() + node.unencodable; }

void write_sent(JsonWriter& json, const LinkCounters& link) {
  json.begin_object();
  for (size_t i = 0; i < kKinds; ++i) json.field(kKindNames[i], link.sent[i]);
  json.end_object();
}

void write_lost(JsonWriter& json, const NodeReport& node) {
  json.begin_object();
  json.field("spool_full", node.link.overflowed);
  json.field("left_in_spool", node.link.left);
  json.field("failed", node.link.failed);
  json.field("too_large", node.unencodable);
  json.end_object();
}

}  // namespace

uint64_t Report::sent() const {
  uint64_t sum = 0;
  for (const NodeReport& node : nodes) sum += sent_of(node.link);
  return sum;
}

uint64_t Report::refused() const {
  uint64_t sum = 0;
  for (const NodeReport& node : nodes) sum += node.link.refused;
  return sum;
}

uint64_t Report::lost() const {
  uint64_t sum = 0;
  for (const NodeReport& node : nodes) sum += lost_of(node);
  return sum;
}

std::string report_text(const Report& report) {
  std::string out = fmt::format(
      "sent {} HEP messages of {} Call-IDs in {}s, {} were refused, lost {} more\n", report.sent(),
      report.calls, format_seconds(report.took, 1), report.refused(), report.lost());
  for (const NodeReport& node : report.nodes) {
    out += fmt::format("  {} ({}, id {}) to {}: {} SIP, {} RTCP, {} logs, {} lost\n", node.name,
                       node.profile, node.capture_id, node.destination, node.link.sent[0],
                       node.link.sent[1], node.link.sent[2], lost_of(node));
  }
  return out;
}

std::string report_json(const Report& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("start", format_rfc3339({report.begin_wall}));
  json.key("seconds");
  json.seconds(report.took);
  json.field("sent", report.sent());
  json.field("refused", report.refused());
  json.field("lost", report.lost());
  json.field("call_ids", report.calls);
  json.key("behind_max_s");
  json.seconds(report.behind_max);
  json.key("nodes");
  json.begin_array();
  for (const NodeReport& node : report.nodes) {
    json.begin_object();
    json.field("name", node.name);
    json.field("capture_id", node.capture_id);
    json.field("profile", node.profile);
    json.field("destination", node.destination);
    json.key("sent");
    write_sent(json, node.link);
    json.field("bytes", node.link.bytes);
    json.field("refused", node.link.refused);
    json.key("lost");
    write_lost(json, node);
    json.field("connects", node.link.connects);
    json.field("resent", node.link.resent);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace siploom::simulate::live
