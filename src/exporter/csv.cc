#include <fmt/format.h>

#include "exporter/json.h"

namespace siploom::exporter {

namespace {

// RFC 4180 2: quotes around what holds a separator; a formula would be run by a spreadsheet, so it
// is disarmed.
void cell(std::string& out, std::string_view text) {
  if (!out.empty() && out.back() != '\n') out += ',';
  const bool formula = !text.empty() &&
                       std::string_view("=+-@").find(text.front()) != std::string_view::npos &&
                       text.find_first_not_of("+0123456789.-") != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += formula ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
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

void append_csv(std::string& out, const model::Call& call) {
  std::string row;
  row += '\n';  // the first cell needs no separator
  cell(row, model::call_id(call));
  cell(row, model::kind_name(call.kind));
  cell(row, model::state_name(call.state));
  cell(row, call.method);
  cell(row, call.status == 0 ? std::string{} : std::to_string(call.status));
  cell(row, call.reason);
  cell(row, call.from.user);
  cell(row, call.from.host);
  cell(row, call.to.user);
  cell(row, call.to.host);
  cell(row, call.request_uri);
  cell(row, format_endpoint(call.src));
  cell(row, format_endpoint(call.dst));
  cell(row, transport_name(call.transport));
  cell(row, is_known(call.start) ? format_rfc3339(call.start) : std::string{});
  seconds_cell(row, model::since_start(call, call.trying));
  seconds_cell(row, model::since_start(call, call.ringing));
  seconds_cell(row, model::since_start(call, call.answer));
  seconds_cell(row, model::since_start(call, call.end));
  seconds_cell(row, model::pdd(call));
  seconds_cell(row, model::setup_time(call));
  seconds_cell(row, model::talk_time(call));
  cell(row, model::hangup_name(call.hangup_by));
  cell(row, std::to_string(call.messages));
  cell(row, std::to_string(call.retransmissions));
  cell(row, call.cause == 0 ? std::string{} : std::to_string(call.cause));
  cell(row, joined(call.codecs));
  cell(row, joined(call.user_agents));
  out.append(row, 1);
  out += '\n';
}

}  // namespace siploom::exporter
