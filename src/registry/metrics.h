// The registry of metrics: every metric of a server has its name here, once (metrics.toml).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "registry/metrics_generated.h"

namespace siploom::registry {

enum class MetricType : uint8_t { Counter, Gauge, Histogram };

struct MetricInfo {
  MetricId id{};
  MetricType type = MetricType::Counter;
  std::string_view name, labels;  // labels by blanks
  std::string_view unit, help;
  bool alias = false;  // another program's name
};

std::span<const MetricInfo> metrics();
const MetricInfo& info(MetricId id);

}  // namespace siploom::registry
