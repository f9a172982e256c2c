// How a carrier hands its messages on, and hears what became of them.
#pragma once

#include "base/bytes.h"
#include "intake/counts.h"

namespace siploom::intake {

class Taker {
 public:
  virtual ~Taker() = default;
  // One HEP message, whole by the carrier's framing. None: it was taken.
  virtual Drop take(ByteSpan message, capture::Carrier carrier) = 0;
  // Something that never became a message.
  virtual void count(Drop trouble) = 0;
};

// What became of the messages of one HTTP request.
struct Tally {
  uint32_t taken = 0, refused = 0;
  Drop why = Drop::None;  // of the last that was refused

  void add(Drop drop) {
    drop == Drop::None ? ++taken : ++refused;
    if (drop != Drop::None) why = drop;
  }
};

// A Taker, the carrier that speaks to it, and where the outcome is noted (null: nowhere).
struct Handover {
  Taker& taker;
  capture::Carrier carrier = capture::Carrier::Tcp;
  Tally* tally = nullptr;

  void take(ByteSpan message) const {
    const Drop drop = taker.take(message, carrier);
    if (tally != nullptr) tally->add(drop);
  }
  void count(Drop trouble) const {
    taker.count(trouble);
    if (tally != nullptr) tally->add(trouble);
  }
};

}  // namespace siploom::intake
