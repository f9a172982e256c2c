#include "simulate/flow.h"

#include "simulate/sip_text.h"

namespace siploom::simulate {

namespace {

uint8_t server_of(const Script& /*s*/, const Leg& leg) { return leg.path[leg.nodes - 1]; }

Content response(uint16_t status) {
  Content content;
  content.status = status;
  return content;
}

}  // namespace

uint8_t direct_leg(Script& s) {
  if (s.rng().one_in(4)) {
    const uint8_t client = s.add_node(Role::Pbx), server = s.add_node(Role::Pbx);
    // Two lines of one host would be one endpoint; the neighbour is another one.
    Host& host = s.plan().nodes[server].host;
    if (host == s.plan().nodes[client].host) {
      host.index = static_cast<uint16_t>((host.index + 1) % host_count(Role::Pbx));
      s.plan().nodes[server].media_host = host;
    }
    return s.add_leg(client, server);
  }
  const uint8_t client = s.add_node(Role::Phone), server = s.add_node(Role::Pbx);
  return s.add_leg(client, server);
}

uint8_t proxied_leg(Script& s) {
  const uint8_t client = s.add_node(Role::Phone), proxy = s.add_node(Role::Proxy);
  const uint8_t server = s.add_node(Role::Phone);
  return s.add_leg(client, proxy, server);
}

uint8_t trunk_leg(Script& s) {
  const uint8_t client = s.add_node(Role::Pbx), server = s.add_node(Role::Carrier);
  Identity& caller = s.plan().nodes[client].identity;
  caller.style = Identity::Style::British;
  const uint8_t number = s.add_leg(client, server);
  Leg& leg = s.leg(number);
  leg.domain = kNoDomain;
  leg.asserted_identity = true;
  leg.session_timer = true;
  return number;
}

Transaction dial(Script& s, uint8_t leg, uint16_t flags) {
  Content invite;
  invite.flags = flags;
  invite.body = Body::Offer;
  Transaction t = s.begin(Method::Invite, leg, false, invite);
  s.send(t);
  s.reply_hop(t, response(100), s.leg(leg).hops() - 1);
  return t;
}

void challenge(Script& s, Transaction& t, uint16_t extra_flags) {
  const bool by_proxy = s.leg(t.leg).hops() > 1;
  Content refusal = response(by_proxy ? 407 : 401);
  refusal.flags = static_cast<uint16_t>(extra_flags | (by_proxy ? kFromProxy : 0));
  if (t.method == Method::Invite) {
    fail_hop(s, t, refusal, 0);
  } else {
    s.reply_hop(t, refusal, 0);
  }
}

Transaction again_with_credentials(Script& s, const Transaction& t) {
  Content request = t.request;
  request.flags |= kCredentials;
  if (s.leg(t.leg).hops() > 1) request.flags |= kFromProxy;
  return s.begin(t.method, t.leg, t.reverse, request);
}

void ring(Script& s, Transaction& invite, int64_t low_ms, int64_t high_ms) {
  s.wait_ms(20, 200);
  s.reply(invite, response(180));
  s.wait_ms(low_ms, high_ms);
}

void acknowledge(Script& s, const Transaction& invite) {
  Content ack;
  ack.flags = kInDialog;
  Transaction t = invite;
  t.method = Method::Ack;
  t.request = ack;
  // The ACK of a 2xx is a transaction of its own, with a branch of its own (RFC 3261 13.2.2.4).
  t.number = s.leg(invite.leg).next_transaction++;
  s.send(t);
}

void answer(Script& s, Transaction& invite) {
  Content ok = response(200);
  ok.body = Body::Answer;
  s.reply(invite, ok);
  acknowledge(s, invite);
}

void fail_hop(Script& s, Transaction& invite, const Content& failure, size_t hop) {
  s.reply_hop(invite, failure, hop);
  Content ack;
  ack.flags = static_cast<uint16_t>(kHopByHop | kInDialog | (failure.flags & kFromProxy));
  Transaction t = invite;
  t.method = Method::Ack;
  s.put(t, ack, hop);
  s.wait(400 * kMicrosecond);
}

void fail(Script& s, Transaction& invite, uint16_t status, uint16_t cause) {
  Content failure = response(status);
  if (cause != 0) {
    failure.argument = cause;
    failure.flags |= kExplained;
  }
  for (size_t hop = s.leg(invite.leg).hops(); hop-- > 0;) fail_hop(s, invite, failure, hop);
}

void cancel_hop(Script& s, Transaction& invite, size_t hop, uint16_t cause) {
  Transaction t = invite;
  t.method = Method::Cancel;
  t.request = {};
  t.request.flags = kHopByHop;
  if (cause != 0) {
    t.request.argument = cause;
    t.request.flags |= kExplained;
  }
  s.send_hop(t, hop);
  s.reply_hop(t, response(200), hop);
}

void cancel(Script& s, Transaction& invite, uint16_t cause) {
  for (size_t hop = 0; hop < s.leg(invite.leg).hops(); ++hop) cancel_hop(s, invite, hop, cause);
  fail(s, invite, 487);
}

Nanoseconds talk(Script& s, uint8_t leg_number, uint8_t fork) {
  const Leg& leg = s.leg(leg_number);
  const uint8_t far = fork == 1 ? leg.second_target : server_of(s, leg);
  const uint8_t stream = s.add_media(leg.path[0], far, leg_number);
  const Nanoseconds hold = s.draw_hold();
  s.sound_both(stream, s.now(), s.now() + hold, s.plan().codecs[0]);
  s.wait(hold);
  return hold;
}

void hang_up(Script& s, uint8_t leg, bool by_callee, uint8_t fork, uint16_t cause) {
  Content bye;
  bye.flags = kInDialog;
  if (cause != 0) {
    bye.flags |= kExplained;
    bye.argument = cause;
  }
  Transaction t = s.begin(Method::Bye, leg, by_callee, bye);
  t.fork = fork;
  s.send(t);
  s.reply(t, response(200));
}

Transaction ask(Script& s, Method method, uint8_t leg, bool reverse, Content request,
                uint16_t status, Content reply) {
  request.flags |= kInDialog;
  reply.status = status;
  Transaction t = s.begin(method, leg, reverse, request);
  s.send(t);
  s.reply(t, reply);
  return t;
}

void reinvite(Script& s, uint8_t leg, bool reverse, Content offer, Content reply) {
  offer.body = Body::Offer;
  reply.body = Body::Answer;
  acknowledge(s, ask(s, Method::Invite, leg, reverse, offer, 200, reply));
}

}  // namespace siploom::simulate
