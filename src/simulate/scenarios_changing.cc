#include "simulate/flow.h"
#include "simulate/scenarios.h"

namespace siploom::simulate {

namespace {

struct Talk {
  uint8_t leg = 0;
  uint8_t stream = 0;
};

// A call up to where both can hear each other; its media is left to what follows.
Talk answered_call(Script& s, uint8_t leg) {
  Transaction invite = dial(s, leg);
  ring(s, invite);
  answer(s, invite);
  const Leg& made = s.leg(leg);
  return {leg, s.add_media(made.path[0], made.path[made.nodes - 1u], leg)};
}

uint8_t direct_or_proxied(Script& s) { return s.rng().one_in(2) ? proxied_leg(s) : direct_leg(s); }

// A third of what calls last, at least a second.
Nanoseconds part_of_hold(Script& s) {
  const Nanoseconds part = s.draw_hold() / 3;
  return part < kSecond ? kSecond : part;
}

void sound_for(Script& s, const Talk& talk, Nanoseconds duration) {
  s.sound_both(talk.stream, s.now(), s.now() + duration, s.plan().codecs[0]);
  s.wait(duration);
}

Content offering(Direction direction, uint8_t version) {
  Content content;
  content.direction = direction;
  content.sdp_version = version;
  return content;
}

// sendonly with music from the one who holds, or inactive (RFC 3264 8.4), then back.
void held(Script& s) {
  const Talk talk = answered_call(s, direct_or_proxied(s));
  sound_for(s, talk, part_of_hold(s));
  const bool by_callee = s.rng().one_in(2), music = s.rng().one_in(2);
  reinvite(s, talk.leg, by_callee, offering(music ? Direction::SendOnly : Direction::Inactive, 1),
           offering(music ? Direction::RecvOnly : Direction::Inactive, 1));
  const Nanoseconds pause = part_of_hold(s);
  if (music) {
    const auto holder = static_cast<uint8_t>(talk.stream + (by_callee ? 1 : 0));
    s.sound(holder, s.now(), s.now() + pause, s.plan().codecs[0]);
  }
  s.wait(pause);
  reinvite(s, talk.leg, by_callee, offering(Direction::SendRecv, 2),
           offering(Direction::SendRecv, 2));
  sound_for(s, talk, part_of_hold(s));
  hang_up(s, talk.leg, s.rng().one_in(2));
}

void codec_changed(Script& s) {
  const Talk talk = answered_call(s, direct_or_proxied(s));
  sound_for(s, talk, part_of_hold(s));
  Content offer = offering(Direction::SendRecv, 1);
  offer.flags = kSecondCodec;
  reinvite(s, talk.leg, s.rng().one_in(2), offer, offer);
  const Plan& plan = s.plan();
  const uint8_t codec = plan.codecs[plan.codecs.size() > 1 ? 1 : 0];
  const Nanoseconds end = s.now() + part_of_hold(s);
  s.sound_both(talk.stream, s.now(), end, codec);
  s.go_to(end);
  hang_up(s, talk.leg, s.rng().one_in(2));
}

// What the one who was referred reports back (RFC 3515 2.4.4).
void report(Script& s, uint8_t leg, bool reverse, uint16_t status) {
  Content notify;
  notify.body = Body::Sipfrag;
  notify.argument = status;
  ask(s, Method::Notify, leg, reverse, notify);
}

// The callee sends the caller on to somebody else (RFC 5589 6).
void blind_transfer(Script& s) {
  const uint8_t a = s.add_node(Role::Phone), b = s.add_node(Role::Phone),
                c = s.add_node(Role::Phone);
  const uint8_t leg = s.add_leg(a, b);
  const Talk first = answered_call(s, leg);
  sound_for(s, first, part_of_hold(s));
  Content refer;
  refer.argument = c;
  ask(s, Method::Refer, leg, true, refer, 202);
  report(s, leg, false, 100);
  hang_up(s, leg, true);
  const uint8_t next = s.add_leg(a, c);
  s.leg(next).referred_by = leg;
  s.leg(next).domain = s.leg(leg).domain;
  const Talk second = answered_call(s, next);
  const Nanoseconds answered_at = s.now();
  report(s, leg, false, 200);
  s.go_to(answered_at);
  sound_for(s, second, part_of_hold(s));
  hang_up(s, next, s.rng().one_in(2));
}

// The callee asks the third party first, then joins the two (RFC 5589 7): the new call replaces the
// consultation.
void attended_transfer(Script& s) {
  const uint8_t a = s.add_node(Role::Phone), b = s.add_node(Role::Phone),
                c = s.add_node(Role::Phone);
  const uint8_t leg = s.add_leg(a, b);
  const Talk first = answered_call(s, leg);
  sound_for(s, first, part_of_hold(s));
  reinvite(s, leg, true, offering(Direction::SendOnly, 1), offering(Direction::RecvOnly, 1));
  const uint8_t consultation = s.add_leg(b, c);
  const Talk question = answered_call(s, consultation);
  sound_for(s, question, part_of_hold(s));
  Content refer;
  refer.argument = static_cast<uint16_t>((consultation + 1) << 8 | c);
  ask(s, Method::Refer, leg, true, refer, 202);
  report(s, leg, false, 100);
  const uint8_t next = s.add_leg(a, c);
  s.leg(next).replaces = consultation;
  s.leg(next).referred_by = leg;
  s.leg(next).domain = s.leg(leg).domain;
  Transaction invite = dial(s, next);
  answer(s, invite);
  const Nanoseconds answered_at = s.now();
  hang_up(s, consultation, true);
  report(s, leg, false, 200);
  hang_up(s, leg, true);
  s.go_to(answered_at);
  const Talk last{next, s.add_media(a, c, next)};
  sound_for(s, last, part_of_hold(s));
  hang_up(s, next, s.rng().one_in(2));
}

// A session refreshed by UPDATE (RFC 3311, RFC 4028).
void updated(Script& s) {
  const uint8_t leg = trunk_leg(s);
  const Talk talk = answered_call(s, leg);
  for (uint8_t i = 0; i < 2; ++i) {
    sound_for(s, talk, part_of_hold(s));
    ask(s, Method::Update, leg, false, {});
  }
  sound_for(s, talk, part_of_hold(s));
  hang_up(s, leg, s.rng().one_in(2));
}

// Digits in INFO (RFC 6086), as gateways without telephone-events send them.
void digits_by_info(Script& s) {
  const Talk talk = answered_call(s, direct_or_proxied(s));
  const Nanoseconds begin = s.now();
  const auto digits = 1 + s.rng().below(6);
  for (uint64_t i = 0; i < digits; ++i) {
    s.wait_ms(400, 1500);
    Content digit;
    digit.body = Body::Digit;
    digit.argument = static_cast<uint16_t>(s.rng().below(12));
    ask(s, Method::Info, talk.leg, false, digit);
  }
  const Nanoseconds end = s.now() + part_of_hold(s);
  s.sound_both(talk.stream, begin, end, s.plan().codecs[0]);
  s.go_to(end);
  hang_up(s, talk.leg, s.rng().one_in(2));
}

constexpr Scenario kChanging[] = {
    {"hold", "held by re-INVITE (sendonly or inactive) and taken back", held},
    {"codec-change", "another codec by re-INVITE", codec_changed},
    {"blind-transfer", "REFER, NOTIFY with sipfrag, a new call", blind_transfer},
    {"attended-transfer", "consultation, REFER with Replaces, the call that replaces it",
     attended_transfer},
    {"update", "session timers refreshed by UPDATE", updated},
    {"dtmf-info", "digits in INFO", digits_by_info},
};

}  // namespace

std::span<const Scenario> changing_scenarios() { return kChanging; }

}  // namespace siploom::simulate
