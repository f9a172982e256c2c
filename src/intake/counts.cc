#include "intake/counts.h"

namespace siploom::intake {

std::string_view drop_name(Drop drop) {
  constexpr std::string_view kNames[kDrops] = {"none",     "not-allowed", "bad-key",   "over-rate",
                                               "not-hep",  "oversize",    "bad-frame", "resync",
                                               "unframed", "paused"};
  const auto at = static_cast<size_t>(drop);
  return at < kDrops ? kNames[at] : "unknown";
}

}  // namespace siploom::intake
