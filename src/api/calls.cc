// One call: what became of it, its messages, its ladder, its export.
#include <fmt/format.h>

#include <map>

#include "api/detail.h"
#include "api/mask.h"
#include "api/packet_file.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"
#include "api/rows.h"
#include "http/stream.h"
#include "view/call_view.h"
#include "view/ladder_layout.h"
#include "view/message_text.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;
using pipeline::CallDetail;
using pipeline::StoredRecord;

namespace {

void write_legs(JsonWriter& json, const model::Call& call) {
  json.key("legs");
  json.begin_array();
  for (const model::Leg& leg : call.legs) {
    json.begin_object();
    json.field("call_id", leg.call_id);
    text_field(json, "from_tag", leg.from_tag);
    json.key("forks");
    json.begin_array();
    for (const model::Fork& fork : leg.forks) {
      json.begin_object();
      text_field(json, "to_tag", fork.to_tag);
      json.field("answered_by", format_endpoint(fork.answered_by));
      json.key("status");
      if (fork.status == 0) {
        json.null();
      } else {
        json.value(unsigned{fork.status});
      }
      json.end_object();
    }
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

void write_records(JsonWriter& json, std::string_view name,
                   const std::vector<StoredRecord>& records) {
  json.key(name);
  json.begin_array();
  for (const StoredRecord& record : records) {
    pipeline::write_record(json, record, false);
  }
  json.end_array();
}

// Which agents saw how many of its messages.
void write_sightings(JsonWriter& json, const CallDetail& detail) {
  std::map<std::string_view, uint64_t> by_node;
  for (const StoredRecord& record : detail.messages) ++by_node[record.node];
  for (const StoredRecord& record : detail.copies) ++by_node[record.node];
  json.key("sightings");
  json.begin_array();
  for (const auto& [node, messages] : by_node) {
    json.begin_object();
    text_field(json, "node", node);
    json.field("messages", messages);
    json.end_object();
  }
  json.end_array();
}

Result<void> write_streams(const Asked& asked, JsonWriter& json, const model::Call& call) {
  json.key("streams");
  json.begin_array();
  auto format = SL_TRY(RowFormat::make(asked, store::Table::Streams, {}));
  std::string columns;
  for (const std::string& column : format.columns()) {
    columns += fmt::format("{}\"{}\"", columns.empty() ? "" : ", ", column);
  }
  const store::QueryControl control = SL_TRY(asked.control());
  auto answer = SL_TRY(asked.search().sql(
      asked.view(),
      fmt::format("SELECT {} FROM streams WHERE call_id = {} ORDER BY first LIMIT 1000", columns,
                  store::sql_text(model::call_id(call))),
      control));
  while (SL_TRY(answer->next())) format.write(json, answer->rows());
  json.end_array();
  return {};
}

Result<void> write_kept_beside(const Asked& asked, JsonWriter& json, const model::Call& call) {
  const std::string_view call_id = model::call_id(call);
  json.key("notes");
  json.begin_array();
  if (asked.may(Permission::NotesRead)) {
    const auto notes = SL_TRY(asked.stores().notes.list(call_id));
    for (const admin::Note& note : notes.rows) {
      json.begin_object();
      json.field("id", note.id);
      json.field("text", note.text);
      json.field("author", note.author);
      time_field(json, "time", note.time);
      json.end_object();
    }
  }
  json.end_array();
  json.field("held", SL_TRY(asked.stores().holds.names_call(call_id, call.start)));
  return {};
}

Result<Response> get_call(Asked& asked) {
  const CallDetail detail = SL_TRY(load_detail(asked));
  const model::Call& call = detail.call->call;
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.key("call");
  write_stored_call(json, *detail.call);
  json.field("summary", view::summarize(call));
  write_legs(json, call);
  write_records(json, "messages", detail.messages);
  write_records(json, "tied", detail.tied);
  SL_TRY_VOID(write_streams(asked, json, call));
  SL_TRY_VOID(write_kept_beside(asked, json, call));
  write_sightings(json, detail);
  json.field("partial", detail.is_cut);
  json.end_object();
  asked.audit(AuditAction::OpenCall, std::string(model::call_id(call)));
  return Response::json(std::move(body)).with_etag();
}

Result<Response> get_messages(Asked& asked) {
  CallDetail detail = SL_TRY(load_detail(asked));
  mask_messages(asked, detail);
  asked.audit(AuditAction::OpenMessage, std::string(model::call_id(detail.call->call)));
  return object_reply([&](JsonWriter& json) {
           json.key("rows");
           json.begin_array();
           for (const StoredRecord& record : detail.messages) {
             write_message(json, record, true);
           }
           json.end_array();
           json.field("partial", detail.is_cut);
         })
      .with_etag();
}

std::vector<model::Message> rows_of(const CallDetail& detail) {
  std::vector<model::Message> out;
  out.reserve(detail.messages.size());
  for (const StoredRecord& record : detail.messages) out.push_back(pipeline::as_message(record));
  return out;
}

Result<view::LadderOptions> ladder_options(const Asked& asked, const CallDetail& detail) {
  view::LadderOptions options;
  options.by_ip = SL_TRY(asked.flag("by_ip", false));
  options.unfold = SL_TRY(asked.flag("unfold", false));
  options.relative = SL_TRY(asked.flag("relative", false));
  options.width = static_cast<size_t>(SL_TRY(asked.number("width", 0, 0, 1000)));
  const bool named = SL_TRY(asked.flag("aliases", true));
  if (!named || !asked.may(Permission::AliasesRead)) return options;
  const auto table = asked.stores().aliases.table();
  for (const StoredRecord& record : detail.messages) {
    for (const Endpoint& endpoint : {record.src, record.dst}) {
      const admin::Alias* alias = table->find(endpoint, record.agent_id);
      if (alias == nullptr) continue;
      options.aliases.emplace(
          options.by_ip && !alias->port ? format_ip(endpoint.address) : format_endpoint(endpoint),
          alias->name);
    }
  }
  return options;
}

void write_step(JsonWriter& json, const view::LadderStep& step, const CallDetail& detail,
                Timestamp first) {
  const model::Message& message = *step.message;
  json.begin_object();
  json.field("sequence", detail.messages[step.index].sequence);
  json.field("from", uint64_t{step.from});
  json.field("to", uint64_t{step.to});
  time_field(json, "time", message.time);
  json.key("since_start_s");
  json.seconds(message.time - first);
  json.field("label", step.label);
  json.field("method", message.method);
  json.key("status");
  if (message.status == 0) {
    json.null();
  } else {
    json.value(unsigned{message.status});
  }
  json.field("call_id", message.call_id);
  json.field("transport", transport_name(message.transport));
  text_field(json, "node", detail.messages[step.index].node);
  json.key("repeated");
  json.begin_array();
  for (size_t i = 0; i < step.repeated.size(); ++i) {
    json.begin_object();
    time_field(json, "time", step.repeated[i]);
    json.field("sequence", detail.messages[step.repeated_at[i]].sequence);
    json.end_object();
  }
  json.end_array();
  json.key("sdp");
  json.begin_array();
  for (const model::SdpSummary& sdp : message.sdp) {
    json.begin_object();
    json.field("media", sdp.media);
    json.field("address", sdp.address);
    json.field("direction", sdp.direction);
    list_field(json, "codecs", sdp.codecs);
    json.end_object();
  }
  json.end_array();
  list_field(json, "defects", message.defects);
  json.end_object();
}

Result<Response> get_ladder(Asked& asked) {
  const std::string format = SL_TRY(asked.choice("format", "json text"));
  const CallDetail detail = SL_TRY(load_detail(asked));
  const auto messages = rows_of(detail);
  const view::LadderOptions options = SL_TRY(ladder_options(asked, detail));
  if (format == "text") return Response::text(view::ladder(messages, options)).with_etag();
  const view::LadderLayout layout = view::lay_out_ladder(messages, options);
  const Timestamp first = messages.empty() ? detail.call->call.start : messages.front().time;
  return object_reply([&](JsonWriter& json) {
           json.key("lanes");
           json.begin_array();
           for (const view::LadderLane& lane : layout.lanes) {
             json.begin_object();
             json.field("key", lane.key);
             json.field("title", lane.title);
             json.end_object();
           }
           json.end_array();
           json.key("arrows");
           json.begin_array();
           for (const view::LadderStep& step : layout.steps) {
             write_step(json, step, detail, first);
           }
           json.end_array();
           write_records(json, "events", detail.tied);
           time_field(json, "start", first);
           json.field("partial", detail.is_cut);
         })
      .with_etag();
}

Response packets_reply(const Asked& asked, std::shared_ptr<CallDetail> detail,
                       const std::string& format) {
  const auto kind = format == "pcap" ? capture::FileFormat::Pcap : capture::FileFormat::PcapNg;
  auto file = PacketFile::open(asked.core->context.spool_folder, kind);
  if (!file) return problem_of(file.error());
  std::shared_ptr<PacketFile> packets = std::move(*file);
  auto run = [packets, detail](http::StreamWriter& out) {
    size_t since = 0;
    for (const auto* records : {&detail->messages, &detail->tied}) {
      for (const StoredRecord& record : *records) {
        if (!packets->add(record)) return out.abort();
        if (++since % 256 != 0) continue;
        const auto bytes = packets->take();
        if (!bytes) return out.abort();
        if (!out.write(*bytes)) return;
      }
    }
    const auto bytes = packets->take();
    if (!bytes) return out.abort();
    out.write(*bytes);
  };
  return Response::stream("application/vnd.tcpdump.pcap", std::move(run));
}

std::string text_of(const CallDetail& detail) {
  std::string out;
  for (const StoredRecord& record : detail.messages) {
    const view::MessageHead head{record.time, record.src, record.dst, record.transport,
                                 record.status};
    out += view::message_head(head, false);
    out += view::message_body(record.payload, record.status, false);
    out += '\n';
  }
  return out;
}

std::string json_of(const CallDetail& detail) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("call");
  write_stored_call(json, *detail.call);
  for (const auto& [name, records] :
       {std::pair{"messages", &detail.messages}, std::pair{"tied", &detail.tied}}) {
    json.key(std::string_view(name));
    json.begin_array();
    for (const StoredRecord& record : *records) {
      write_message(json, record, true);
    }
    json.end_array();
  }
  json.end_object();
  return out;
}

Result<Response> export_call(Asked& asked) {
  const std::string format = SL_TRY(asked.choice("format", "pcap pcapng text json"));
  if (!asked.may(Permission::PayloadRead)) {
    return forbidden("It takes the permission payload.read; ask an admin for it.");
  }
  auto detail = std::make_shared<CallDetail>(SL_TRY(load_detail(asked)));
  mask_messages(asked, *detail);
  const std::string call_id(model::call_id(detail->call->call));
  asked.audit(
      AuditAction::Export, call_id,
      detail_json({{"format", format}, {"messages", std::to_string(detail->messages.size())}}));
  Response response = format == "text"   ? Response::text(text_of(*detail))
                      : format == "json" ? Response::json(json_of(*detail))
                                         : packets_reply(asked, detail, format);
  if (response.status == 200) {
    const std::string ending = format == "text" ? "txt" : format;
    response.header("Content-Disposition", attachment(fmt::format("{}.{}", call_id, ending)));
  }
  return response;
}

RouteInfo call_info(std::string_view summary, Permission permission, std::string_view parameters,
                    std::string_view response) {
  RouteInfo info{"calls", summary, Access::Allowed, permission};
  info.parameters = parameters;
  info.response = response;
  info.searches = true;
  return info;
}

}  // namespace

void add_calls(Routes& routes) {
  routes.get("/calls/{call_id}", get_call,
             call_info("One call with all that belongs to it", Permission::CallRead, "at timeout",
                       "CallDetail"));
  routes.get("/calls/{call_id}/messages", get_messages,
             call_info("Its SIP messages in causal order, octet for octet", Permission::PayloadRead,
                       "at timeout", "MessageList"));
  routes.get("/calls/{call_id}/ladder", get_ladder,
             call_info("Lanes and arrows of its ladder, or (format=text) the ladder as text",
                       Permission::CallRead,
                       "at timeout by_ip unfold relative width aliases format", "Ladder"));
  routes.get("/calls/{call_id}/export", export_call,
             call_info("Its messages as a file: format pcap, pcapng, text or json",
                       Permission::Export, "at timeout format", "application/octet-stream"));
}

}  // namespace siploom::api
