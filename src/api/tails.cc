// Live: what comes in, and what becomes of the server, as server-sent events.
#include <fmt/format.h>

#include "api/gate.h"
#include "api/mask.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"
#include "api/standing.h"
#include "exporter/json.h"
#include "model/record.h"
#include "pipeline/call_subject.h"
#include "wire/sip/address.h"

namespace siploom::api {

using admin::Permission;
using http::Event;
using http::EventStream;
using http::Response;
using registry::Scope;

namespace {

constexpr size_t kMaxTailsOfUser = 4;

void write_head(JsonWriter& json, const model::Record& record) {
  time_field(json, "time", record.time);
  json.field("kind", model::record_kind_name(record.kind));
  text_field(json, "node", record.agent == nullptr ? std::string_view{} : record.agent->node);
  json.field("transport", transport_name(record.transport));
  json.field("src", format_endpoint(record.src));
  json.field("dst", format_endpoint(record.dst));
}

void party_fields(JsonWriter& json, std::string_view user, std::string_view host,
                  std::string_view header) {
  const auto address = sip::parse_address(header);
  text_field(json, user, address ? address->uri.user : std::string_view{});
  text_field(json, host, address ? address->uri.host : std::string_view{});
}

std::string message_json(const pipeline::Message& message, const sip::MessageView& view) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_head(json, message.record);
  text_field(json, "call_id", view.call_id());
  text_field(json, "method", view.method());
  json.key("status");
  if (view.status() == 0) {
    json.null();
  } else {
    json.value(unsigned{view.status()});
  }
  text_field(json, "reason", view.reason_phrase());
  party_fields(json, "from_user", "from_host", view.first(sip::HeaderId::From));
  party_fields(json, "to_user", "to_host", view.first(sip::HeaderId::To));
  json.key("summary");
  json.null();
  json.field("size", uint64_t{message.record.payload.size()});
  json.end_object();
  return out;
}

std::string event_json(const pipeline::Event& event) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_head(json, event.record);
  text_field(json, "call_id", event.primary_id);
  text_field(json, "method", event.event);
  text_field(json, "summary", event.summary);
  json.field("size", uint64_t{event.record.payload.size()});
  json.end_object();
  return out;
}

std::string call_json(const model::Call& call) {
  std::string out;
  JsonWriter json(out);
  exporter::write_call(json, call);
  return out;
}

Result<void> add_tail_filter(std::vector<query::Filter>& out, std::string_view text, Scope scope) {
  if (text.empty()) return {};
  out.push_back(SL_TRY(query::Filter::compile(text, scope)));
  if (scope == Scope::Message && out.back().asks_calls()) {
    return fail(ErrorCode::InvalidArgument,
                "a tail of records cannot ask fields of calls; take table=calls");
  }
  // A call that is over no longer has its messages at hand.
  if (scope == Scope::Call && !out.back().message_predicates().empty()) {
    return fail(ErrorCode::InvalidArgument,
                "a tail of calls can ask only what a call's row has; take table=records");
  }
  return {};
}

// Ends the stream when who asked may no longer have it; to be kept until it is closed.
std::shared_ptr<Standing> watched(const Asked& asked, const std::shared_ptr<EventStream>& stream,
                                  Permission permission) {
  return asked.core->standings.add(asked.who(), permission,
                                   [weak = std::weak_ptr<EventStream>(stream)] {
                                     if (const auto open = weak.lock()) open->close();
                                   });
}

Result<Response> tail(Asked& asked) {
  const bool calls = SL_TRY(asked.choice("table", "calls records")) == "calls";
  pipeline::Tail watching;
  // The filter of who asks and their scope; both have to let through what is told.
  const Scope scope = calls ? Scope::Call : Scope::Message;
  SL_TRY_VOID(add_tail_filter(!calls && masks(asked) ? watching.masked : watching.filters,
                              asked.param("filter"), scope));
  SL_TRY_VOID(add_tail_filter(watching.filters, asked.who().scope, scope));
  auto slot = asked.core->tails.take(asked.who().user_id, kMaxTailsOfUser);
  if (slot == nullptr) {
    return too_many(fmt::format("You watch {} tails already; close one.", kMaxTailsOfUser),
                    kSecond);
  }
  const auto stream = EventStream::make();
  if (calls) {
    watching.on_call = [stream](const model::Call& call) {
      stream->push({"call", call_json(call), ""});
    };
  } else {
    watching.events = true;
    watching.on_message = [stream](const pipeline::Message& message, const sip::MessageView& view) {
      stream->push({"record", message_json(message, view), ""});
    };
    watching.on_event = [stream](const pipeline::Event& event) {
      stream->push({"record", event_json(event), ""});
    };
  }
  auto handle = asked.collector().keeper().tails().add(std::move(watching));
  if (handle == nullptr) return too_many("Too many tails are watched already.", 5 * kSecond);
  asked.core->streams.add(stream, false);
  stream->push({"begin", "{}", ""});
  // The core is kept until after the slot has been given back to it.
  stream->on_close([core = asked.core, handle, slot,
                    standing = watched(asked, stream, Permission::SearchRead)]() mutable {
    handle.reset();
    standing.reset();
    slot.reset();
  });
  asked.audit(admin::AuditAction::Search, calls ? "tail of calls" : "tail of records",
              detail_json({{"filter", asked.param("filter")}}));
  return Response::event_stream(stream);
}

Result<Response> events(Asked& asked) {
  auto slot = asked.core->tails.take(-asked.who().user_id, kMaxTailsOfUser);
  if (slot == nullptr) {
    return too_many(
        fmt::format("You have {} event streams open already; close one.", kMaxTailsOfUser),
        kSecond);
  }
  const auto stream = EventStream::make();
  asked.core->streams.add(stream, true);
  stream->push({"state", health_json(asked.collector()), ""});
  stream->on_close([core = asked.core, slot,
                    standing = watched(asked, stream, Permission::NodesRead)]() mutable {
    standing.reset();
    slot.reset();
  });
  return Response::event_stream(stream);
}

}  // namespace

void add_tails(Routes& routes) {
  RouteInfo info{"live",
                 "Calls once they are over, or records as they come in; what a slow reader misses "
                 "is told as event \"dropped\"; ends when who asked may no longer have it",
                 Access::Allowed, Permission::SearchRead};
  info.parameters = "filter table";
  info.response = "text/event-stream";
  routes.get("/tail", tail, info);
  RouteInfo more{"live", "State changes of the server, such as a store that is full",
                 Access::Allowed, Permission::NodesRead};
  more.response = "text/event-stream";
  routes.get("/events", events, more);
}

}  // namespace siploom::api
