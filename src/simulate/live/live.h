// A simulation in real time, sent as HEP by the nodes of node.h. Everything happens in the caller's
// thread.
#pragma once

#include <atomic>

#include "simulate/live/node.h"
#include "simulate/live/report.h"
#include "simulate/simulate.h"

namespace siploom::simulate::live {

constexpr double kFastest = 1000;

struct LiveOptions {
  NodeOptions nodes;
  std::vector<Destination> destinations;  // of the nodes in turn: 1 to kMaxDestinations
  double speed = 1;                  // above 1: time in HEP goes so much slower than the plan's
  size_t spool_bytes = kSpoolBytes;  // of each node
  const std::atomic<bool>* stop = nullptr;
  Say say;  // what went wrong, once each; may be empty
};

struct LiveResult {
  Truth truth;
  Report report;
};

// `options`: as for a capture, but `start` is now, `duration` is by the clock on the wall (0: until
// `stop`), and how a capture looks (output, VLANs, copies) does not matter. The truth's times are
// those of the wall. Errors: of options, of names that nobody knows; that nobody listens is none.
Result<LiveResult> run(Options options, const LiveOptions& live, Clock& clock);

}  // namespace siploom::simulate::live
