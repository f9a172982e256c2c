// Simulation: realistic captures together with the truth about them. The same options give the same
// octets on every machine. Memory follows the calls under way at one time, not the size of the
// file.
#pragma once

#include "simulate/feed.h"
#include "simulate/options.h"
#include "simulate/truth.h"

namespace siploom::simulate {

// Writes the capture (and the lines of `calls_path`); gives what is in it. The options are checked
// first.
Result<Truth> run(const Options& options);

// The same as it happens: no capture is written, each message goes to `feed` when it is its time.
// What no Feed is told of (packets of media, octets that are no SIP) is no part of the truth.
Result<Truth> run(const Options& options, Feed& feed);

}  // namespace siploom::simulate
