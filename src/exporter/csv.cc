#include <fmt/format.h>

#include "exporter/json.h"

namespace siploom::exporter {

namespace {

// RFC 4180 2: quotes around what holds a separator; a formula would be run by a spreadsheet, so it
// is disarmed. A comma stands behind every cell; the row's end takes the last one's place.
void cell(std::string& out, std::string_view text) {
  const bool formula = !text.empty() &&
                       std::string_view("=+-@").find(text.front()) != std::string_view::npos &&
                       text.find_first_not_of("+0123456789.-") != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(text) += ',';
    return;
  }
  out += formula ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += "\",";
}

void seconds_cell(std::string& out, Nanoseconds ns) {
  cell(out, ns == model::kNoDuration ? std::string{} : format_seconds(ns, 6));
}

std::string joined(const std::vector<std::string_view>& texts) {
  std::string out;
  for (const std::string_view text : texts) {
    if (!out.empty()) out += ' ';
    out += text;
  }
  return out;
}

}  // namespace

std::string csv_header() {
  return "call_id,kind,state,method,status,reason,from_user,from_host,to_user,to_host,request_uri,"
         "src,dst,transport,start,"
         "trying_s,ringing_s,answer_s,end_s,pdd_s,setup_s,duration_s,hangup_by,messages,"
         "retransmissions,cause,codecs,"
         "user_agents\n";
}

void append_csv_row(std::string& out, const std::vector<std::string>& cells) {
  for (const std::string& text : cells) cell(out, text);
  if (!cells.empty()) out.back() = '\n';
}

void append_csv(std::string& out, const model::Call& call) {
  cell(out, model::call_id(call));
  cell(out, model::kind_name(call.kind));
  cell(out, model::state_name(call.state));
  cell(out, call.method);
  cell(out, call.status == 0 ? std::string{} : std::to_string(call.status));
  cell(out, call.reason);
  cell(out, call.from.user);
  cell(out, call.from.host);
  cell(out, call.to.user);
  cell(out, call.to.host);
  cell(out, call.request_uri);
  cell(out, format_endpoint(call.src));
  cell(out, format_endpoint(call.dst));
  cell(out, transport_name(call.transport));
  cell(out, is_known(call.start) ? format_rfc3339(call.start) : std::string{});
  seconds_cell(out, model::since_start(call, call.trying));
  seconds_cell(out, model::since_start(call, call.ringing));
  seconds_cell(out, model::since_start(call, call.answer));
  seconds_cell(out, model::since_start(call, call.end));
  seconds_cell(out, model::pdd(call));
  seconds_cell(out, model::setup_time(call));
  seconds_cell(out, model::talk_time(call));
  cell(out, model::hangup_name(call.hangup_by));
  cell(out, std::to_string(call.messages));
  cell(out, std::to_string(call.retransmissions));
  cell(out, call.cause == 0 ? std::string{} : std::to_string(call.cause));
  cell(out, joined(call.codecs));
  cell(out, joined(call.user_agents));
  out.back() = '\n';
}

}  // namespace siploom::exporter
