#include <algorithm>

#include "simulate/codecs.h"
#include "simulate/flow.h"
#include "simulate/scenarios.h"
#include "simulate/sip_text.h"

namespace siploom::simulate {

namespace {

void converse(Script& s, uint8_t leg) {
  Transaction invite = dial(s, leg);
  ring(s, invite);
  answer(s, invite);
  talk(s, leg);
  hang_up(s, leg, s.rng().one_in(2));
}

void answered(Script& s) { converse(s, direct_leg(s)); }
void through_proxy(Script& s) { converse(s, proxied_leg(s)); }
void through_trunk(Script& s) {
  const uint8_t leg = trunk_leg(s);
  Transaction invite = dial(s, leg);
  ring(s, invite);
  answer(s, invite);
  talk(s, leg);
  hang_up(s, leg, s.rng().one_in(2), 0, 16);
}

void authenticated(Script& s) {
  const uint8_t leg = s.rng().one_in(2) ? proxied_leg(s) : direct_leg(s);
  Content offer;
  offer.body = Body::Offer;
  Transaction first = s.begin(Method::Invite, leg, false, offer);
  s.send_hop(first, 0);
  challenge(s, first);
  s.wait_ms(5, 40);
  Transaction invite = again_with_credentials(s, first);
  s.send(invite);
  ring(s, invite);
  answer(s, invite);
  talk(s, leg);
  hang_up(s, leg, s.rng().one_in(2));
}

// Both legs of a call that a PBX puts together, and the media it passes on.
void through_b2bua(Script& s) {
  const uint8_t caller = s.add_node(Role::Phone), inside = s.add_node(Role::Pbx);
  const uint8_t outside = s.add_node(Role::Pbx);
  const uint8_t callee = s.add_node(s.rng().one_in(2) ? Role::Carrier : Role::Phone);
  Plan& plan = s.plan();
  // One machine with two sides, which says who calls, not who it is.
  Node& far_side = plan.nodes[outside];
  far_side.host = far_side.media_host = plan.nodes[inside].host;
  far_side.profile = plan.nodes[inside].profile;
  plan.nodes[inside].identity = plan.nodes[callee].identity;
  far_side.identity = plan.nodes[caller].identity;
  const uint8_t a = s.add_leg(caller, inside), b = s.add_leg(outside, callee);
  s.leg(b).x_call_id = a;
  s.leg(b).domain = kNoDomain;

  Transaction first = dial(s, a);
  s.wait_ms(2, 20);
  Transaction second = dial(s, b);
  ring(s, second, 5, 10);
  Content ringing;
  ringing.status = 180;
  s.reply(first, ringing);
  s.wait_ms(1000, 7000);
  answer(s, second);
  answer(s, first);
  const uint8_t near = s.add_media(caller, inside, a), far = s.add_media(outside, callee, b);
  plan.media[far].relay_of = near;
  plan.media[near + 1u].relay_of = static_cast<uint8_t>(far + 1);
  const Nanoseconds end = s.now() + s.draw_hold();
  for (const uint8_t stream : {near, far}) s.sound_both(stream, s.now(), end, plan.codecs[0]);
  s.go_to(end);
  const bool by_callee = s.rng().one_in(2);
  hang_up(s, by_callee ? b : a, by_callee);
  s.wait_ms(1, 5);
  hang_up(s, by_callee ? a : b, by_callee);
}

// A proxy rings two telephones; one answers, the other is told so (RFC 3261 16.7).
void forked(Script& s) {
  s.udp_only();
  const uint8_t leg = proxied_leg(s);
  const uint8_t second = s.add_node(Role::Phone);
  s.plan().nodes[second].identity = s.leg(leg).to;
  s.leg(leg).second_target = second;
  Transaction first = dial(s, leg);
  Transaction other = first;
  other.fork = 1;
  s.send_hop(other, 1);
  Content ringing;
  ringing.status = 180;
  s.wait_ms(30, 90);
  s.reply(first, ringing);
  s.wait_ms(10, 60);
  s.reply(other, ringing);
  s.wait_ms(1500, 8000);
  Transaction& winner = s.rng().one_in(2) ? first : other;
  Transaction& loser = &winner == &first ? other : first;
  Content ok;
  ok.status = 200;
  ok.body = Body::Answer;
  s.reply(winner, ok);
  const Nanoseconds answered_at = s.now();
  cancel_hop(s, loser, 1, 200);
  Content terminated;
  terminated.status = 487;
  fail_hop(s, loser, terminated, 1);
  s.go_to(answered_at);
  acknowledge(s, winner);
  talk(s, leg, winner.fork);
  hang_up(s, leg, s.rng().one_in(2), winner.fork);
}

// 183 with SDP, made reliable by PRACK (RFC 3262), and an announcement before the answer.
void early_media(Script& s) {
  const uint8_t leg = s.rng().one_in(2) ? trunk_leg(s) : direct_leg(s);
  Transaction invite = dial(s, leg, kReliable);
  s.wait_ms(50, 300);
  Content progress;
  progress.status = 183;
  progress.flags = kReliable;
  progress.body = Body::Answer;
  s.reply(invite, progress);
  Content prack;
  prack.flags = kReliable;
  prack.argument = static_cast<uint16_t>(invite.cseq);
  const uint8_t stream = s.add_media(s.leg(leg).path[0], s.leg(leg).path[1], leg);
  const Nanoseconds begin = s.now();
  ask(s, Method::Prack, leg, false, prack);
  s.wait_ms(2000, 6000);
  Content ok;
  ok.status = 200;
  s.reply(invite, ok);
  acknowledge(s, invite);
  const Nanoseconds end = s.now() + s.draw_hold();
  const uint8_t codec = s.plan().codecs[0];
  s.sound(stream, s.now(), end, codec);
  s.sound(static_cast<uint8_t>(stream + 1), begin, end, codec);
  s.go_to(end);
  hang_up(s, leg, s.rng().one_in(2));
}

// The 200 is lost twice, so that it is repeated until its ACK comes (RFC 3261 13.3.1.4); the INVITE
// is lost once.
void retransmitted(Script& s) {
  s.udp_only();
  const uint8_t leg = direct_leg(s);
  Content offer;
  offer.body = Body::Offer;
  Transaction invite = s.begin(Method::Invite, leg, false, offer);
  s.put(invite, offer, 0);
  s.wait(kT1);
  offer.flags |= kRetransmission;
  s.put(invite, offer, 0);
  s.wait_ms(5, 20);
  ring(s, invite);
  Content ok;
  ok.status = 200;
  ok.body = Body::Answer;
  s.put(invite, ok, 0);
  ok.flags |= kRetransmission;
  s.wait(kT1);
  s.put(invite, ok, 0);
  s.wait(2 * kT1);
  s.reply_hop(invite, ok, 0);
  acknowledge(s, invite);
  talk(s, leg);
  hang_up(s, leg, s.rng().one_in(2));
}

// Digits pressed while talking, as telephone-events in the stream (RFC 4733).
void pressed_digits(Script& s) {
  const uint8_t leg = direct_leg(s);
  // SDP here names telephone-event/8000 alone, which goes with codecs of that clock (RFC
  // 4733 7.1.1).
  std::vector<uint8_t>& codecs = s.plan().codecs;
  const auto fits = [](uint8_t number) { return codec(number).clock_hz == 8000; };
  const auto first = std::find_if(codecs.begin(), codecs.end(), fits);
  if (first != codecs.end()) std::swap(*first, codecs.front());
  Transaction invite = dial(s, leg);
  ring(s, invite);
  answer(s, invite);
  const Nanoseconds begin = s.now();
  const Nanoseconds hold = talk(s, leg);
  Nanoseconds at = begin + s.rng().between(500, 1200) * kMillisecond;
  for (int i = 0; i < 6 && at + kSecond < begin + hold; ++i) {
    s.plan().media[0].digits.emplace_back(at, static_cast<uint8_t>(s.rng().below(12)));
    at += s.rng().between(450, 1500) * kMillisecond;
  }
  hang_up(s, leg, s.rng().one_in(2));
}

// The callee hears nothing: what the caller sends never passes its NAT.
void one_way(Script& s) {
  const uint8_t leg = proxied_leg(s);
  Transaction invite = dial(s, leg);
  ring(s, invite);
  answer(s, invite);
  talk(s, leg);
  s.plan().media[0].spans.clear();
  hang_up(s, leg, false);
}

constexpr Scenario kAnswered[] = {
    {"answered", "a call that is answered, talked and hung up: seven messages", answered},
    {"proxy", "answered through a stateful proxy, both of its sides captured", through_proxy},
    {"trunk", "PBX to carrier: P-Asserted-Identity, session timers, Reason", through_trunk},
    {"auth", "answered after a 401 or 407 challenge", authenticated},
    {"b2bua", "two legs joined by a PBX (X-Call-ID), which relays the media", through_b2bua},
    {"fork", "two telephones ring, one answers, the other gets CANCEL", forked},
    {"early-media", "183 with SDP, PRACK, sound before the answer", early_media},
    {"retransmit", "INVITE sent twice, 200 three times until its ACK", retransmitted},
    {"dtmf-rtp", "digits as telephone-events within RTP", pressed_digits},
    {"one-way", "sound in one direction only", one_way},
};

}  // namespace

std::span<const Scenario> answered_scenarios() { return kAnswered; }

}  // namespace siploom::simulate
