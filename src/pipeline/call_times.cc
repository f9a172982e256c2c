#include "pipeline/call_times.h"

#include <algorithm>

namespace siploom::pipeline {

void TimeBuckets::add(Nanoseconds value) {
  if (value == model::kNoDuration) return;
  const double seconds = static_cast<double>(value) / static_cast<double>(kSecond);
  ++count;
  sum_s += seconds;
  const auto at = static_cast<size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), seconds) -
                                      kBounds.begin());
  if (at < counts.size()) ++counts[at];
}

void CallTimes::add(const model::Call& call) {
  if (call.kind != model::CallKind::Call || call.begins_before) return;
  pdd.add(model::pdd(call));
  setup.add(model::setup_time(call));
}

}  // namespace siploom::pipeline
