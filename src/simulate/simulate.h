// Simulation: realistic captures together with the truth about them. The same options give the same
// octets on every machine. Memory follows the calls under way at one time, not the size of the
// file.
#pragma once

#include "simulate/options.h"
#include "simulate/truth.h"

namespace siploom::simulate {

// Writes the capture (and the lines of `calls_path`); gives what is in it. The options are checked
// first.
Result<Truth> run(const Options& options);

}  // namespace siploom::simulate
