// CallPlayer: plays one Plan: messages over UDP or its connections, and its RTP streams, in the
// order of time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "simulate/call_record.h"
#include "simulate/rtp_stream.h"
#include "simulate/sip_text.h"
#include "simulate/tcp_connection.h"

namespace siploom::simulate {

// What all calls of a run share.
struct Stage {
  const Settings& settings;
  Output& out;
  Truth& truth;
  SipRenderer renderer;
  PayloadTable sounds;
  TextBuffer stream_bytes;  // messages on their way into a connection
};

class CallPlayer final {
 public:
  Plan& plan() { return plan_; }
  // To be called when the plan is written; gives the time of its first event, or kNever.
  Nanoseconds start(const Settings& settings);
  // What is still to come, about: messages are exact, frames are those of UDP and of RTP without
  // loss.
  struct Amount {
    uint64_t messages = 0, packets = 0;
  };
  Amount planned(const Settings& settings) const;
  // Everything that is due at `now`; gives the time of the next event, or kNever when all is over.
  Nanoseconds play(Stage& stage, Nanoseconds now);
  // Whether what became of a leg depends on how much longer the capture goes on.
  bool is_open() const;
  // A line of JSON for each leg of which something was seen; `now` is the last time of the capture.
  void append_records(std::string& out, Nanoseconds now) const;

 private:
  Nanoseconds next() const;
  void play_step(Stage& stage);
  void play_message(Stage& stage, const Step& step);
  void play_stream_messages(Stage& stage);
  void count(Stage& stage, const Step& step, Transport transport, bool copied);
  // Tells those who follow live of a message; true when a second of them saw it.
  bool tell(Stage& stage, const Step& step, std::string_view text) const;
  void garbage(Stage& stage, const Step& step);
  TcpConnection& connection(uint8_t leg, size_t hop) { return connections_[leg * kMaxHops + hop]; }
  Transport transport_of(const Step& step) const;
  Peer peer(const Step& step, size_t position) const;
  size_t physical_hop(const Step& step) const {
    return Plan::physical_hop(plan_.legs[step.leg], step.reverse, step.hop);
  }
  // Whether a message goes the way from the client of its connection.
  bool from_client(const Step& step) const { return step.reverse == (step.status != 0); }
  Nanoseconds connection_latency(const Step& step) const;

  Plan plan_;
  std::vector<RtpStream> streams_;
  std::vector<TcpConnection> connections_;
  std::vector<CallRecord> records_;
  size_t step_ = 0;
};

}  // namespace siploom::simulate
