// Clock: the wall clock that stores and limits are given; tests turn it by hand.
#pragma once

#include <functional>

#include "base/time.h"

namespace siploom::admin {

using Clock = std::function<Timestamp()>;

constexpr Nanoseconds kMinute = 60 * kSecond;
constexpr Nanoseconds kHour = 60 * kMinute;
constexpr Nanoseconds kDay = 24 * kHour;

}  // namespace siploom::admin
