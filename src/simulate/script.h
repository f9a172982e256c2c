// Script: writes a Plan. It keeps a cursor in time; what is sent is sent at the cursor, which then
// moves on by what the way and the work take. Losses behind the capture point are drawn here, with
// the retransmissions they cause (RFC 3261 17).
#pragma once

#include <array>

#include "simulate/plan.h"
#include "simulate/rng.h"
#include "simulate/settings.h"

namespace siploom::simulate {

constexpr Nanoseconds kT1 = 500 * kMillisecond;  // RFC 3261 17.1.1.1

// What a message says beyond its transaction.
struct Content {
  uint16_t status = 0;
  uint16_t flags = 0;
  uint16_t argument = 0;
  Body body = Body::None;
  Direction direction = Direction::SendRecv;
  uint8_t sdp_version = 0;
};

struct Transaction {
  Method method = Method::Invite;
  uint8_t leg = 0;
  bool reverse = false;
  uint8_t number = 0;
  uint8_t fork = 0;
  uint32_t cseq = 0;
  Content request;
  std::array<Nanoseconds, kMaxHops> sent_at{};
};

class Script final {
 public:
  // `index` is the number of the scenario within the run: ports come from it, so that calls do not
  // share any.
  Script(const Settings& settings, uint64_t index, Nanoseconds start, Plan& plan);

  const Settings& settings() const { return settings_; }
  Plan& plan() { return plan_; }
  Rng& rng() { return rng_; }
  Nanoseconds now() const { return now_; }
  void go_to(Nanoseconds at) { now_ = at; }
  void wait(Nanoseconds duration) { now_ += duration; }
  void wait_ms(int64_t low, int64_t high) {
    now_ += rng_.between(low * kMillisecond, high * kMillisecond);
  }
  Nanoseconds draw_hold();

  // Before any leg: everything over UDP, without mirror where copies would blur what the scenario
  // is about.
  void udp_only() { udp_only_ = true; }
  uint8_t add_node(Role role);
  uint8_t add_leg(uint8_t client, uint8_t server) { return add_leg(client, kNoNode, server); }
  uint8_t add_leg(uint8_t client, uint8_t proxy, uint8_t server);
  Leg& leg(uint8_t number) { return plan_.legs[number]; }

  Transaction begin(Method method, uint8_t leg, bool reverse, const Content& request);
  // Over all hops; the cursor ends where it arrived. Proxies answer an INVITE with 100.
  void send(Transaction& transaction);
  // Over one hop alone.
  void send_hop(Transaction& transaction, size_t hop);
  // Back over all hops, from the one with number `hops` - 1 (default: from the far end).
  void reply(Transaction& transaction, const Content& content) {
    reply_from(transaction, content, plan_.legs[transaction.leg].hops());
  }
  void reply_from(Transaction& transaction, const Content& content, size_t hops);
  void reply_hop(Transaction& transaction, const Content& content, size_t hop);
  // One message at the cursor, which stays where it is.
  void put(const Transaction& transaction, const Content& content, size_t hop);
  void put_at(Nanoseconds at, const Transaction& transaction, const Content& content, size_t hop);

  void keep_alive(uint8_t leg);
  // A datagram to the server of the leg that is no SIP.
  void garbage(uint8_t leg);

  // Two streams between two nodes; gives the number of the one from `a`, the one back is the next.
  uint8_t add_media(uint8_t a, uint8_t b, uint8_t leg);
  void sound(uint8_t stream, Nanoseconds from, Nanoseconds to, uint8_t codec);
  void sound_both(uint8_t stream, Nanoseconds from, Nanoseconds to, uint8_t codec) {
    sound(stream, from, to, codec);
    sound(static_cast<uint8_t>(stream + 1), from, to, codec);
  }

  // Closes connections, sorts the steps. Nothing may follow.
  void finish();

  static constexpr uint8_t kNoNode = 0xFF;

 private:
  bool is_udp(const Transaction& transaction, size_t hop) const;
  bool lost(const Transaction& transaction, size_t hop);
  Nanoseconds latency(uint8_t leg, bool reverse, size_t hop) const;
  Nanoseconds latency(const Transaction& t, size_t hop) const {
    return latency(t.leg, t.reverse, hop);
  }
  void connect(const Transaction& transaction, size_t hop);
  Transport draw_transport(Node& client, bool first_hop);

  const Settings& settings_;
  Plan& plan_;
  Rng rng_;
  uint64_t index_;
  Nanoseconds now_;
  uint32_t connected_ = 0;  // a bit for each leg and hop
  bool udp_only_ = false;
};

}  // namespace siploom::simulate
