// Truth: what a simulated capture holds, counted while it is made.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "base/net.h"
#include "simulate/method.h"

namespace siploom::simulate {

struct Truth {
  uint64_t packets = 0, bytes = 0;  // frames and their captured octets
  // A message counts once however many frames carry it; retransmissions count each, copies by a
  // mirror never.
  uint64_t sip_messages = 0, sip_retransmissions = 0, sip_copies = 0, sip_malformed = 0;
  std::array<uint64_t, kMethods> requests{};  // by Method
  std::map<uint16_t, uint64_t> responses;     // by status
  std::array<uint64_t, 7> transports{};       // by Transport
  uint64_t call_ids = 0;
  uint64_t rtp_packets = 0, rtp_streams = 0, rtp_copies = 0;
  uint64_t rtp_lost = 0;      // sent, but lost before the capture point
  uint64_t rtcp_packets = 0;  // compound packets (datagrams); copies not counted
  uint64_t not_voip = 0;      // datagrams with neither
  uint64_t hep_messages = 0;  // live: handed to the nodes' senders; there are no packets then
};

// The shape of `siploom stats --json`, with a few keys more.
std::string truth_json(const Truth& truth);

}  // namespace siploom::simulate
