// AddressBook: endpoints for packets of dumps that leave some out.
//
// A log of one side tells the peer at best. The own address then comes from the messages: the top
// Via of requests sent and of responses received (RFC 3261 18.1.1, 18.2.2) is what the host calls
// itself; failing that the Contact that it sends or the Request-URI that it is asked for. Where a
// log tells no address at all, requests go from the top Via to the top Route or the Request-URI,
// and responses come from where the request with their branch went. Once chosen, the own address
// towards a peer stays, so that both directions meet.
//
// What stays unknown gets an address for documentation (RFC 5737): 192.0.2.1 is the host that wrote
// the log, 192.0.2.2 a peer of which nothing is known; names and masked addresses get 198.51.100.x
// and 203.0.113.x in the order in which they come up.
#pragma once

#include <array>
#include <string>

#include "base/flat_map.h"
#include "base/net.h"
#include "capture/text/dialect.h"

namespace siploom::capture::dump {

struct Ends {
  Endpoint src, dst;
};

class AddressBook final {
 public:
  // Takes from a message what it says about the own address, ahead of resolve().
  void learn(const TextPacket& packet, const Glimpse& message);
  Ends resolve(const TextPacket& packet, const Glimpse& message);
  bool used_placeholder() const { return used_placeholder_; }

 private:
  // Tables keyed by the text start anew when they hold this many.
  static constexpr size_t kMaxEntries = 65'536;
  struct PeerKey {
    Endpoint peer;
    Transport transport = Transport::Unknown;
    bool operator==(const PeerKey&) const = default;
  };

  Endpoint endpoint(const Party& party, Transport transport);
  Endpoint peer_of(const TextPacket& packet, const Glimpse& message, Direction direction);
  Endpoint own_towards(const Endpoint& peer, const TextPacket& packet, const Glimpse& message);
  Ends from_message(const TextPacket& packet, const Glimpse& message);
  IpAddress placeholder(std::string_view name);
  void remember_request(const Glimpse& message, const Endpoint& dst);
  const Endpoint* request_target(const Glimpse& message);
  static uint64_t hash(const PeerKey& key);

  FlatMap<PeerKey, Endpoint> own_;
  FlatMap<uint64_t, Endpoint> targets_;  // by hash of the branch
  FlatMap<std::string, uint32_t> names_;
  // The own address if nothing is known towards a peer: the best evidence so far.
  Endpoint default_own_;
  int default_strength_ = 0;
  bool used_placeholder_ = false;
};

}  // namespace siploom::capture::dump
