#include "simulate/script.h"

#include <algorithm>

#include "simulate/codecs.h"
#include "simulate/sip_text.h"

namespace siploom::simulate {

namespace {

Identity draw_identity(Role role, Rng& rng) {
  Identity who;
  who.name = static_cast<uint8_t>(rng.below(kDisplayNames));
  switch (role) {
    case Role::Phone:
      who.style = rng.one_in(3) ? Identity::Style::Name : Identity::Style::Extension;
      who.number = static_cast<uint16_t>(rng.between(1000, 7999));
      break;
    case Role::Stranger:
      who.number = static_cast<uint16_t>(rng.between(100, 999));
      who.name = 0;
      break;
    default:
      who.style = rng.one_in(2) ? Identity::Style::American : Identity::Style::British;
      who.number = static_cast<uint16_t>(rng.below(1000));
      if (rng.one_in(2)) who.name = 0;
      break;
  }
  return who;
}

}  // namespace

Script::Script(const Settings& settings, uint64_t index, Nanoseconds start, Plan& plan)
    : settings_(settings),
      plan_(plan),
      rng_(mix(settings.seed, index + 1)),
      index_(index),
      now_(start) {
  plan_.clear();
  plan_.seed = rng_.next();
  plan_.ptime_ms = static_cast<unsigned>(settings.ptime / kMillisecond);
  plan_.wire.v6 = rng_.chance(settings.ipv6);
  plan_.wire.mirror = rng_.chance(settings.mirror);
  if (rng_.chance(settings.vlan)) plan_.wire.vlan = static_cast<uint16_t>(rng_.between(100, 107));
  // Each call begins its list of codecs elsewhere, so that all are used.
  const size_t first = rng_.below(settings.codecs.size());
  for (size_t i = 0; i < settings.codecs.size(); ++i) {
    plan_.codecs.push_back(settings.codecs[(first + i) % settings.codecs.size()]);
  }
}

Nanoseconds Script::draw_hold() {
  switch (settings_.hold_shape) {
    case HoldShape::Fixed:
      return settings_.hold;
    case HoldShape::Uniform:
      return rng_.between(settings_.hold / 2, settings_.hold * 3 / 2);
    case HoldShape::Exponential:
      break;
  }
  // Nobody hangs up before having heard anything.
  return std::min(settings_.hold, 2 * kSecond) + rng_.exponential(settings_.hold);
}

uint8_t Script::add_node(Role role) {
  Node node;
  node.host = {role, static_cast<uint16_t>(rng_.below(host_count(role)))};
  node.media_host = node.host;
  if (role == Role::Carrier) node.media_host.role = Role::CarrierMedia;
  node.identity = draw_identity(role, rng_);
  node.profile = profile_number(role, rng_.below(profile_count(role)));
  if (role == Role::Phone && rng_.one_in(4))
    node.port = static_cast<uint16_t>(rng_.between(5062, 5099));
  const auto number = static_cast<uint8_t>(plan_.nodes.size());
  // Eight nodes to a call, 5000 calls until a port comes back.
  node.media_port = static_cast<uint16_t>(10'000 + (index_ * 8 + number) % 25'000 * 2);
  plan_.nodes.push_back(node);
  return number;
}

Transport Script::draw_transport(Node& client, bool first_hop) {
  if (client.browser) return Transport::Ws;
  const bool websocket = rng_.chance(settings_.websocket), tcp = rng_.chance(settings_.tcp);
  if (udp_only_) return Transport::Udp;
  // A telephone is a browser from its first leg on, or never.
  if (first_hop && websocket && plan_.legs.empty() && client.host.role == Role::Phone) {
    client.browser = true;
    client.profile = websocket_profile();
    return Transport::Ws;
  }
  return tcp ? Transport::Tcp : Transport::Udp;
}

uint8_t Script::add_leg(uint8_t client, uint8_t proxy, uint8_t server) {
  const auto number = static_cast<uint8_t>(plan_.legs.size());
  Leg leg;
  leg.path = {client, server, server};
  leg.transport[0] = draw_transport(plan_.nodes[client], true);
  if (proxy != kNoNode) {
    leg.path[1] = proxy;
    leg.nodes = 3;
    leg.transport[1] = draw_transport(plan_.nodes[proxy], false);
  }
  leg.from = plan_.nodes[client].identity;
  leg.to = plan_.nodes[server].identity;
  leg.seed = mix(plan_.seed, 0x1E60u + number);
  leg.tcp_port = static_cast<uint16_t>(20'000 + (index_ * 4 + number) % 44'000);
  leg.next_cseq[0] = static_cast<uint32_t>(rng_.between(1, 200));
  leg.next_cseq[1] = static_cast<uint32_t>(rng_.between(1, 40'000));
  leg.domain = static_cast<uint8_t>(rng_.below(kDomains));
  const bool big = rng_.chance(settings_.fragment);
  leg.big = big && leg.transport[0] == Transport::Udp;
  plan_.legs.push_back(leg);
  return number;
}

bool Script::is_udp(const Transaction& t, size_t hop) const {
  const Leg& leg = plan_.legs[t.leg];
  return leg.transport[Plan::physical_hop(leg, t.reverse, hop)] == Transport::Udp;
}

bool Script::lost(const Transaction& t, size_t hop) {
  return is_udp(t, hop) && rng_.chance(settings_.sip_loss);
}

Nanoseconds Script::latency(uint8_t leg_number, bool reverse, size_t hop) const {
  const Leg& leg = plan_.legs[leg_number];
  const size_t physical = Plan::physical_hop(leg, reverse, hop);
  const uint64_t random = mix(leg.seed, 0x1A7E + physical);
  return 300 * kMicrosecond + static_cast<Nanoseconds>(random % (14 * kMillisecond));
}

void Script::connect(const Transaction& t, size_t hop) {
  if (is_udp(t, hop)) return;
  const Leg& leg = plan_.legs[t.leg];
  const size_t physical = Plan::physical_hop(leg, t.reverse, hop);
  const uint32_t bit = 1u << (t.leg * kMaxHops + physical);
  if ((connected_ & bit) != 0) return;
  connected_ |= bit;
  Step step;
  step.at = now_;
  step.kind = StepKind::Connect;
  step.leg = t.leg;
  step.hop = static_cast<uint8_t>(physical);
  plan_.steps.push_back(step);
  now_ += latency(t.leg, false, physical) * (leg.transport[physical] == Transport::Ws ? 5 : 3);
}

Transaction Script::begin(Method method, uint8_t leg_number, bool reverse, const Content& request) {
  Leg& leg = plan_.legs[leg_number];
  Transaction t;
  t.method = method;
  t.leg = leg_number;
  t.reverse = reverse;
  t.number = leg.next_transaction++;
  t.cseq = leg.next_cseq[reverse ? 1 : 0]++;
  t.request = request;
  return t;
}

void Script::put_at(Nanoseconds at, const Transaction& t, const Content& content, size_t hop) {
  Step step;
  step.at = at;
  step.cseq = t.cseq;
  step.status = content.status;
  step.flags = content.flags;
  step.argument = content.argument;
  step.method = t.method;
  step.leg = t.leg;
  step.hop = static_cast<uint8_t>(hop);
  step.reverse = t.reverse;
  step.fork = t.fork;
  step.transaction = t.number;
  step.body = content.body;
  step.direction = content.direction;
  step.sdp_version = content.sdp_version;
  plan_.steps.push_back(step);
}

void Script::put(const Transaction& t, const Content& content, size_t hop) {
  put_at(now_, t, content, hop);
}

void Script::send_hop(Transaction& t, size_t hop) {
  connect(t, hop);
  t.sent_at[hop] = now_;
  put(t, t.request, hop);
  // An ACK is never repeated for its own sake (RFC 3261 17.1.1.3), so none is lost here.
  Content again = t.request;
  again.flags |= kRetransmission;
  Nanoseconds timer = kT1;
  while (t.method != Method::Ack && timer < 4 * kT1 && lost(t, hop)) {
    now_ += timer;
    timer *= 2;
    put(t, again, hop);
  }
  now_ += latency(t, hop) + rng_.between(200, 3000) * kMicrosecond;
}

void Script::send(Transaction& t) {
  const size_t hops = plan_.legs[t.leg].hops();
  for (size_t hop = 0; hop < hops; ++hop) {
    send_hop(t, hop);
    if (t.method == Method::Invite && hop + 1 < hops) {
      Content trying;
      trying.status = 100;
      trying.flags = t.request.flags & kInDialog;
      put(t, trying, hop);
      now_ += rng_.between(100, 900) * kMicrosecond;
    }
  }
}

void Script::reply_hop(Transaction& t, const Content& content, size_t hop) {
  Content answer = content;
  answer.flags |= t.request.flags & (kInDialog | kHopByHop);
  put(t, answer, hop);
  Content again = answer;
  again.flags |= kRetransmission;
  if (answer.status >= 200 && lost(t, hop)) {
    if (t.method != Method::Invite) {
      // The client asks again (timer E), the server says it again.
      Content asked = t.request;
      asked.flags |= kRetransmission;
      now_ = std::max(t.sent_at[hop] + kT1, now_ + kMillisecond);
      put(t, asked, hop);
      now_ += latency(t, hop);
      put(t, again, hop);
    } else if (answer.status >= 300) {
      now_ += kT1;  // timer G
      put(t, again, hop);
    } else {
      // A 2xx is repeated by the far end, all the way (RFC 3261 13.3.1.4).
      now_ += kT1;
      for (size_t back = plan_.legs[t.leg].hops(); back-- > hop; now_ += latency(t, back)) {
        put(t, again, back);
      }
    }
  }
  now_ += latency(t, hop) + rng_.between(100, 900) * kMicrosecond;
}

void Script::reply_from(Transaction& t, const Content& content, size_t hops) {
  for (size_t hop = hops; hop-- > 0;) reply_hop(t, content, hop);
}

void Script::keep_alive(uint8_t leg) {
  if (plan_.legs[leg].transport[0] == Transport::Udp) return;
  Step step;
  step.at = now_;
  step.kind = StepKind::KeepAlive;
  step.leg = leg;
  plan_.steps.push_back(step);
  now_ += 4 * latency(leg, false, 0);
}

void Script::garbage(uint8_t leg) {
  Step step;
  step.at = now_;
  step.kind = StepKind::Garbage;
  step.leg = leg;
  step.argument = static_cast<uint16_t>(rng_.next());
  plan_.steps.push_back(step);
}

uint8_t Script::add_media(uint8_t a, uint8_t b, uint8_t leg) {
  const auto number = static_cast<uint8_t>(plan_.media.size());
  const auto back = static_cast<uint8_t>(number + 1);
  MediaPlan there;
  there.src = a;
  there.dst = b;
  there.leg = leg;
  there.reverse = back;
  MediaPlan here = there;
  std::swap(here.src, here.dst);
  here.reverse = number;
  plan_.media.push_back(std::move(there));
  plan_.media.push_back(std::move(here));
  return number;
}

void Script::sound(uint8_t stream, Nanoseconds from, Nanoseconds to, uint8_t codec) {
  if (!settings_.media) return;
  std::vector<MediaSpan>& spans = plan_.media[stream].spans;
  if (settings_.media_limit > 0) {
    const Nanoseconds begin = spans.empty() ? from : spans.front().from;
    to = std::min(to, begin + settings_.media_limit);
  }
  if (from < to) spans.push_back({from, to, codec});
}

void Script::finish() {
  Nanoseconds end = now_;
  for (const Step& step : plan_.steps) end = std::max(end, step.at);
  const auto legs = static_cast<uint8_t>(plan_.legs.size());
  for (uint8_t leg = 0; leg < legs; ++leg) {
    for (uint8_t hop = 0; hop < kMaxHops; ++hop) {
      if ((connected_ >> (leg * kMaxHops + hop) & 1) == 0) continue;
      Step step;
      step.at = end + rng_.between(200, 4000) * kMillisecond;
      step.kind = StepKind::Close;
      step.leg = leg;
      step.hop = hop;
      plan_.steps.push_back(step);
    }
  }
  // By insertion: the steps are few and nearly in order, and those of one time keep theirs.
  for (size_t i = 1; i < plan_.steps.size(); ++i) {
    const Step step = plan_.steps[i];
    size_t at = i;
    for (; at > 0 && step.at < plan_.steps[at - 1].at; --at) plan_.steps[at] = plan_.steps[at - 1];
    plan_.steps[at] = step;
  }
}

}  // namespace siploom::simulate
