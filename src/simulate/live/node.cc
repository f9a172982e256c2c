#include "simulate/live/node.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "simulate/sip_text.h"

namespace siploom::simulate::live {

namespace {

constexpr std::string_view kProfiles[kNodes] = {"kamailio", "asterisk", "rtpengine"};
constexpr std::string_view kNames[kNodes] = {"edge1", "pbx1", "media1"};
constexpr Nanoseconds kWay = 150 * kMicrosecond;  // between edge and pbx, about

std::string chosen(const std::vector<std::string>& given, size_t node, std::string_view usual) {
  return node < given.size() && !given[node].empty() ? given[node] : std::string(usual);
}

bool is_pbx(const Peer& peer) { return peer.host.role == Role::Pbx; }

Endpoint endpoint(const Plan& plan, const Peer& peer) {
  return {address_of(peer.host, plan.wire.v6), peer.port};
}

std::string call_id_of(const Plan& plan, uint8_t leg) {
  TextBuffer text;
  append_call_id(text, plan, leg);
  return std::string(text.view());
}

std::string user_of(const Identity& identity) {
  TextBuffer text;
  append_user(text, identity);
  return std::string(text.view());
}

// What a script says of a message now and then; empty: nothing.
std::string log_text(const SeenSip& seen) {
  const Step& step = seen.step;
  const Leg& leg = seen.plan.legs[step.leg];
  if ((step.flags & (kRetransmission | kInDialog)) != 0 || step.reverse) return {};
  const uint64_t random = mix(leg.seed, uint64_t{step.cseq} << 16 | step.status);
  const std::string_view method = method_name(step.method);
  if (step.status == 0) {
    if (step.method != Method::Invite || step.hop != 0 || random % 4 != 0) return {};
    return fmt::format("INFO: <script>: {} from {} to {}, source {}", method, user_of(leg.from),
                       user_of(leg.to), format_endpoint(endpoint(seen.plan, seen.src)));
  }
  // Challenges are no news, a failure is told once, where it leaves.
  if (step.status < 400 || step.status == 401 || step.status == 407 || step.hop != 0) return {};
  if (random % 2 != 0) return {};
  return fmt::format("{}: <script>: {} to {} failed: {} {}", step.status < 500 ? "NOTICE" : "ERROR",
                     method, user_of(leg.to), step.status, reason_phrase(step.status));
}

}  // namespace

Nodes::Nodes(const NodeOptions& options) : key_(options.key) {
  for (size_t i = 0; i < kNodes; ++i) {
    nodes_[i].profile = chosen(options.profiles, i, kProfiles[i]);
    nodes_[i].name = chosen(options.names, i, kNames[i]);
    nodes_[i].capture_id = options.capture_id + static_cast<uint32_t>(i);
  }
  // The pbx tells what the edge's program cannot.
  logger_ = hep::sends(nodes_[kEdge].profile, hep::Content::Log) ? kEdge : kPbx;
  logs_ = hep::sends(nodes_[logger_].profile, hep::Content::Log);
  pbx_reports_rtcp_ = hep::sends(nodes_[kPbx].profile, hep::Content::Rtcp);
}

Result<void> Nodes::check() const {
  const auto known = hep::profile_names();
  for (size_t i = 0; i < kNodes; ++i) {
    const std::string& profile = nodes_[i].profile;
    if (std::find(known.begin(), known.end(), profile) == known.end()) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("no HEP profile is called '{}'; there are {}", profile,
                              fmt::join(known, ", ")));
    }
    const hep::Content content = i == kMedia ? hep::Content::Rtcp : hep::Content::Sip;
    if (hep::sends(profile, content)) continue;
    return fail(ErrorCode::InvalidArgument,
                fmt::format("--profile: {} is to report {}, which {} never does", nodes_[i].name,
                            i == kMedia ? "RTCP" : "SIP", profile));
  }
  return {};
}

Result<std::unique_ptr<Nodes>> Nodes::make(const NodeOptions& options) {
  if (options.profiles.size() > kNodes || options.names.size() > kNodes) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("there are {} nodes: at most so many names or profiles", kNodes));
  }
  auto nodes = std::unique_ptr<Nodes>(new Nodes(options));
  SL_TRY_VOID(nodes->check());
  return nodes;
}

void Nodes::send(size_t number, Kind kind, hep::HepInput& input) {
  Node& node = nodes_[number];
  input.node_id = node.capture_id;
  input.node_name = node.name;
  input.password = key_;
  auto message = hep::encode(node.profile, input);
  if (!message) {
    ++node.unencodable;
    return;
  }
  node.link->send(kind, std::move(*message));
}

void Nodes::log(const SeenSip& seen, const hep::HepInput& message) {
  std::string text = log_text(seen);
  if (text.empty()) return;
  hep::HepInput entry = message;
  entry.content = hep::Content::Log;
  entry.level = text.substr(0, text.find(':'));
  entry.payload = std::move(text);
  entry.correlation_id = entry.call_id;
  entry.time.ns += 40 * kMicrosecond;
  send(logger_, Kind::Log, entry);
}

bool Nodes::sip(const SeenSip& seen, Nanoseconds wall) {
  hep::HepInput message;
  message.src = endpoint(seen.plan, seen.src);
  message.dst = endpoint(seen.plan, seen.dst);
  message.transport = seen.transport;
  message.time.ns = wall + kAhead[kEdge];
  message.received = seen.src.host.role != Role::Proxy;
  message.payload = seen.text;
  message.call_id = call_id_of(seen.plan, seen.step.leg);
  send(kEdge, Kind::Sip, message);
  if (logs_) log(seen, message);
  if (!is_pbx(seen.src) && !is_pbx(seen.dst)) return false;
  // A pbx that talks to itself is one place all the same.
  message.received = !is_pbx(seen.src);
  const auto spread = static_cast<Nanoseconds>(mix(seen.plan.seed, static_cast<uint64_t>(wall)) %
                                               uint64_t{100 * kMicrosecond});
  const Nanoseconds way = kWay + spread;
  message.time.ns = wall + kAhead[kPbx] + (message.received ? way : -way);
  send(kPbx, Kind::Sip, message);
  return true;
}

void Nodes::rtcp(const SeenReport& seen, Nanoseconds wall) {
  const size_t node = pbx_reports_rtcp_ && (is_pbx(seen.src) || is_pbx(seen.dst)) ? kPbx : kMedia;
  hep::HepInput report;
  report.content = hep::Content::Rtcp;
  report.src = endpoint(seen.plan, seen.src);
  report.dst = endpoint(seen.plan, seen.dst);
  report.time.ns = wall + kAhead[node];
  report.received = true;
  report.call_id = call_id_of(seen.plan, seen.plan.media[seen.stream].leg);
  report.rtcp = seen.facts;
  send(node, Kind::Rtcp, report);
}

}  // namespace siploom::simulate::live
