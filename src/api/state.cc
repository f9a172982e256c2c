// Whether the server is well.
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::Permission;
using http::Response;

namespace {

// What is relayed, to whom; an empty list when nothing is.
void write_relay(JsonWriter& json, const pipeline::relay::Relay* relay) {
  json.key("relay");
  json.begin_array();
  const auto counters = relay == nullptr ? pipeline::relay::RelayCounters() : relay->counters();
  for (const pipeline::relay::TargetCounters& to : counters.targets) {
    json.begin_object();
    json.field("to", to.to);
    json.field("connected", to.connected);
    json.field("sent", to.sent);
    json.field("queued", to.queued);
    json.field("spooled", to.spooled);
    json.field("lost", to.dropped);
    text_field(json, "last_error", to.last_error);
    time_field(json, "last_error_at", to.last_error_at);
    json.end_object();
  }
  json.end_array();
  json.field("relay_overflowed", counters.overflowed);
}

Result<Response> health(Asked& asked) {
  const pipeline::Health now = asked.collector().health();
  const admin::AuditCounters audit = asked.stores().audit.counters();
  return object_reply([&](JsonWriter& json) {
    json.field("ready", now.ready);
    json.field("state", now.state);
    text_field(json, "why", now.why);
    // How much comes in tells of what a scope hides.
    const bool all = asked.who().scope.empty();
    const auto count = [&](uint64_t value) {
      return all ? std::optional(static_cast<int64_t>(value)) : std::nullopt;
    };
    id_field(json, "flushed_sequence", count(now.flushed_sequence));
    json.field("version", asked.core->context.version);
    time_field(json, "started", asked.core->started);
    id_field(json, "open_calls", count(asked.collector().keeper().open_calls()));
    json.field("audit_lost", audit.lost);
    json.field("audit_queued", audit.queued);
    json.field("streams_open", uint64_t{asked.core->streams.open()});
    json.field("searches_running", uint64_t{asked.core->searches.taken()});
    write_relay(json, asked.collector().relay());
  });
}

// The process answers: nothing more is said.
Result<Response> healthz(Asked& asked) {
  static_cast<void>(asked);
  return Response::text("ok\n");
}

Result<Response> readyz(Asked& asked) {
  const pipeline::Health now = asked.collector().health();
  return Response::text(now.state + "\n", now.ready ? 200 : 503);
}

}  // namespace

void add_state(Routes& routes) {
  RouteInfo info{"state", "How the server is, and what to do about it", Access::Allowed,
                 Permission::NodesRead};
  info.response = "Health";
  routes.get("/health", health, info);
  RouteInfo open{"state", "That the process answers", Access::Public};
  open.response = "text/plain";
  routes.get("//healthz", healthz, open);
  open.summary = "Whether it takes and keeps what comes; 503 when it does not";
  routes.get("//readyz", readyz, open);
}

}  // namespace siploom::api
