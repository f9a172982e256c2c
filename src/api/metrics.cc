// Metrics in Prometheus' text format 0.0.4, under the names of registry/metrics.toml.
#include <fmt/format.h>

#include <array>

#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"
#include "base/text.h"
#include "registry/metrics.h"
#include "store/stat.h"

namespace siploom::api {

using http::Response;
using registry::MetricId;
using registry::MetricInfo;

namespace {

constexpr size_t kMaxNodesTold = 200;

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

// The exposition, a metric after the other.
class Exposition final {
 public:
  void begin(MetricId id) {
    info_ = &registry::info(id);
    constexpr std::array<std::string_view, 3> kTypes = {"counter", "gauge", "histogram"};
    out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", info_->name, info_->help, info_->name,
                        kTypes[static_cast<size_t>(info_->type)]);
  }
  // One value of the metric begun last; as many label values as it has labels.
  void add(double value, std::initializer_list<std::string_view> labels = {}) {
    out_ += fmt::format("{}{} {}\n", info_->name, label_text(labels, {}), number(value));
  }
  void add(uint64_t value, std::initializer_list<std::string_view> labels = {}) {
    out_ += fmt::format("{}{} {}\n", info_->name, label_text(labels, {}), value);
  }
  void one(MetricId id, uint64_t value) {
    begin(id);
    add(value);
  }
  void one(MetricId id, double value) {
    begin(id);
    add(value);
  }
  void histogram(const Histogram& histogram, std::string_view label) {
    uint64_t sum = 0;
    for (size_t i = 0; i < Histogram::kBounds.size(); ++i) {
      sum += histogram.counts[i];
      const std::string bound = number(Histogram::kBounds[i]);
      out_ += fmt::format("{}_bucket{} {}\n", info_->name, label_text({label}, bound), sum);
    }
    out_ +=
        fmt::format("{}_bucket{} {}\n", info_->name, label_text({label}, "+Inf"), histogram.count);
    out_ +=
        fmt::format("{}_sum{} {}\n", info_->name, label_text({label}, {}), number(histogram.sum_s));
    out_ += fmt::format("{}_count{} {}\n", info_->name, label_text({label}, {}), histogram.count);
  }
  std::string take() { return std::move(out_); }

 private:
  static std::string number(double value) { return fmt::format("{:.15g}", value); }
  std::string label_text(std::initializer_list<std::string_view> values,
                         std::string_view bound) const {
    const auto names = words_of(info_->labels);
    std::string out;
    size_t i = 0;
    for (const std::string_view value : values) {
      out += fmt::format("{}{}=\"{}\"", out.empty() ? "{" : ",", names.at(i++), label_value(value));
    }
    if (!bound.empty()) out += fmt::format("{}le=\"{}\"", out.empty() ? "{" : ",", bound);
    return out.empty() ? out : out + "}";
  }

