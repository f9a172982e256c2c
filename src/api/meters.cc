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

void Meters::add(std::string_view histogram, std::string_view label, double seconds) {
  const std::lock_guard lock(mutex_);
  auto known = histograms_.find(histogram);
  if (known == histograms_.end()) known = histograms_.try_emplace(std::string(histogram)).first;
  auto& labels = known->second;
  auto at = labels.find(label);
  if (at == labels.end()) {
    if (labels.size() >= kMaxNames) return;
    at = labels.try_emplace(std::string(label)).first;
  }
  at->second.add(seconds);
}

Meters::All Meters::snapshot() const {
  const std::lock_guard lock(mutex_);
  return histograms_;
}

}  // namespace siploom::api
