// HeplifyCounts: what heplify-server tells of traffic in its metrics, counted as it does, so that
// dashboards made for it go on. Only what is known here; gauges are of the last packet, as there.
// One thread; series() through the owner's lock.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/flat_map.h"
#include "pipeline/chunk.h"

namespace siploom::pipeline {

struct HeplifySeries {
  struct Packets {
    std::string node, type;  // "sip", "rtcp", "rtpagent", "rtcpxr", ..., or the number
    uint64_t count = 0;
    size_t last_octets = 0;
  };
  struct Response {
    std::string node, response, method;  // response: a status, or the method of a request
    uint64_t count = 0;
  };
  struct Cause {
    uint16_t cause = 0;  // ITU-T Q.850
    std::string method;  // as `response` above
    uint64_t count = 0;
  };
  // Of the last report of each agent; what it did not hold is as it was before.
  struct Reports {
    std::string node;
    std::optional<double> fraction_lost, packets_lost, jitter, dlsr;  // RTCP: 1/256, packets, ticks
    std::optional<double> nlr, iaj;                                   // RFC 6035: per cent, ms
    std::optional<double> srd_ns;  // INVITE to the first 18x or 200
  };
  std::vector<Packets> packets;
  std::vector<Response> responses;
  std::vector<Cause> causes;
  std::vector<Reports> reports;
  uint64_t left_out = 0;  // for want of room
};

class HeplifyCounts final {
 public:
  static constexpr size_t kMaxNodes = 512;     // agents beyond are left out
  static constexpr size_t kMaxSeries = 8'192;  // of each kind; so are further ones
  void packet(std::string_view node, uint8_t hep_type, size_t octets);
  // A message that is no retransmission and was seen nowhere else.
  void sip(std::string_view node, const weave::SipFacts& facts);
  void setup_began(std::string_view node, Nanoseconds request_delay);
  void report(std::string_view node, const Event& event);
  HeplifySeries series() const;

 private:
  struct Packets {
    uint64_t count = 0;
    size_t last_octets = 0;
  };
  // The number of the agent, from 0; kMaxNodes: there are too many.
  size_t number_of(std::string_view node);
  template <class Value>
  Value* row(FlatMap<uint64_t, Value>& table, uint64_t key);

  std::vector<HeplifySeries::Reports> nodes_;
  FlatMap<uint64_t, uint32_t> numbers_;    // by hash of the name
  size_t last_ = 0;                        // the one asked for last
  FlatMap<uint64_t, Packets> packets_;     // agent, type
  FlatMap<uint64_t, uint64_t> responses_;  // agent, method of CSeq, what it is
  FlatMap<uint64_t, uint64_t> causes_;     // what it is, cause
  uint64_t left_out_ = 0;
};

}  // namespace siploom::pipeline
