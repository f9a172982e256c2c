// What the operator says about the intake: where it listens, who may send, how much.
#pragma once

#include <string>
#include <vector>

#include "base/net.h"
#include "intake/clock.h"

namespace siploom::intake {

constexpr uint16_t kDefaultPort = 9060;
constexpr size_t kMaxListenAddresses = 64;
constexpr unsigned kMaxUdpSockets = 64;  // a listen address
constexpr size_t kMaxRules = 4096;       // allowed blocks, and keys
constexpr size_t kMaxKeyBytes = 128;     // a longer key matches nothing

// PEM files; without a certificate no TLS is spoken. TLS 1.2 at least.
struct TlsOptions {
  std::string certificate_file;  // the whole chain
  std::string key_file;
  std::string client_ca_file;  // not empty: a peer without a certificate of theirs is refused
};

// Peers in `from` must send `key` (HEP3 chunk 0x0e). The most specific block that holds the peer
// decides; several keys for one block are all good (so that a key can be changed).
struct KeyRule {
  Cidr from;
  std::string key;
};

// For each peer address; zero is "no limit".
struct RateLimit {
  uint64_t messages_per_s = 0;
  uint64_t burst_messages = 0;  // above the rate, at once; zero: what one second allows
  uint64_t octets_per_s = 0;
};

struct Timeouts {
  Nanoseconds opening = 10 * kSecond;  // until a connection has shown what it is
  Nanoseconds begun = 30 * kSecond;    // a message, an HTTP request, a TLS handshake, an answer
  Nanoseconds idle = 600 * kSecond;    // between messages
  Nanoseconds linger = 2 * kSecond;    // for the peer to read why it is refused
};

struct IntakeOptions {
  std::vector<Endpoint> listen;  // UDP and TCP on each; empty: [::]:9060. Port 0: any free one
  bool sctp = false;             // on the same ports, too, where the kernel has it
  unsigned udp_sockets = 2;      // a listen address (SO_REUSEPORT)
  size_t receive_buffer_bytes = 32u << 20;  // wanted of the kernel for each UDP socket
  TlsOptions tls;
  std::vector<Cidr> allow;    // empty: everybody
  std::vector<KeyRule> keys;  // empty: no key is asked for
  bool quarantine = false;    // a message with a wrong key is kept, flagged
  RateLimit rate;
  size_t max_connections = 10'000;
  size_t max_connections_by_address = 1'000;
  size_t max_sources = 65'536;  // peer addresses that are counted; the least recently seen goes
  Timeouts timeouts;
  const Clock* clock = nullptr;  // null: the system's
};

}  // namespace siploom::intake
