// Agents, what became of their messages, the intake and the store.
#include <fmt/format.h>

#include <algorithm>

#include "api/lost.h"
#include "api/reply.h"
#include "api/route.h"
#include "api/rows.h"
#include "base/text.h"
#include "store/journal.h"
#include "store/stat.h"
#include "wire/hep/quirk.h"

namespace siploom::api {

using admin::Permission;
using http::Response;

namespace {

constexpr size_t kMaxDropsTold = 100;

void write_node(JsonWriter& json, const pipeline::NodeFacts& node) {
  json.field("name", node.name);
  json.field("agent_id", unsigned{node.agent_id});
  json.field("address", format_ip(node.sender));
  time_field(json, "first_seen", node.first_seen);
  time_field(json, "last_seen", node.last_seen);
  time_field(json, "last_time", node.last_time);
  json.field("records", node.records);
  json.field("sip", node.sip);
  json.field("octets", node.octets);
  json.field("doubled", node.doubled);
  json.field("sightings", node.sightings);
  json.field("rate", node.rate);
  json.key("clock_offset_s");
  json.seconds(node.clock_offset);
  json.key("lag_max_s");
  json.seconds(node.lag_max);
  json.field("clock_absurd", node.clock_absurd);
  json.key("quirks");
  json.begin_array();
  for (size_t i = 0; i < hep::kQuirks; ++i) {
    if ((node.quirks >> i & 1) != 0) json.value(hep::quirk_name(static_cast<hep::Quirk>(i)));
  }
  json.end_array();
}

Result<Response> list_nodes(Asked& asked) {
  const auto nodes = asked.collector().keeper().nodes();
  return object_reply([&](JsonWriter& json) {
    json.key("rows");
    json.begin_array();
    for (const pipeline::NodeFacts& node : nodes) {
      json.begin_object();
      write_node(json, node);
      json.end_object();
    }
    json.end_array();
  });
}

// What the ledger says of it, by fate and reason.
Result<void> write_fates(const Asked& asked, JsonWriter& json, std::string_view name) {
  const store::QueryControl control = SL_TRY(asked.control());
  auto answer = SL_TRY(asked.search().sql(
      asked.view(),
      fmt::format("SELECT fate, reason, sum(count)::UBIGINT FROM ledger WHERE node = {} GROUP BY "
                  "fate, reason ORDER BY 3 DESC LIMIT 100",
                  store::sql_text(name)),
      control));
  json.key("ledger");
  json.begin_array();
  while (SL_TRY(answer->next())) {
    json.begin_object();
    json.field("fate", answer->rows().text(0));
    text_field(json, "reason", answer->rows().text(1));
    json.field("count", static_cast<uint64_t>(answer->rows().integer(2)));
    json.end_object();
  }
  json.end_array();
  return {};
}

Result<Response> get_node(Asked& asked) {
  const std::string_view name = asked.request.param("name");
  const auto nodes = asked.collector().keeper().nodes();
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("name", name);
  json.key("seen");  // an agent may report from several addresses
  json.begin_array();
  bool any = false;
  for (const pipeline::NodeFacts& node : nodes) {
    if (node.name != name) continue;
    any = true;
    json.begin_object();
    write_node(json, node);
    json.end_object();
  }
  json.end_array();
  SL_TRY_VOID(write_fates(asked, json, name));
  json.end_object();
  if (!any) {
    return fail(ErrorCode::NotFound,
                "no agent of that name has reported since the start; /api/v1/nodes lists them");
  }
  return Response::json(std::move(text));
}

// One row a minute, source, node, fate and reason: those that were written apart are added up.
Result<std::string> ledger_sql(const Asked& asked, const TimeRange& range, size_t rows) {
  constexpr std::string_view kKey = "concat_ws(chr(31), source, node, fate, coalesce(reason, ''))";
  std::string where = "true";
  if (is_known(range.from)) where += " AND minute >= " + store::sql_time(range.from);
  if (is_known(range.to)) where += " AND minute < " + store::sql_time(range.to);
  if (!asked.param("cursor").empty()) {
    const auto cursor = from_base64url(asked.param("cursor"));
    const Halves halves = split_once(cursor ? std::string_view(*cursor) : std::string_view(), ' ');
    const auto minute = parse_number<int64_t>(halves.before);
    if (!minute || !halves.found) {
      return fail(ErrorCode::InvalidArgument,
                  "the cursor is none that the ledger gave; leave it out");
    }
    const std::string at = store::sql_time({*minute});
    where += fmt::format(" AND (minute < {0} OR (minute = {0} AND {1} < {2}))", at, kKey,
                         store::sql_text(halves.after));
  }
  return fmt::format(
      "SELECT minute, source, node, fate, reason, sum(count)::UBIGINT AS count, "
      "sum(bytes)::UBIGINT AS bytes, {0} AS key FROM ledger WHERE {1} "
      "GROUP BY minute, source, node, fate, reason ORDER BY minute DESC, key DESC LIMIT {2}",
      kKey, where, rows);
}

Result<Response> ledger(Asked& asked) {
  const auto began = std::chrono::steady_clock::now();
  const TimeRange range = SL_TRY(asked.range());
  const auto format = SL_TRY(RowFormat::make(asked, store::Table::Ledger, {}));
  const auto most = static_cast<size_t>(
      SL_TRY(asked.number("limit", kDefaultRows, 1, static_cast<int64_t>(kMaxRows))));
  const std::string sql = SL_TRY(ledger_sql(asked, range, most + 1));
  const store::QueryControl control = SL_TRY(asked.control());
  auto answer = SL_TRY(asked.search().sql(asked.view(), sql, control));
  std::string rows, last, next;
  JsonWriter inner(rows);
  inner.begin_array();
  for (size_t seen = 0; SL_TRY(answer->next()); ++seen) {
    if (seen == most) {
      next = base64url(last);
      break;
    }
    format.write(inner, answer->rows());
    last = fmt::format("{} {}", answer->rows().integer(0), answer->rows().text(7));
  }
  inner.end_array();
  const auto lost = lost_within(asked, range);
  return object_reply([&](JsonWriter& json) {
    json.key("rows");
    json.raw(rows);
    text_field(json, "next", next);
    took_field(json, began);
    lost_field(json, lost);
    json.field("partial", false);
    text_field(json, "reason", "");
  });
}

void write_drops(JsonWriter& json, const intake::DropCounts& drops) {
  json.key("drops");
  json.begin_object();
  for (size_t i = 1; i < intake::kDrops; ++i) {
    json.field(intake::drop_name(static_cast<intake::Drop>(i)), drops[i]);
  }
  json.end_object();
}

void write_intake(JsonWriter& json, const intake::Snapshot& now) {
  const intake::Totals& totals = now.totals;
  json.field("paused", now.paused);
  json.field("messages", totals.messages);
  json.field("octets", totals.octets);
  json.field("quarantined", totals.quarantined);
  write_drops(json, totals.drops);
  json.key("connections");
  json.begin_object();
  json.field("now", totals.connections);
  json.field("accepted", totals.connections_accepted);
  json.field("over_cap", totals.connections_over_cap);
  json.field("timed_out", totals.connections_timed_out);
  json.field("bytes", totals.connection_bytes);
  json.field("tls_handshakes", totals.tls_handshakes);
  json.field("tls_handshake_failures", totals.tls_handshake_failures);
  json.end_object();
  json.key("sockets");
  json.begin_array();
  for (const intake::SocketCounts& socket : now.udp) {
    json.begin_object();
    json.field("local", format_endpoint(socket.local));
    json.field("datagrams", socket.datagrams);
    json.field("kernel_drops", socket.kernel_drops);
    json.field("receive_buffer_bytes", uint64_t{socket.receive_buffer_bytes});
    json.end_object();
  }
  json.end_array();
  json.field("sources_known", uint64_t{now.sources_known});
  json.key("sources");
  json.begin_array();
  for (const intake::SourceCounts& source : now.sources) {
    json.begin_object();
    json.field("address", format_ip(source.address));
    json.field("messages", source.messages);
    json.field("octets", source.octets);
    json.field("quarantined", source.quarantined);
    time_field(json, "first_seen", source.first_seen);
    time_field(json, "last_seen", source.last_seen);
    write_drops(json, source.drops);
    json.end_object();
  }
  json.end_array();
}

Result<Response> get_intake(Asked& asked) {
  const auto most = SL_TRY(asked.number("limit", 100, 0, 10'000));
  intake::Intake* intake = asked.collector().intake();
  return object_reply([&](JsonWriter& json) {
    json.field("enabled", intake != nullptr);
    json.key("listen");
    json.begin_array();
    if (intake != nullptr) {
      for (const Endpoint& endpoint : intake->endpoints()) json.value(format_endpoint(endpoint));
    }
    json.end_array();
    if (intake != nullptr) write_intake(json, intake->snapshot(static_cast<size_t>(most)));
  });
}

void write_drop(JsonWriter& json, const store::DropEvent& event) {
  json.begin_object();
  time_field(json, "when", event.when);
  json.field("reason", store::reason_name(event.reason));
  json.field("shelf", store::shelf_name(event.shelf));
  json.field("segments", event.segments);
  json.field("rows", event.rows);
  json.field("bytes", event.bytes);
  json.field("held_rows", event.held_rows);
  time_field(json, "received_first", event.received_first);
  time_field(json, "received_last", event.received_last);
  json.end_object();
}

Result<Response> get_store(Asked& asked) {
  store::Store& store = asked.collector().store();
  const store::StoreStat stat = store::stat(store.view());
  uint64_t unsealed = 0;
  for (const uint64_t rows : stat.memory_rows) unsealed += rows;
  return object_reply([&](JsonWriter& json) {
    json.field("state", store.state() == store::StoreState::Good   ? "good"
                        : store.state() == store::StoreState::Full ? "full"
                                                                   : "failed");
    text_field(json, "why", store.state_text());
    json.field("flushed_sequence", store.flushed_sequence());
    json.field("unsealed_rows", unsealed);
    json.field("memory_bytes", stat.memory_bytes);
    json.field("log_bytes", stat.log_bytes);
    json.field("disk_bytes", stat.disk_bytes);
    json.field("disk_free_bytes", stat.disk_free_bytes);
    json.key("shelves");
    json.begin_array();
    for (size_t i = 0; i < stat.shelves.size(); ++i) {
      const store::ShelfStat& shelf = stat.shelves[i];
      json.begin_object();
      json.field("shelf", store::shelf_name(static_cast<store::Shelf>(i)));
      json.field("segments", shelf.segments);
      json.field("rows", shelf.rows);
      json.field("bytes", shelf.bytes + shelf.index_bytes);
      time_field(json, "first", shelf.first);
      time_field(json, "last", shelf.last);
      time_field(json, "kept_since", shelf.received_first);
      json.end_object();
    }
    json.end_array();
    json.key("dropped");  // by retention, the latest first
    json.begin_array();
    const std::vector<store::DropEvent> drops = store::read_journal(store.folder());
    for (size_t i = 0; i < std::min(drops.size(), kMaxDropsTold); ++i) {
      write_drop(json, drops[drops.size() - 1 - i]);
    }
    json.end_array();
    json.key("damaged");
    json.begin_array();
    for (const store::Damage& damage : stat.damaged) {
      json.begin_object();
      json.field("path", damage.path);
      json.field("why", damage.why);
      json.field("rows", damage.rows);
      json.end_object();
    }
    json.end_array();
  });
}

RouteInfo node_info(std::string_view summary, std::string_view parameters,
                    std::string_view response) {
  RouteInfo info{"nodes", summary, Access::Allowed, Permission::NodesRead};
  info.parameters = parameters;
  info.response = response;
  info.whole_scope = true;  // counts of everything tell of what a scope hides
  return info;
}

}  // namespace

void add_nodes(Routes& routes) {
  routes.get("/nodes", list_nodes,
             node_info("Agents that report here, the latest first", "", "NodeList"));
  routes.get("/nodes/{name}", get_node,
             node_info("One agent, with what became of its messages", "timeout", "NodeDetail"));
  routes.get("/ledger", ledger,
             node_info("Where messages went, by minute, source and reason, latest first",
                       "from to limit cursor timeout", "LedgerPage"));
  routes.get("/intake", get_intake,
             node_info("Sockets, connections and senders of HEP", "limit", "Intake"));
  routes.get("/store", get_store,
             node_info("What is kept, by shelf and since when, and what retention dropped", "",
                       "StoreState"));
}

}  // namespace siploom::api
