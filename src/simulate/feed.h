// Feed: who follows a simulation as it goes on, in place of a file. It also is the clock: what it
// waits for happens then.
#pragma once

#include <string_view>

#include "simulate/hep/profiles.h"
#include "simulate/plan.h"

namespace siploom::simulate {

// A message as it passes the capture point. Views live during the call only.
struct SeenSip {
  const Plan& plan;
  const Step& step;
  std::string_view text;
  Peer src, dst;
  Transport transport = Transport::Udp;
};

// A sender's report; `facts` are those of its first block.
struct SeenReport {
  const Plan& plan;
  uint8_t stream = 0;  // number in Plan::media
  Peer src, dst;
  Nanoseconds at = 0;
  hep::RtcpFacts facts;
};

class Feed {
 public:
  virtual ~Feed() = default;
  // Comes back when it is `at`, a time of the simulation; false: it is over.
  virtual bool wait_until(Nanoseconds at) = 0;
  // What the clock on the wall shows then.
  virtual Nanoseconds wall(Nanoseconds at) const = 0;
  // True when a second node saw it, too.
  virtual bool sip(const SeenSip& seen) = 0;
  virtual void rtcp(const SeenReport& seen) = 0;
};

}  // namespace siploom::simulate
