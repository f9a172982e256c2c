// What the intake counts: by peer address, by socket, and in all.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/net.h"
#include "base/time.h"
#include "capture/intake_header.h"

namespace siploom::intake {

// Why something was not taken. Resync and Unframed count occurrences on a stream, not messages.
enum class Drop : uint8_t {
  None,        // it was taken
  NotAllowed,  // the peer is on no allow-list
  BadKey,      // the shared key is wrong or missing
  OverRate,    // UDP above the peer's rate
  NotHep,      // no HEP by its first octets
  Oversize,    // larger than a HEP message or a request can be
  BadFrame,    // cut off, or the carrier's own framing is broken
  Resync,      // a stream left its framing, and the next magic was looked for
  Unframed,    // HEP v1, v2 or gzip on a bare stream, where nothing says how long it is
  Paused,      // UDP while the store was full
};
constexpr size_t kDrops = 10;
std::string_view drop_name(Drop drop);  // "not-allowed", "bad-key", ...

using DropCounts = std::array<uint64_t, kDrops>;

struct SourceCounts {
  IpAddress address;
  uint64_t messages = 0, octets = 0;  // taken
  uint64_t quarantined = 0;           // among them
  Timestamp first_seen, last_seen;
  DropCounts drops{};
  uint8_t carriers = 0;  // bit 1 << Carrier, of what was taken
  uint8_t versions = 0;  // bit 1 << HEP version, of what was taken
};

struct SocketCounts {
  Endpoint local;
  uint64_t datagrams = 0;
  uint64_t kernel_drops = 0;        // did not fit the kernel's buffer
  size_t receive_buffer_bytes = 0;  // that the kernel granted
};

struct Totals {
  uint64_t messages = 0, octets = 0, quarantined = 0;  // taken
  std::array<uint64_t, capture::kCarriers> by_carrier{};
  DropCounts drops{};
  uint64_t connections = 0;           // open now
  uint64_t connection_bytes = 0;      // memory that they hold here, but for TLS's own
  uint64_t connections_accepted = 0;  // since the start
  uint64_t connections_over_cap = 0;  // refused: too many in all or from one address
  uint64_t connections_timed_out = 0;
  uint64_t accept_errors = 0;  // out of descriptors or memory
  uint64_t tls_handshakes = 0, tls_handshake_failures = 0;
  uint64_t http_refused = 0;       // answered with 4xx
  uint64_t sources_forgotten = 0;  // the table of peers was full
};

struct Snapshot {
  Totals totals;
  std::vector<SocketCounts> udp;
  std::vector<SourceCounts> sources;  // the most recently seen first
  size_t sources_known = 0;           // in the table, even when fewer were asked for
  bool paused = false;
};

}  // namespace siploom::intake
