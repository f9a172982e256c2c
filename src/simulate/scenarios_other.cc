#include "simulate/flow.h"
#include "simulate/scenarios.h"

namespace siploom::simulate {

namespace {

// A telephone (or, at times, a carrier's PBX) and what it registers or subscribes at.
uint8_t service_leg(Script& s, bool to_self) {
  const uint8_t client = s.add_node(Role::Phone), server = s.add_node(Role::Pbx);
  // An address of record is the same on both sides of a REGISTER (RFC 3261 10.2).
  if (to_self) s.plan().nodes[server].identity = s.plan().nodes[client].identity;
  return s.add_leg(client, server);
}

Transaction register_once(Script& s, uint8_t leg, uint16_t expires, bool credentials) {
  Content request;
  request.argument = expires;
  if (credentials) request.flags = kCredentials;
  Transaction t = s.begin(Method::Register, leg, false, request);
  s.send(t);
  return t;
}

void confirm(Script& s, Transaction& t) {
  Content ok;
  ok.status = 200;
  ok.argument = t.request.argument;
  s.reply(t, ok);
}

void registered(Script& s) {
  constexpr uint16_t kExpires[] = {60, 120, 120, 300};
  const uint16_t expires = s.rng().pick(kExpires);
  const uint8_t leg = service_leg(s, true);
  Transaction first = register_once(s, leg, expires, false);
  challenge(s, first);
  Transaction second = again_with_credentials(s, first);
  s.send(second);
  confirm(s, second);
  if (s.rng().one_in(2)) return;
  s.wait(expires * kSecond / 4);
  s.keep_alive(leg);
  s.wait(expires * kSecond / 4);
  Transaction refresh = register_once(s, leg, expires, true);
  confirm(s, refresh);
  if (s.rng().one_in(2)) return;
  s.wait_ms(5000, 20'000);
  Transaction leave = register_once(s, leg, 0, true);
  confirm(s, leave);
}

void registration_failed(Script& s) {
  const uint8_t leg = service_leg(s, true);
  Transaction t = register_once(s, leg, 3600, false);
  challenge(s, t);
  const auto attempts = 1 + s.rng().below(3);
  for (uint64_t i = 0; i < attempts; ++i) {
    s.wait_ms(200, 2000);
    t = again_with_credentials(s, t);
    s.send(t);
    if (i + 1 == attempts && s.rng().one_in(2)) {
      Content forbidden;
      forbidden.status = 403;
      s.reply(t, forbidden);
    } else {
      challenge(s, t, kStale);
    }
  }
}

// Are you there? Asked of trunks and telephones all day.
void pinged(Script& s) {
  const uint8_t leg = s.rng().one_in(2) ? trunk_leg(s) : service_leg(s, false);
  Transaction t = s.begin(Method::Options, leg, false, {});
  s.send(t);
  Content ok;
  ok.status = s.rng().one_in(20) ? 503 : 200;
  s.reply(t, ok);
}

void notify(Script& s, uint8_t leg, Body body, uint16_t expires, uint8_t version) {
  Content request;
  request.body = body;
  request.argument = expires;
  request.sdp_version = version;
  ask(s, Method::Notify, leg, true, request);
}

void subscribe(Script& s, uint8_t leg, uint16_t expires, bool refresh) {
  Content request;
  request.argument = expires;
  if (refresh) request.flags = kInDialog;
  Transaction t = s.begin(Method::Subscribe, leg, false, request);
  s.send(t);
  confirm(s, t);
}

void subscribed(Script& s, Package package, Body body) {
  constexpr uint16_t kExpires = 600;
  const uint8_t leg = service_leg(s, false);
  s.leg(leg).package = package;
  subscribe(s, leg, kExpires, false);
  notify(s, leg, body, kExpires, 0);
  const auto changes = static_cast<uint8_t>(s.rng().below(4));
  for (uint8_t i = 1; i <= changes; ++i) {
    s.wait_ms(500, 8000);
    notify(s, leg, body, kExpires, i);
  }
  if (s.rng().one_in(3)) return;
  s.wait_ms(1000, 5000);
  subscribe(s, leg, 0, true);
  notify(s, leg, body, 0, static_cast<uint8_t>(changes + 1));
}

void watch_line(Script& s) { subscribed(s, Package::Dialog, Body::DialogInfo); }
void watch_mailbox(Script& s) { subscribed(s, Package::MessageSummary, Body::MessageSummary); }
void watch_presence(Script& s) { subscribed(s, Package::Presence, Body::Presence); }

void published(Script& s) {
  const uint8_t leg = service_leg(s, true);
  s.leg(leg).package = Package::Presence;
  Content request;
  request.argument = 3600;
  request.body = Body::Presence;
  request.sdp_version = static_cast<uint8_t>(s.rng().below(2));
  Transaction t = s.begin(Method::Publish, leg, false, request);
  s.send(t);
  confirm(s, t);
}

// Short texts, some in one breath: over TCP they share a segment.
void messages(Script& s) {
  const uint8_t leg = s.rng().one_in(2) ? proxied_leg(s) : service_leg(s, false);
  Content request;
  request.body = Body::Text;
  const auto count = 1 + s.rng().below(3);
  const Nanoseconds begin = s.now();
  Nanoseconds end = begin;
  for (uint64_t i = 0; i < count; ++i) {
    Transaction t = s.begin(Method::Message, leg, false, request);
    s.send(t);
    const Nanoseconds arrived = s.now();
    Content accepted;
    accepted.status = s.leg(leg).hops() > 1 ? 202 : 200;
    s.reply(t, accepted);
    end = end < s.now() ? s.now() : end;
    // The next follows at once; the first one had to wait for a connection.
    const Nanoseconds first_sent = t.sent_at[0];
    s.go_to(s.leg(leg).hops() > 1 ? arrived : first_sent + 400 * kMicrosecond);
  }
  s.go_to(end);
}

// A stranger who tries doors: requests that nobody answers, and some that are refused.
void scanned(Script& s) {
  s.udp_only();
  const uint8_t stranger = s.add_node(Role::Stranger), pbx = s.add_node(Role::Pbx);
  constexpr Method kTried[] = {Method::Options, Method::Register, Method::Invite};
  // A Call-ID for each try, as such tools do; at most as many as a plan has ports for.
  for (int i = 0; i < 4; ++i) {
    const uint8_t leg = s.add_leg(stranger, pbx);
    s.leg(leg).to.number = static_cast<uint16_t>(100 + s.rng().below(900));
    Content request;
    const Method method = s.rng().pick(kTried);
    if (method == Method::Invite) request.body = Body::Offer;
    if (method == Method::Register) request.argument = 3600;
    Transaction t = s.begin(method, leg, false, request);
    s.put(t, request, 0);
    s.wait_ms(2, 30);
    if (method == Method::Invite && s.rng().one_in(2)) fail(s, t, 404);
    if (method == Method::Register) challenge(s, t);
  }
}

// Octets on the SIP port that are no SIP at all.
void noise(Script& s) {
  s.udp_only();
  const uint8_t stranger = s.add_node(Role::Stranger), pbx = s.add_node(Role::Pbx);
  const uint8_t leg = s.add_leg(stranger, pbx);
  const auto count = 1 + s.rng().below(5);
  for (uint64_t i = 0; i < count; ++i) {
    s.garbage(leg);
    s.wait_ms(1, 500);
  }
}

// Requests that claim a longer body than the datagram has, which must be refused (RFC 3261 18.3).
void broken(Script& s) {
  s.udp_only();
  const uint8_t stranger = s.add_node(Role::Stranger), pbx = s.add_node(Role::Pbx);
  const uint8_t leg = s.add_leg(stranger, pbx);
  s.leg(leg).broken_length = true;
  Content request;
  request.body = Body::Offer;
  Transaction t = s.begin(Method::Invite, leg, false, request);
  s.put(t, request, 0);
  s.wait_ms(2, 30);
  Content bad;
  bad.status = 400;
  s.reply_hop(t, bad, 0);
}

constexpr Scenario kOther[] = {
    {"register", "REGISTER, 401, with credentials, refresh, deregister", registered},
    {"register-fail", "REGISTER with a wrong password", registration_failed},
    {"options", "an OPTIONS ping", pinged},
    {"subscribe", "SUBSCRIBE and NOTIFY of the dialog package", watch_line},
    {"mailbox", "SUBSCRIBE and NOTIFY of message-summary", watch_mailbox},
    {"presence", "SUBSCRIBE and NOTIFY of presence", watch_presence},
    {"publish", "PUBLISH of presence", published},
    {"message", "MESSAGE, up to three", messages},
    {"scanner", "a stranger tries OPTIONS, REGISTER and INVITE", scanned},
    {"garbage", "datagrams on the SIP port that are no SIP", noise},
    {"broken", "an INVITE that claims more body than it has, and its 400", broken},
};

}  // namespace

std::span<const Scenario> other_scenarios() { return kOther; }

}  // namespace siploom::simulate
