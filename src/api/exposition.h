// Exposition: metrics in Prometheus' text format 0.0.4, one after the other, under the names of
// registry/metrics.toml.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "pipeline/heplify_counts.h"
#include "registry/metrics.h"

namespace siploom::api {

class Exposition final {
 public:
  using Labels = std::initializer_list<std::string_view>;
  struct Histogram {
    std::span<const double> bounds;
    std::span<const uint64_t> counts;  // of each bound alone
    uint64_t count = 0;
    double sum = 0;
  };

  void begin(registry::MetricId id);
  // One value of the metric begun last; as many label values as it has labels.
  void add(double value, Labels labels = {});
  void add(uint64_t value, Labels labels = {});
  void histogram(const Histogram& histogram, Labels labels = {});
  void one(registry::MetricId id, uint64_t value);
  void one(registry::MetricId id, double value);
  std::string take() { return std::move(out_); }

 private:
  std::string label_text(Labels values, std::string_view bound) const;

  const registry::MetricInfo* info_ = nullptr;
  std::string out_;
};

// Under heplify-server's names.
void add_heplify(Exposition& out, const pipeline::HeplifySeries& series);

}  // namespace siploom::api
