#include "pipeline/heplify_counts.h"

#include "base/hash.h"
#include "base/text.h"
#include "wire/report/report.h"

namespace siploom::pipeline {

namespace {

constexpr std::array<std::string_view, 15> kMethods = {
    "",          "INVITE", "ACK",     "BYE",  "CANCEL", "REGISTER", "OPTIONS", "PRACK",
    "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER",  "MESSAGE",  "UPDATE"};
constexpr uint32_t kIsMethod = 0x8000;  // of what a message is: its method, not a status
constexpr uint16_t kMaxCause = 127;     // ITU-T Q.850: seven bits

// heplify's names of HEP protocol types.
std::string type_text(uint8_t type) {
  switch (type) {
    case 1:
      return "sip";
    case 5:
      return "rtcp";
    case 34:
      return "rtpagent";
    case 35:
      return "rtcpxr";
    case 38:
      return "horaclifix";
    case 53:
      return "dns";
    case 100:
      return "log";
    default:
      return std::to_string(type);
  }
}

uint32_t what_of(const weave::SipFacts& facts) {
  return facts.is_request() ? kIsMethod | static_cast<uint32_t>(facts.method_id) : facts.status;
}

std::string what_text(uint64_t what) {
  return (what & kIsMethod) != 0 ? std::string(kMethods[what & 0xff]) : std::to_string(what);
}

// The cause of a Reason header whose protocol is Q.850 (RFC 3326 2).
std::optional<uint16_t> q850_cause(std::string_view reason) {
  if (!istarts_with(trim_left(reason), "Q.850")) return std::nullopt;
  const auto cause = parse_number<uint16_t>(weave::quick_parameter(reason, "cause"));
  return cause && *cause <= kMaxCause ? cause : std::nullopt;
}

void put_scaled(std::optional<double>& out, const auto& value, double scale = 1) {
  if (value) out = static_cast<double>(*value) * scale;
}

}  // namespace

size_t HeplifyCounts::number_of(std::string_view node) {
  if (last_ < nodes_.size() && nodes_[last_].node == node) return last_;
  const uint64_t hash = hash_text(node);
  if (const uint32_t* known = numbers_.find(hash, hash)) return last_ = *known;
  if (nodes_.size() >= kMaxNodes) return kMaxNodes;
  *numbers_.insert(hash, hash).first = static_cast<uint32_t>(nodes_.size());
  nodes_.emplace_back().node = node;
  return last_ = nodes_.size() - 1;
}

template <class Value>
Value* HeplifyCounts::row(FlatMap<uint64_t, Value>& table, uint64_t key) {
  const uint64_t hash = mix(key, hash_seed());
  if (Value* known = table.find(hash, key)) return known;
  if (table.size() >= kMaxSeries) {
    ++left_out_;
    return nullptr;
  }
  return table.insert(hash, key).first;
}

void HeplifyCounts::packet(std::string_view node, uint8_t hep_type, size_t octets) {
  const size_t number = number_of(node);
  if (number == kMaxNodes) {
    ++left_out_;
    return;
  }
  Packets* packets = row(packets_, uint64_t{number} << 8 | hep_type);
  if (packets == nullptr) return;
  ++packets->count;
  packets->last_octets = octets;
}

// Methods that no RFC names are left out: anybody may make up any number of them.
void HeplifyCounts::sip(std::string_view node, const weave::SipFacts& facts) {
  const size_t number = number_of(node);
  if (facts.method_id == sip::Method::Unknown || facts.status >= kIsMethod || number == kMaxNodes) {
    ++left_out_;
    return;
  }
  const uint64_t what = what_of(facts);
  const uint64_t method = static_cast<uint64_t>(facts.method_id);
  if (uint64_t* count = row(responses_, uint64_t{number} << 32 | method << 16 | what)) ++*count;
  if (facts.reason_header.empty()) return;
  if (const auto cause = q850_cause(facts.reason_header)) {
    if (uint64_t* count = row(causes_, what << 16 | *cause)) ++*count;
  }
}

void HeplifyCounts::setup_began(std::string_view node, Nanoseconds request_delay) {
  const size_t number = number_of(node);
  if (number != kMaxNodes) nodes_[number].srd_ns = static_cast<double>(request_delay);
}

void HeplifyCounts::report(std::string_view node, const Event& event) {
  const size_t number = number_of(node);
  if (event.quality == nullptr || number == kMaxNodes) return;
  const report::Quality& from = *event.quality;
  HeplifySeries::Reports& out = nodes_[number];
  if (event.record.kind == model::RecordKind::VqReport) {
    put_scaled(out.nlr, from.lost_share, 100);
    put_scaled(out.iaj, from.jitter_ms);
    return;
  }
  put_scaled(out.fraction_lost, from.lost_share, 256);
  put_scaled(out.packets_lost, from.lost);
  put_scaled(out.jitter, from.jitter_rtp);
  put_scaled(out.dlsr, from.dlsr);
}

HeplifySeries HeplifyCounts::series() const {
  HeplifySeries out;
  packets_.for_each([&](uint64_t key, const Packets& packets) {
    out.packets.push_back({nodes_[key >> 8].node, type_text(static_cast<uint8_t>(key)),
                           packets.count, packets.last_octets});
  });
  responses_.for_each([&](uint64_t key, uint64_t count) {
    out.responses.push_back({nodes_[key >> 32].node, what_text(key & 0xffff),
                             std::string(kMethods[key >> 16 & 0xff]), count});
  });
  causes_.for_each([&](uint64_t key, uint64_t count) {
    out.causes.push_back({static_cast<uint16_t>(key & 0xffff), what_text(key >> 16), count});
  });
  out.reports = nodes_;
  out.left_out = left_out_;
  return out;
}

}  // namespace siploom::pipeline
