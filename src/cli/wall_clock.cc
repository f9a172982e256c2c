#include "cli/wall_clock.h"

#include <ctime>

namespace siploom::cli {

Timestamp wall_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return {int64_t{now.tv_sec} * kSecond + now.tv_nsec};
}

}  // namespace siploom::cli
