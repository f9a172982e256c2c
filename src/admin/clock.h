// Clock: the wall clock that stores and limits are given; tests turn it by hand.
#pragma once

#include <functional>

#include "base/time.h"

namespace siploom::admin {

using Clock = std::function<Timestamp()>;

}  // namespace siploom::admin
