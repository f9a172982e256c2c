#include "simulate/call_player.h"

#include <algorithm>

namespace siploom::simulate {

namespace {

constexpr uint16_t kWebsocketPort = 8088;
// Messages that one stack hands to its connection within this time leave in one segment (RFC
// 9293 3.7.4).
constexpr Nanoseconds kNagle = 3 * kMillisecond;
constexpr size_t kMostTogether = 4;

}  // namespace

Nanoseconds CallPlayer::start(const Settings& settings) {
  step_ = 0;
  while (step_ < plan_.steps.size() && plan_.steps[step_].at < plan_.begin_seen) ++step_;
  records_.assign(plan_.legs.size(), {});
  connections_.assign(plan_.legs.size() * kMaxHops, {});
  streams_.clear();
  for (size_t i = 0; settings.media && i < plan_.media.size(); ++i) {
    streams_.emplace_back(settings, plan_, static_cast<uint8_t>(i));
  }
  return next();
}

CallPlayer::Amount CallPlayer::planned(const Settings& settings) const {
  Amount amount;
  for (size_t i = step_; i < plan_.steps.size(); ++i) {
    if (plan_.steps[i].kind == StepKind::Message) ++amount.messages;
  }
  amount.packets = plan_.steps.size() - step_;
  for (const MediaPlan& media : plan_.media) {
    for (const MediaSpan& span : media.spans) {
      amount.packets +=
          static_cast<uint64_t>((span.to - span.from + settings.ptime - 1) / settings.ptime);
    }
  }
  return amount;
}

Nanoseconds CallPlayer::next() const {
  Nanoseconds first = step_ < plan_.steps.size() ? plan_.steps[step_].at : kNever;
  for (const RtpStream& stream : streams_) {
    first = std::min({first, stream.next_packet(), stream.next_report()});
  }
  return first;
}

Nanoseconds CallPlayer::play(Stage& stage, Nanoseconds now) {
  for (size_t i = 0; i < streams_.size(); ++i) {
    RtpStream& stream = streams_[i];
    while (stream.next_packet() <= now)
      stream.send_packet(plan_, stage.sounds, stage.out, stage.truth);
    if (stream.next_report() <= now) {
      stream.send_report(plan_, streams_[plan_.media[i].reverse], stage.out, stage.truth);
    }
  }
  while (step_ < plan_.steps.size() && plan_.steps[step_].at <= now) play_step(stage);
  return next();
}

Transport CallPlayer::transport_of(const Step& step) const {
  return plan_.legs[step.leg].transport[physical_hop(step)];
}

Peer CallPlayer::peer(const Step& step, size_t position) const {
  const Node& node =
      plan_.nodes[plan_.node_at(plan_.legs[step.leg], step.reverse, position, step.fork)];
  return {node.host, node.port};
}

Nanoseconds CallPlayer::connection_latency(const Step& step) const {
  // A fifth of what Script::connect() waits for an upgrade at the least.
  return 300 * kMicrosecond + static_cast<Nanoseconds>(plan_.legs[step.leg].seed % 1000);
}

void CallPlayer::play_step(Stage& stage) {
  const Step step = plan_.steps[step_];
  const Leg& leg = plan_.legs[step.leg];
  const size_t hop = step.hop;
  switch (step.kind) {
    case StepKind::Message:
      return play_message(stage, step);
    case StepKind::Connect: {
      const bool websocket = leg.transport[hop] == Transport::Ws;
      const Node& server = plan_.nodes[leg.path[hop + 1]];
      const Peer from{plan_.nodes[leg.path[hop]].host, leg.tcp_port};
      const Peer to{server.host, websocket ? kWebsocketPort : server.port};
      connection(step.leg, hop)
          .open(stage.out, plan_.wire, from, to, websocket, mix(leg.seed, hop), step.at,
                connection_latency(step));
      break;
    }
    case StepKind::KeepAlive:
      connection(step.leg, hop).keep_alive(stage.out, step.at, connection_latency(step));
      break;
    case StepKind::Close:
      connection(step.leg, hop)
          .close(stage.out, leg.seed % 4 != 0, step.at, connection_latency(step));
      break;
    case StepKind::Garbage:
      garbage(stage, step);
      break;
  }
  ++step_;
}

void CallPlayer::garbage(Stage& stage, const Step& step) {
  uint8_t bytes[64];
  Rng rng(mix(plan_.seed, step.argument));
  const size_t size = 1 + rng.below(sizeof bytes);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(rng.next());
  // Neither a letter, nor RTP's version 2, nor a line end that is a keep-alive.
  bytes[0] = 0x07;
  stage.out.udp(plan_.wire, peer(step, 0), peer(step, 1), {bytes, size}, step.at);
  if (stage.out.feed() == nullptr) ++stage.truth.not_voip;  // no agent reports such a thing
}

void CallPlayer::play_message(Stage& stage, const Step& step) {
  const Transport transport = transport_of(step);
  if (transport != Transport::Udp) return play_stream_messages(stage);
  const std::string_view text = stage.renderer.render(plan_, step);
  const size_t from = step.status == 0 ? step.hop : step.hop + size_t{1};
  const size_t to = step.status == 0 ? step.hop + size_t{1} : step.hop;
  const bool mirrored =
      stage.out.udp(plan_.wire, peer(step, from), peer(step, to), as_bytes(text), step.at);
  const bool copied = tell(stage, step, text) || mirrored;
  count(stage, step, transport, copied);
  ++step_;
}

bool CallPlayer::tell(Stage& stage, const Step& step, std::string_view text) const {
  if (stage.out.feed() == nullptr) return false;
  const Transport transport = transport_of(step);
  const size_t request_from = step.hop, request_to = step.hop + size_t{1};
  Peer src = peer(step, step.status == 0 ? request_from : request_to);
  Peer dst = peer(step, step.status == 0 ? request_to : request_from);
  if (transport != Transport::Udp) {
    // The ports of its connection.
    Peer& client = from_client(step) ? src : dst;
    Peer& server = from_client(step) ? dst : src;
    client.port = plan_.legs[step.leg].tcp_port;
    if (transport == Transport::Ws) server.port = kWebsocketPort;
  }
  return stage.out.feed()->sip({plan_, step, text, src, dst, transport});
}

// Renders the message at the cursor, and those right behind it that leave in the same segments.
void CallPlayer::play_stream_messages(Stage& stage) {
  const Step first = plan_.steps[step_];
  const Transport transport = transport_of(first);
  const bool by_client = from_client(first);
  const uint64_t random = mix(plan_.seed, step_ + 0x7C9);
  TextBuffer& bytes = stage.stream_bytes;
  bytes.clear();
  Nanoseconds at = first.at;
  size_t together = 0;
  for (; together < kMostTogether && step_ < plan_.steps.size(); ++together, ++step_) {
    const Step& step = plan_.steps[step_];
    if (step.kind != StepKind::Message || step.leg != first.leg ||
        physical_hop(step) != physical_hop(first) || from_client(step) != by_client ||
        step.at - first.at > kNagle) {
      break;
    }
    const std::string_view text = stage.renderer.render(plan_, step);
    if (transport == Transport::Ws) {
      const auto key = static_cast<uint32_t>(random >> 8 | 1);
      // A message may come in fragments (RFC 6455 5.4); here one in 32 does.
      const bool split = random % 32 == 0 && together == 0;
      const size_t cut = split ? text.size() / 3 : text.size();
      append_ws_frame(bytes, WsOpcode::Text, !split, by_client, key, text.substr(0, cut));
      if (split)
        append_ws_frame(bytes, WsOpcode::Continuation, true, by_client, key, text.substr(cut));
    } else {
      bytes << text;
    }
    at = step.at;
    count(stage, step, transport, tell(stage, step, text));
  }
  // Some stacks write a message in two goes, but never so that its first line is cut.
  const bool in_two = (random >> 40) % 16 == 0 && bytes.size() != 0;
  const size_t split_at = in_two ? 100 + (random >> 20) % bytes.size() : 0;
  connection(first.leg, physical_hop(first))
      .send(stage.out, by_client, bytes.bytes(), split_at, at);
}

void CallPlayer::count(Stage& stage, const Step& step, Transport transport, bool copied) {
  Truth& truth = stage.truth;
  ++truth.sip_messages;
  ++truth.transports[static_cast<size_t>(transport)];
  if (step.status == 0) {
    ++truth.requests[static_cast<size_t>(step.method)];
    if (plan_.legs[step.leg].broken_length) ++truth.sip_malformed;
  } else {
    ++truth.responses[step.status];
  }
  if ((step.flags & kRetransmission) != 0) ++truth.sip_retransmissions;
  if (copied) ++truth.sip_copies;
  CallRecord& record = records_[step.leg];
  if (record.is_empty()) ++truth.call_ids;
  if (stage.out.feed() == nullptr) return record.note(plan_.legs[step.leg], step, copied);
  // What is said of a call are times that clocks on walls show.
  Step shown = step;
  shown.at = stage.out.feed()->wall(step.at);
  record.note(plan_.legs[step.leg], shown, copied);
}

bool CallPlayer::is_open() const {
  return std::any_of(records_.begin(), records_.end(),
                     [](const CallRecord& r) { return r.is_open(); });
}

void CallPlayer::append_records(std::string& out, Nanoseconds now) const {
  for (size_t leg = 0; leg < records_.size(); ++leg) {
    if (records_[leg].is_empty()) continue;
    records_[leg].append_json(out, plan_, static_cast<uint8_t>(leg), streams_, now);
  }
}

}  // namespace siploom::simulate
