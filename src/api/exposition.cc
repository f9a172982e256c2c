#include "api/exposition.h"

#include <fmt/format.h>

#include <array>

#include "api/asked.h"
#include "base/text.h"

namespace siploom::api {

using registry::MetricId;

namespace {

// What is no UTF-8 would make a scraper refuse the whole page.
std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : to_utf8(text)) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) { return fmt::format("{:.15g}", value); }

}  // namespace

void Exposition::begin(MetricId id) {
  info_ = &registry::info(id);
  constexpr std::array<std::string_view, 3> kMetricTypes = {"counter", "gauge", "histogram"};
  out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", info_->name, info_->help, info_->name,
                      kMetricTypes[static_cast<size_t>(info_->type)]);
}

void Exposition::add(double value, Labels labels) {
  out_ += fmt::format("{}{} {}\n", info_->name, label_text(labels, {}), number(value));
}

void Exposition::add(uint64_t value, Labels labels) {
  out_ += fmt::format("{}{} {}\n", info_->name, label_text(labels, {}), value);
}

void Exposition::one(MetricId id, uint64_t value) {
  begin(id);
  add(value);
}

void Exposition::one(MetricId id, double value) {
  begin(id);
  add(value);
}

void Exposition::histogram(const Histogram& histogram, Labels labels) {
  uint64_t sum = 0;
  for (size_t i = 0; i < histogram.bounds.size(); ++i) {
    sum += histogram.counts[i];
    out_ += fmt::format("{}_bucket{} {}\n", info_->name,
                        label_text(labels, number(histogram.bounds[i])), sum);
  }
  out_ += fmt::format("{}_bucket{} {}\n", info_->name, label_text(labels, "+Inf"), histogram.count);
  out_ += fmt::format("{}_sum{} {}\n", info_->name, label_text(labels, {}), number(histogram.sum));
  out_ += fmt::format("{}_count{} {}\n", info_->name, label_text(labels, {}), histogram.count);
}

std::string Exposition::label_text(Labels values, std::string_view bound) const {
  const auto names = words_of(info_->labels);
  std::string out;
  size_t i = 0;
  for (const std::string_view value : values) {
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "{" : ",", names.at(i++), label_value(value));
  }
  if (!bound.empty()) out += fmt::format("{}le=\"{}\"", out.empty() ? "{" : ",", bound);
  return out.empty() ? out : out + "}";
}

void add_heplify(Exposition& out, const pipeline::HeplifySeries& series) {
  out.begin(MetricId::HeplifyPacketsTotal);
  for (const auto& each : series.packets) out.add(each.count, {each.node, each.type});
  out.begin(MetricId::HeplifyPacketsSize);
  for (const auto& each : series.packets) {
    out.add(uint64_t{each.last_octets}, {each.node, each.type});
  }
  out.begin(MetricId::HeplifyMethodResponse);
  for (const auto& each : series.responses) {
    out.add(each.count, {"", "", each.node, each.response, each.method});
  }
  out.begin(MetricId::HeplifyReasonIsupTotal);
  for (const auto& each : series.causes) {
    out.add(each.count, {"", std::to_string(each.cause), each.method});
  }
  using Reports = pipeline::HeplifySeries::Reports;
  out.begin(MetricId::HeplifyKpiSrd);
  for (const Reports& each : series.reports) {
    if (each.srd_ns) out.add(*each.srd_ns, {"", each.node});
  }
  const auto gauge = [&](MetricId id, std::optional<double> Reports::*member) {
    out.begin(id);
    for (const Reports& each : series.reports) {
      if (each.*member) out.add(*(each.*member), {each.node});
    }
  };
  gauge(MetricId::HeplifyRtcpFractionLost, &Reports::fraction_lost);
  gauge(MetricId::HeplifyRtcpPacketsLost, &Reports::packets_lost);
  gauge(MetricId::HeplifyRtcpJitter, &Reports::jitter);
  gauge(MetricId::HeplifyRtcpDlsr, &Reports::dlsr);
  gauge(MetricId::HeplifyVqrtcpxrNlr, &Reports::nlr);
  gauge(MetricId::HeplifyVqrtcpxrIaj, &Reports::iaj);
}

}  // namespace siploom::api
