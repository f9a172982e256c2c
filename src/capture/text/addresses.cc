#include "capture/text/addresses.h"

#include "base/hash.h"

namespace siploom::capture::dump {
namespace {

constexpr uint32_t kOwnPlaceholder = 0xC0000201;   // 192.0.2.1
constexpr uint32_t kPeerPlaceholder = 0xC0000202;  // 192.0.2.2
constexpr uint32_t kFirstNames = 0xC6336400;       // 198.51.100.0/24
constexpr uint32_t kSecondNames = 0xCB007100;      // 203.0.113.0/24
constexpr uint32_t kNamesEach = 254;

uint16_t default_port(Transport transport) {
  return transport == Transport::Tls || transport == Transport::Wss ? 5061 : 5060;
}

bool is_address(const Party& party) { return party.known() && parse_ip(party.host).has_value(); }

// What a message says about the host that wrote the log, and how much that is worth.
struct Evidence {
  const Party* own = nullptr;
  int strength = 0;
};

Evidence evidence_in(const TextPacket& packet, const Glimpse& message) {
  if (packet.direction == Direction::Unknown || !message.is_sip) return {};
  const bool is_sent = packet.direction == Direction::Sent;
  if (is_sent == message.is_request) {
    return is_address(message.via_sent_by) ? Evidence{&message.via_sent_by, 3} : Evidence{};
  }
  if (is_sent && is_address(message.contact)) return {&message.contact, 2};
  if (!is_sent && is_address(message.uri)) return {&message.uri, 1};
  return {};
}

}  // namespace

uint64_t AddressBook::hash(const PeerKey& key) {
  const uint64_t tail = uint64_t{key.peer.port} << 8 | static_cast<uint64_t>(key.transport);
  return mix(hash_bytes(key.peer.address.octets), tail);
}

IpAddress AddressBook::placeholder(std::string_view name) {
  const auto [index, is_new] = names_.insert(hash_text(name), std::string(name));
  if (is_new) {
    const auto nth = static_cast<uint32_t>(names_.size() - 1);
    *index = nth < 2 * kNamesEach ? nth : 2 * kNamesEach - 1;
    // All names from here on share the last address; no need to keep them.
    if (nth >= 2 * kNamesEach) {
      const uint32_t last = *index;
      names_.erase(hash_text(name), std::string(name));
      return IpAddress::v4(kSecondNames + last - kNamesEach + 1);
    }
  }
  const uint32_t nth = *index;
  return IpAddress::v4(nth < kNamesEach ? kFirstNames + nth + 1
                                        : kSecondNames + nth - kNamesEach + 1);
}

Endpoint AddressBook::endpoint(const Party& party, Transport transport) {
  Endpoint out{{}, party.port == 0 ? default_port(transport) : party.port};
  const auto address = parse_ip(party.host);
  out.address = address ? *address : placeholder(party.host);
  return out;
}

void AddressBook::remember_request(const Glimpse& message, const Endpoint& dst) {
  if (!message.is_request || message.branch.empty()) return;
  if (targets_.size() >= kMaxEntries) targets_.clear();
  const uint64_t key = hash_text(message.branch);
  *targets_.insert(key, key).first = dst;
}

const Endpoint* AddressBook::request_target(const Glimpse& message) {
  const uint64_t key = hash_text(message.branch);
  return message.branch.empty() ? nullptr : targets_.find(key, key);
}

Endpoint AddressBook::peer_of(const TextPacket& packet, const Glimpse& message,
                              Direction direction) {
  const Party& told = direction == Direction::Sent ? packet.dst : packet.src;
  if (told.known()) return endpoint(told, packet.transport);
  const Endpoint unknown{IpAddress::v4(kPeerPlaceholder), default_port(packet.transport)};
  const bool is_sent = direction == Direction::Sent;
  if (is_sent == message.is_request) {
    // The other side is the server of the transaction.
    if (is_sent && message.route.known()) return endpoint(message.route, packet.transport);
    if (is_sent && message.uri.known()) return endpoint(message.uri, packet.transport);
    if (!is_sent) {
      if (const Endpoint* target = request_target(message)) return *target;
      if (message.contact.known()) return endpoint(message.contact, packet.transport);
    }
  } else if (message.via.known()) {
    return endpoint(message.via, packet.transport);
  }
  return unknown;
}

void AddressBook::learn(const TextPacket& packet, const Glimpse& message) {
  const Evidence evidence = evidence_in(packet, message);
  if (evidence.own == nullptr) return;
  const Endpoint own = endpoint(*evidence.own, packet.transport);
  if (evidence.strength > default_strength_) {
    default_own_ = own;
    default_strength_ = evidence.strength;
  }
  const Party& peer = packet.direction == Direction::Sent ? packet.dst : packet.src;
  if (evidence.strength < 3 || !peer.known() || own_.size() >= kMaxEntries) return;
  const PeerKey key{endpoint(peer, packet.transport), packet.transport};
  const auto [value, is_new] = own_.insert(hash(key), key);
  if (is_new) *value = own;
}

Endpoint AddressBook::own_towards(const Endpoint& peer, const TextPacket& packet,
                                  const Glimpse& message) {
  const PeerKey key{peer, packet.transport};
  if (const Endpoint* known = own_.find(hash(key), key)) return *known;
  Endpoint own{IpAddress::v4(kOwnPlaceholder), default_port(packet.transport)};
  const Evidence evidence = evidence_in(packet, message);
  if (evidence.strength == 3) {
    own = endpoint(*evidence.own, packet.transport);
  } else if (default_strength_ > 0) {
    own = default_own_;
  } else if (evidence.own != nullptr) {
    own = endpoint(*evidence.own, packet.transport);
  } else {
    used_placeholder_ = true;
  }
  if (own_.size() >= kMaxEntries) own_.clear();
  *own_.insert(hash(key), key).first = own;
  return own;
}

Ends AddressBook::from_message(const TextPacket& packet, const Glimpse& message) {
  // Whoever sent a request is named by its top Via; with responses it is the receiver.
  Ends ends;
  if (message.is_request) {
    ends.src = peer_of(packet, message, Direction::Received);
    ends.dst = peer_of(packet, message, Direction::Sent);
  } else {
    ends.dst = peer_of(packet, message, Direction::Sent);
    ends.src = peer_of(packet, message, Direction::Received);
  }
  return ends;
}

Ends AddressBook::resolve(const TextPacket& packet, const Glimpse& message) {
  Ends ends;
  if (packet.direction == Direction::Unknown || (packet.src.known() && packet.dst.known())) {
    ends = from_message(packet, message);
  } else {
    const Endpoint peer = peer_of(packet, message, packet.direction);
    const Endpoint own = own_towards(peer, packet, message);
    ends = packet.direction == Direction::Sent ? Ends{own, peer} : Ends{peer, own};
  }
  remember_request(message, ends.dst);
  return ends;
}

}  // namespace siploom::capture::dump
