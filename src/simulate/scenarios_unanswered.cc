#include "simulate/flow.h"
#include "simulate/scenarios.h"

namespace siploom::simulate {

namespace {

uint8_t some_leg(Script& s) {
  switch (s.rng().below(3)) {
    case 0:
      return direct_leg(s);
    case 1:
      return proxied_leg(s);
    default:
      return trunk_leg(s);
  }
}

void cancelled(Script& s) {
  Transaction invite = dial(s, some_leg(s));
  ring(s, invite, 2000, 15'000);
  cancel(s, invite, s.rng().one_in(3) ? 16 : 0);
}

void busy(Script& s) {
  Transaction invite = dial(s, some_leg(s));
  s.wait_ms(20, 200);
  fail(s, invite, s.rng().one_in(8) ? 600 : 486, 17);
}

void no_answer(Script& s) {
  Transaction invite = dial(s, some_leg(s));
  ring(s, invite, 15'000, 30'000);
  fail(s, invite, 480, 19);
}

// The proxy gives up on a telephone that does not even say 100 (timer B, RFC 3261 16.7).
void timed_out(Script& s) {
  s.udp_only();
  const uint8_t leg = proxied_leg(s);
  Content offer;
  offer.body = Body::Offer;
  Transaction invite = s.begin(Method::Invite, leg, false, offer);
  s.send_hop(invite, 0);
  Content trying;
  trying.status = 100;
  s.put(invite, trying, 0);
  const Nanoseconds begin = s.now();
  s.put(invite, offer, 1);
  offer.flags |= kRetransmission;
  Nanoseconds interval = kT1;
  for (Nanoseconds at = kT1; at < 64 * kT1; interval *= 2, at += interval) {
    s.put_at(begin + at, invite, offer, 1);
  }
  s.go_to(begin + 64 * kT1);
  Content timeout;
  timeout.status = 408;
  timeout.flags = kFromProxy;
  fail_hop(s, invite, timeout, 0);
}

// Nobody there: the INVITE is sent seven times (timer A), then given up.
void unreachable(Script& s) {
  s.udp_only();
  const uint8_t leg = s.rng().one_in(2) ? trunk_leg(s) : direct_leg(s);
  Content offer;
  offer.body = Body::Offer;
  Transaction invite = s.begin(Method::Invite, leg, false, offer);
  s.put(invite, offer, 0);
  offer.flags |= kRetransmission;
  const Nanoseconds begin = s.now();
  Nanoseconds interval = kT1;
  for (Nanoseconds at = kT1; at < 64 * kT1; interval *= 2, at += interval) {
    s.put_at(begin + at, invite, offer, 0);
  }
}

void rejected(Script& s) {
  struct Refusal {
    uint16_t status, cause;
  };
  constexpr Refusal kRefusals[] = {{403, 21}, {404, 1}, {488, 0}, {603, 21},
                                   {404, 0},  {484, 0}, {410, 0}};
  const Refusal refusal = s.rng().pick(kRefusals);
  Transaction invite = dial(s, some_leg(s));
  s.wait_ms(10, 300);
  fail(s, invite, refusal.status, refusal.cause);
}

void server_error(Script& s) {
  struct Refusal {
    uint16_t status, cause;
  };
  constexpr Refusal kRefusals[] = {{500, 41}, {502, 27}, {503, 34}, {503, 0}, {504, 0}};
  const Refusal refusal = s.rng().pick(kRefusals);
  Transaction invite = dial(s, some_leg(s));
  s.wait_ms(10, 2000);
  fail(s, invite, refusal.status, refusal.cause);
}

void redirected(Script& s) {
  Transaction invite = dial(s, direct_leg(s));
  s.wait_ms(10, 80);
  fail(s, invite, 302);
}

// The password is wrong: refused again.
void auth_failed(Script& s) {
  const uint8_t leg = s.rng().one_in(2) ? proxied_leg(s) : direct_leg(s);
  Content offer;
  offer.body = Body::Offer;
  Transaction first = s.begin(Method::Invite, leg, false, offer);
  s.send_hop(first, 0);
  challenge(s, first);
  s.wait_ms(5, 40);
  Transaction second = again_with_credentials(s, first);
  s.send_hop(second, 0);
  s.wait_ms(5, 40);
  challenge(s, second, kStale);
}

// The capture began when they were talking already.
void cut_begin(Script& s) {
  s.udp_only();
  const Nanoseconds seen_from = s.now();
  s.plan().begin_seen = seen_from;
  s.go_to(seen_from - 30 * kSecond);
  const uint8_t leg = direct_leg(s);
  Transaction invite = dial(s, leg);
  ring(s, invite);
  answer(s, invite);
  const uint8_t stream = s.add_media(s.leg(leg).path[0], s.leg(leg).path[1], leg);
  const Nanoseconds end = seen_from + s.draw_hold();
  s.sound_both(stream, seen_from, end, s.plan().codecs[0]);
  s.go_to(end);
  hang_up(s, leg, s.rng().one_in(2));
}

// Its end never comes: still ringing, or still talking.
void cut_end(Script& s) {
  const uint8_t leg = direct_leg(s);
  Transaction invite = dial(s, leg);
  ring(s, invite);
  if (s.rng().one_in(3)) return;
  answer(s, invite);
  talk(s, leg);
}

constexpr Scenario kUnanswered[] = {
    {"cancel", "the caller gives up while it rings: CANCEL, 487", cancelled},
    {"busy", "486, or 600", busy},
    {"no-answer", "rings for long, then 480", no_answer},
    {"timeout", "a proxy that gets no answer says 408", timed_out},
    {"unreachable", "no response at all: the INVITE is sent seven times", unreachable},
    {"rejected", "403, 404, 410, 484, 488 or 603, some with a Reason", rejected},
    {"server-error", "500, 502, 503 or 504", server_error},
    {"redirect", "302", redirected},
    {"auth-fail", "wrong credentials: 401 or 407 again", auth_failed},
    {"cut-begin", "in progress when the capture begins", cut_begin},
    {"cut-end", "open when the capture ends", cut_end},
};

}  // namespace

std::span<const Scenario> unanswered_scenarios() { return kUnanswered; }

}  // namespace siploom::simulate
