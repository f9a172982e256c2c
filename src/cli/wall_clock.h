// The one place where commands read the wall clock.
#pragma once

#include "base/time.h"

namespace siploom::cli {

Timestamp wall_clock();

}  // namespace siploom::cli
