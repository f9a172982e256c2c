// What the operator says about the relay: where messages go on to, which of them, and how changed.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "intake/clock.h"

namespace siploom::pipeline::relay {

enum class Protocol : uint8_t { Udp, Tcp, Tls };

struct Destination {
  Protocol protocol = Protocol::Udp;
  std::string host, port;

  std::string text() const;  // "tcp:[2001:db8::1]:9060"
};

constexpr size_t kMaxDestinations = 16;
constexpr size_t kQueueBytes = size_t{32}
                               << 20;  // waiting in memory, for the relay and for each far end

struct RelayOptions {
  std::vector<Destination> to;  // empty: nothing is relayed
  std::string filter;           // of the filter language, over messages; empty: all go on
  std::string key;              // chunk 0x0e of what goes out; empty: it stays as it is
  bool compress = false;        // payloads of HEP v3
  bool mask_bodies = false;     // SIP bodies become 'x', as long as they were
  std::string folder;           // for what waits on disk, a folder in it for each far end
  uint64_t spool_bytes = uint64_t{1} << 30;  // on disk, for each far end; zero: none
  std::string tls_ca_file;  // PEM; whose certificates are believed; empty: the system's authorities
  size_t queue_bytes = kQueueBytes;
  const intake::Clock* clock = nullptr;          // null: the system's
  std::function<void(std::string_view)> notice;  // for the operator; any thread, must not block
};

// "udp:10.0.0.1:9060", "tcp:collector.example.org:9060", "tls:[2001:db8::1]:9061".
// InvalidArgument: with what would be right.
Result<Destination> parse_destination(std::string_view text);
Result<std::vector<Destination>> parse_destinations(const std::vector<std::string>& texts);

}  // namespace siploom::pipeline::relay
