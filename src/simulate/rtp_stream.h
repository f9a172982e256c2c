// RtpStream: one direction of a call's sound: RTP packets with loss and jitter, and its sender's
// RTCP.
#pragma once

#include <array>
#include <cstdint>

#include "simulate/codecs.h"
#include "simulate/output.h"
#include "simulate/plan.h"
#include "simulate/settings.h"

namespace siploom::simulate {

constexpr Nanoseconds kNever = INT64_MAX;

// What the receiver of a stream knows of it (RFC 3550 6.4.1, A.3, A.8).
struct Reception {
  uint64_t packets = 0;
  uint32_t first_sequence = 0;
  uint32_t highest_sequence = 0;  // extended
  uint32_t jitter = 0;            // in timestamp units, times 16
  int64_t transit = 0;
  uint64_t expected_prior = 0, received_prior = 0;
  uint32_t last_report = 0;  // middle of the NTP time of the last SR
  Nanoseconds report_at = 0;

  uint64_t expected() const {
    return packets == 0 ? 0 : uint64_t{highest_sequence} - first_sequence + 1;
  }
};

class RtpStream final {
 public:
  RtpStream(const Settings& settings, const Plan& plan, uint8_t number);

  // When its next packet is seen; kNever: no more.
  Nanoseconds next_packet() const;
  Nanoseconds next_report() const { return report_at_; }

  void send_packet(const Plan& plan, const PayloadTable& sounds, Output& out, Truth& truth);
  // `back`: the stream that its sender receives.
  void send_report(const Plan& plan, RtpStream& back, Output& out, Truth& truth);

  uint32_t ssrc() const { return ssrc_; }
  uint8_t payload_type() const { return payload_type_; }
  const Reception& reception() const { return reception_; }
  Peer src(const Plan& plan) const { return peer(plan, plan.media[number_].src); }
  Peer dst(const Plan& plan) const { return peer(plan, plan.media[number_].dst); }

 private:
  // A packet on its way to the capture point.
  struct Packet {
    Nanoseconds at = 0, sent = 0;
    uint32_t sequence = 0;  // extended
    uint32_t timestamp = 0;
    uint32_t sent_timestamp = 0;  // the clock when it was sent; differs for events
    uint16_t duration = 0;        // of an event
    uint16_t size = 0;
    uint8_t codec = 0;
    uint8_t digit = 0;
    bool event = false, event_end = false, marker = false;
    bool lost = false;  // gone before the capture point; its turn comes all the same
  };
  static constexpr size_t kMostPending = 16;

  static Peer peer(const Plan& plan, uint8_t node) {
    return {plan.nodes[node].media_host, plan.nodes[node].media_port};
  }
  bool sends_another(const Plan& plan);
  void make_packet(const Plan& plan, const MediaSpan& span);
  bool make_event(const Plan& plan, Nanoseconds sent, const Codec& codec, Packet& packet);
  void fill(const Plan& plan);
  void receive(const Packet& packet);
  size_t put_report_block(uint8_t* out, Nanoseconds now);
  // Tells those who follow live of a report that is put together.
  void tell(const Plan& plan, Feed& feed, const uint8_t* report, size_t block_at,
            std::string_view name) const;
  uint32_t clock_at(const Plan& plan, Nanoseconds at) const;

  Nanoseconds ptime_, jitter_;
  Chance loss_;
  uint64_t seed_;          // of losses and delays; a relay has that of what it passes on
  Nanoseconds shift_ = 0;  // what a relay adds
  uint32_t ssrc_;
  uint32_t next_sequence_;
  uint32_t first_timestamp_;
  uint64_t tick_ = 0;  // packets of the present span
  uint64_t sent_ = 0, sent_octets_ = 0;
  uint64_t packet_number_ = 0;  // of all spans, lost ones too
  size_t span_ = 0;
  size_t digit_ = 0;
  uint64_t digit_tick_ = 0;
  uint32_t digit_timestamp_ = 0;
  std::array<Packet, kMostPending> pending_;
  size_t pending_count_ = 0;
  Nanoseconds next_sent_ = kNever;  // when the next packet is sent
  Nanoseconds report_at_ = kNever, end_ = 0, origin_ = 0;
  Reception reception_;
  uint8_t number_;
  uint8_t payload_type_ = 0;
};

}  // namespace siploom::simulate