  const MetricInfo* info_ = nullptr;
  std::string out_;
};

void add_server(Exposition& out, const Asked& asked) {
  out.begin(MetricId::SiploomInfo);
  out.add(uint64_t{1}, {asked.core->context.version});
  out.one(MetricId::SiploomReady, uint64_t{asked.collector().health().ready ? 1u : 0u});
  out.one(MetricId::SiploomStartTimeSeconds, static_cast<double>(asked.core->started.ns) / 1e9);
}

void add_keeper(Exposition& out, const pipeline::Keeper& keeper, bool heplify) {
  const pipeline::KeeperCounters counters = keeper.counters();
  const auto by_kind = [&] {
    for (size_t i = 0; i < counters.by_kind.size(); ++i) {
      if (counters.by_kind[i] == 0) continue;
      out.add(counters.by_kind[i], {model::record_kind_name(static_cast<model::RecordKind>(i))});
    }
  };
  out.begin(MetricId::SiploomRecordsTotal);
  by_kind();
  if (heplify) {
    out.begin(MetricId::HeplifyPacketsTotal);
    by_kind();
  }
  out.one(MetricId::SiploomCallsTotal, counters.calls);
  out.one(MetricId::SiploomCallsOpen, uint64_t{keeper.open_calls()});
  out.one(MetricId::SiploomCallsEvictedTotal, counters.evicted);
  out.one(MetricId::SiploomDoubledTotal, counters.doubled);
  out.one(MetricId::SiploomSightingsTotal, counters.sightings);
  out.one(MetricId::SiploomRetransmissionsTotal, counters.retransmissions);
  out.one(MetricId::SiploomStoreWaitsTotal, counters.waits);
}

void add_intake(Exposition& out, const intake::Intake& intake) {
  const intake::Snapshot now = intake.snapshot(0);
  const intake::Totals& totals = now.totals;
  out.begin(MetricId::SiploomIntakeMessagesTotal);
  for (size_t i = 0; i < totals.by_carrier.size(); ++i) {
    out.add(totals.by_carrier[i], {capture::carrier_name(static_cast<capture::Carrier>(i))});
  }
  out.one(MetricId::SiploomIntakeBytesTotal, totals.octets);
  out.begin(MetricId::SiploomIntakeDropsTotal);
  for (size_t i = 1; i < intake::kDrops; ++i) {
    out.add(totals.drops[i], {intake::drop_name(static_cast<intake::Drop>(i))});
  }
  uint64_t kernel = 0;
  for (const intake::SocketCounts& socket : now.udp) kernel += socket.kernel_drops;
  out.one(MetricId::SiploomIntakeKernelDropsTotal, kernel);
  out.one(MetricId::SiploomIntakeConnections, totals.connections);
  out.one(MetricId::SiploomIntakePaused, uint64_t{now.paused ? 1u : 0u});
}

void add_nodes(Exposition& out, std::vector<pipeline::NodeFacts> nodes) {
  out.one(MetricId::SiploomNodes, uint64_t{nodes.size()});
  // One name may report from several addresses: it is one series.
  std::map<std::string, pipeline::NodeFacts> by_name;
  for (pipeline::NodeFacts& node : nodes) {
    node.name = to_utf8(node.name);  // as they will stand there: a series twice is an error
    if (by_name.size() >= kMaxNodesTold && by_name.count(node.name) == 0) continue;
    const auto [at, fresh] = by_name.emplace(node.name, node);
    if (fresh) continue;
    at->second.records += node.records;
    at->second.clock_absurd += node.clock_absurd;
  }
  out.begin(MetricId::SiploomNodeRecordsTotal);
  for (const auto& [name, node] : by_name) out.add(node.records, {name});
  out.begin(MetricId::SiploomNodeLastSeenSeconds);
  for (const auto& [name, node] : by_name) {
    out.add(static_cast<double>(node.last_seen.ns) / 1e9, {name});
  }
  out.begin(MetricId::SiploomNodeClockOffsetSeconds);
  for (const auto& [name, node] : by_name) {
    out.add(static_cast<double>(node.clock_offset) / 1e9, {name});
  }
  out.begin(MetricId::SiploomNodeClockAbsurdTotal);
  for (const auto& [name, node] : by_name) out.add(node.clock_absurd, {name});
}

void add_store(Exposition& out, const store::Store& store) {
  const store::StoreStat stat = store::stat(store.view());
  const auto each = [&](MetricId id, auto&& value) {
    out.begin(id);
    for (size_t i = 0; i < stat.shelves.size(); ++i) {
      out.add(uint64_t{value(stat.shelves[i])}, {store::shelf_name(static_cast<store::Shelf>(i))});
    }
  };
  using Shelf = store::ShelfStat;
  each(MetricId::SiploomStoreSegments, [](const Shelf& shelf) { return shelf.segments; });
  each(MetricId::SiploomStoreRows, [](const Shelf& shelf) { return shelf.rows; });
  each(MetricId::SiploomStoreBytes,
       [](const Shelf& shelf) { return shelf.bytes + shelf.index_bytes; });
  uint64_t unsealed = 0;
  for (const uint64_t rows : stat.memory_rows) unsealed += rows;
  out.one(MetricId::SiploomStoreUnsealedRows, unsealed);
  out.one(MetricId::SiploomStoreMemoryBytes, stat.memory_bytes);
  out.one(MetricId::SiploomStoreDiskFreeBytes, stat.disk_free_bytes);
}

void add_http(Exposition& out, const Core& core) {
  if (core.context.counters) {
    const http::ServerCounters counters = core.context.counters();
    out.one(MetricId::SiploomHttpRequestsTotal, counters.requests);
    out.begin(MetricId::SiploomHttpResponsesTotal);
    for (size_t i = 1; i < counters.by_class.size(); ++i) {
      out.add(counters.by_class[i], {fmt::format("{}xx", i)});
    }
    out.one(MetricId::SiploomHttpConnections, counters.connections_now);
    out.one(MetricId::SiploomHttpStreams, counters.streams_now);
    out.one(MetricId::SiploomHttpSentBytesTotal, counters.bytes_sent);
    out.one(MetricId::SiploomHttpBusyTotal, counters.busy);
  }
  const Meters::All meters = core.meters.snapshot();
  for (const MetricInfo& info : registry::metrics()) {
    if (info.type != registry::MetricType::Histogram) continue;
    out.begin(info.id);
    const auto known = meters.find(info.name);
    if (known == meters.end()) continue;
    for (const auto& [label, histogram] : known->second) out.histogram(histogram, label);
  }
}

void add_users(Exposition& out, const Asked& asked) {
  const Core& core = *asked.core;
  out.begin(MetricId::SiploomApiThrottledTotal);
  out.add(core.rates.refused(), {"rate"});
  out.add(core.searches.refused(), {"searches"});
  out.add(core.tails.refused(), {"tails"});
  out.one(MetricId::SiploomApiSearches, uint64_t{core.searches.taken()});
  out.one(MetricId::SiploomApiStreams, uint64_t{core.streams.open()});
  out.one(MetricId::SiploomApiEventsDroppedTotal, core.streams.dropped());
  const admin::ThrottleCounters logins = asked.stores().throttle.counters();
  out.one(MetricId::SiploomLoginAttemptsTotal, logins.attempts);
  out.one(MetricId::SiploomLoginFailuresTotal, logins.failures);
  out.one(MetricId::SiploomLoginThrottledTotal, logins.throttled);
  const admin::AuditCounters audit = asked.stores().audit.counters();
  out.one(MetricId::SiploomAuditEventsTotal, audit.added);
  out.one(MetricId::SiploomAuditLostTotal, audit.lost);
  out.one(MetricId::SiploomAuditQueued, audit.queued);
}

// Whether somebody without a login may read them is a setting; the gate lets everybody come here.
Result<Response> metrics(Asked& asked) {
  const auto settings = asked.stores().settings.snapshot();
  if (!settings->flag(registry::SettingId::MetricsPublic)) {
    if (!asked.caller->known) {
      return unauthenticated("Send Authorization: Bearer with a token, or set metrics.public.");
    }
    if (!asked.may(admin::Permission::MetricsRead)) {
      return forbidden("It takes the permission metrics.read; ask an admin for it.");
    }
    if (!asked.who().scope.empty()) {
      return forbidden("It gives what cannot be cut down to the traffic that you may see.");
    }
  }
  Exposition out;
  add_server(out, asked);
  add_keeper(out, asked.collector().keeper(),
             settings->flag(registry::SettingId::MetricsHeplifyAliases));
  if (const intake::Intake* intake = asked.collector().intake()) add_intake(out, *intake);
  add_nodes(out, asked.collector().keeper().nodes());
  add_store(out, asked.collector().store());
  add_http(out, *asked.core);
  add_users(out, asked);
  return Response::of("text/plain; version=0.0.4; charset=utf-8", out.take());
}

}  // namespace

void add_metrics(Routes& routes) {
  RouteInfo info{"state", "Metrics in Prometheus' text format, for metrics.read or metrics.public",
                 Access::Public};
  info.response = "text/plain";
  routes.get("//metrics", metrics, info);
}

}  // namespace siploom::api
