// Metrics in Prometheus' text format 0.0.4, under the names of registry/metrics.toml.
#include <fmt/format.h>

#include "api/exposition.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"
#include "base/text.h"
#include "store/stat.h"

namespace siploom::api {

using http::Response;
using registry::MetricId;

namespace {

constexpr size_t kMaxNodesTold = 200;

void expose_server(Exposition& out, const Asked& asked) {
  out.begin(MetricId::SiploomInfo);
  out.add(uint64_t{1}, {asked.core->context.version});
  out.one(MetricId::SiploomReady, uint64_t{asked.collector().health().ready ? 1u : 0u});
  out.one(MetricId::SiploomStartTimeSeconds, static_cast<double>(asked.core->started.ns) / 1e9);
}

template <class Buckets>
void expose_buckets(Exposition& out, const Buckets& buckets,
                    std::initializer_list<std::string_view> labels = {}) {
  out.histogram({Buckets::kBounds, buckets.counts, buckets.count, buckets.sum_s}, labels);
}

void expose_keeper(Exposition& out, const pipeline::Keeper& keeper) {
  const pipeline::KeeperCounters counters = keeper.counters();
  out.begin(MetricId::SiploomRecordsTotal);
  for (size_t i = 0; i < counters.by_kind.size(); ++i) {
    if (counters.by_kind[i] == 0) continue;
    out.add(counters.by_kind[i], {model::record_kind_name(static_cast<model::RecordKind>(i))});
  }
  out.one(MetricId::SiploomCallsTotal, counters.calls);
  out.one(MetricId::SiploomCallsOpen, uint64_t{keeper.open_calls()});
  out.one(MetricId::SiploomCallsEvictedTotal, counters.evicted);
  const pipeline::CallTimes times = keeper.call_times();
  out.begin(MetricId::SiploomCallPddSeconds);
  expose_buckets(out, times.pdd);
  out.begin(MetricId::SiploomCallSetupSeconds);
  expose_buckets(out, times.setup);
  out.one(MetricId::SiploomDoubledTotal, counters.doubled);
  out.one(MetricId::SiploomSightingsTotal, counters.sightings);
  out.one(MetricId::SiploomRetransmissionsTotal, counters.retransmissions);
  out.one(MetricId::SiploomStoreWaitsTotal, counters.waits);
}

// Without a relay there are the names and no values.
void expose_relay(Exposition& out, const pipeline::relay::Relay* relay) {
  using pipeline::relay::TargetCounters;
  const pipeline::relay::RelayCounters counters =
      relay == nullptr ? pipeline::relay::RelayCounters() : relay->counters();
  out.one(MetricId::SiploomRelayTakenTotal, counters.taken);
  out.begin(MetricId::SiploomRelayLeftOutTotal);
  out.add(counters.filtered, {"filtered"});
  out.add(counters.withheld, {"withheld"});
  out.add(counters.too_large, {"too-large"});
  out.add(counters.overflowed, {"overflow"});
  const auto each = [&](MetricId id, auto&& value) {
    out.begin(id);
    for (const TargetCounters& to : counters.targets) out.add(uint64_t{value(to)}, {to.to});
  };
  using To = const TargetCounters&;
  each(MetricId::SiploomRelaySentTotal, [](To to) { return to.sent; });
  each(MetricId::SiploomRelaySentBytesTotal, [](To to) { return to.sent_octets; });
  each(MetricId::SiploomRelayResentTotal, [](To to) { return to.resent; });
  each(MetricId::SiploomRelayLostTotal, [](To to) { return to.dropped; });
  each(MetricId::SiploomRelayRefusedTotal, [](To to) { return to.refused; });
  each(MetricId::SiploomRelayQueued, [](To to) { return to.queued; });
  each(MetricId::SiploomRelayQueuedBytes, [](To to) { return to.queued_octets; });
  each(MetricId::SiploomRelaySpooled, [](To to) { return to.spooled; });
  each(MetricId::SiploomRelaySpooledBytes, [](To to) { return to.spooled_octets; });
  each(MetricId::SiploomRelayConnected, [](To to) { return uint64_t{to.connected ? 1u : 0u}; });
  each(MetricId::SiploomRelayReconnectsTotal, [](To to) { return to.reconnects; });
}

void expose_intake(Exposition& out, const intake::Intake& intake) {
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

void expose_nodes(Exposition& out, std::vector<pipeline::NodeFacts> nodes) {
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

void expose_store(Exposition& out, const store::Store& store) {
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

void expose_http(Exposition& out, const Core& core) {
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
  out.begin(MetricId::SiploomHttpRequestDurationSeconds);
  for (const auto& [route, histogram] : core.requests.snapshot()) {
    expose_buckets(out, histogram, {route});
  }
}

void expose_users(Exposition& out, const Asked& asked) {
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
  expose_server(out, asked);
  const pipeline::Keeper& keeper = asked.collector().keeper();
  expose_keeper(out, keeper);
  if (const intake::Intake* intake = asked.collector().intake()) expose_intake(out, *intake);
  expose_relay(out, asked.collector().relay());
  expose_nodes(out, keeper.nodes());
  expose_store(out, asked.collector().store());
  expose_http(out, *asked.core);
  expose_users(out, asked);
  if (settings->flag(registry::SettingId::MetricsHeplifyAliases)) {
    add_heplify(out, keeper.heplify_series());
  }
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
