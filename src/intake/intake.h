// Intake: the network listener. Takes HEP (v1, v2, v3) by UDP, TCP, TLS, HTTP and WebSocket, all on
// one port, and is a capture::Source: the engine reads it as it reads a capture. It has no thread
// of its own; everything happens within next(), which one thread at a time calls.
//
// Each message is a frame of LinkType::HepIntake: capture/intake_header.h, then the message as it
// came, its authentication key wiped (a gzip'd message with a key in it is handed on inflated).
#pragma once

#include <memory>

#include "capture/source.h"
#include "intake/counts.h"
#include "intake/options.h"

namespace siploom::intake {

// next() gives what is there at once, waits about 100 ms when nothing is, and never ends by itself.
// rest() gives what lay in the kernel's buffers when it was first called. The functions below may
// be called by any thread; wake() in a signal handler, too.
class Intake : public capture::Source {
 public:
  // Where it listens, with the ports that were chosen.
  virtual std::vector<Endpoint> endpoints() const = 0;
  // While paused (the store is full) UDP is counted and thrown away, and TCP is not read.
  virtual void pause(bool paused) = 0;
  // Who may send, and how much; of those that send already, too. Error: too many blocks; nothing
  // has changed.
  virtual Result<void> set_limits(std::vector<Cidr> allow, const RateLimit& rate) = 0;
  // Ends the waiting of next().
  virtual void wake() = 0;
  virtual Snapshot snapshot(size_t max_sources = 1'000) const = 0;
};

// Errors name the address, the file or the rule, and what to do.
Result<std::unique_ptr<Intake>> open_intake(IntakeOptions options);

}  // namespace siploom::intake
