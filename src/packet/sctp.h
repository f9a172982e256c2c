// SCTP DATA chunks to user messages (RFC 9260 3.3.1, 6.9): fragments by TSN with B and E bits,
// copies by TSN. One thread, capped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/time.h"
#include "packet/datagram.h"

namespace siploom::packet {

struct SctpMessage {
  Endpoint src, dst;
  uint16_t stream = 0;
  uint32_t payload_protocol = 0;     // PPID
  ByteSpan payload;                  // lives during the call
  std::span<const uint64_t> frames;  // that carried it, ascending
};

struct SctpCounters {
  uint64_t packets = 0, chunks = 0, messages = 0, copies = 0, malformed = 0, evicted = 0;
};

class SctpReassembler final {
 public:
  using OnMessage = std::function<void(const SctpMessage&)>;
  SctpReassembler(OnMessage on_message, size_t max_bytes = 16u << 20);
  ~SctpReassembler();
  // `datagram.payload` begins with the SCTP common header; ports are read from it.
  void add(const Datagram& datagram, Timestamp time, uint64_t frame);
  const SctpCounters& counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace siploom::packet
