#include "api/meters.h"

namespace siploom::api {

void Histogram::add(double seconds) {
  ++count;
  sum_s += seconds;
  for (size_t i = 0; i < kBounds.size(); ++i) {
    if (seconds > kBounds[i]) continue;
    ++counts[i];
    return;
  }
}

void Meters::add(std::string_view name, double seconds) {
  const std::lock_guard lock(mutex_);
  auto at = histograms_.find(name);
  if (at == histograms_.end()) {
    if (histograms_.size() >= kMaxNames) return;
    at = histograms_.try_emplace(std::string(name)).first;
  }
  at->second.add(seconds);
}

Meters::All Meters::snapshot() const {
  const std::lock_guard lock(mutex_);
  return histograms_;
}

}  // namespace siploom::api
