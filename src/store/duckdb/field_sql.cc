#include "store/duckdb/field_sql.h"

#include <fmt/format.h>

namespace siploom::store {

using registry::FieldId;
using Shape = FieldSql::Shape;

namespace {

FieldSql text(std::string column) { return {Shape::Text, std::move(column), {}, {}, false}; }
FieldSql list(std::string column) { return {Shape::List, std::move(column), {}, {}, false}; }
FieldSql number(std::string column) { return {Shape::Number, std::move(column), {}, {}, false}; }
FieldSql time(std::string column) { return {Shape::Time, std::move(column), {}, {}, false}; }
FieldSql flag(std::string column) { return {Shape::Bool, std::move(column), {}, {}, false}; }
FieldSql span(std::string column) { return {Shape::Duration, std::move(column), {}, {}, false}; }
FieldSql party(std::string column) { return {Shape::Text, std::move(column), {}, {}, true}; }
// As CallSubject writes it: the URI without parameters.
std::string uri(const char* which) {
  return fmt::format("('sip:' || coalesce({0}_user || '@', '') || coalesce({0}_host, ''))", which);
}

// What both tables have under the same name.
FieldSql common(FieldId field) {
  switch (field) {
    case FieldId::Src:
      return {Shape::Address, "src_ip", "src_port", {}, false};
    case FieldId::Dst:
      return {Shape::Address, "dst_ip", "dst_port", {}, false};
    case FieldId::SrcIp:
      return {Shape::Address, "src_ip", {}, {}, false};
    case FieldId::DstIp:
      return {Shape::Address, "dst_ip", {}, {}, false};
    case FieldId::Ip:
      return {Shape::Address, "src_ip", {}, "dst_ip", false};
    case FieldId::SrcPort:
      return number("src_port");
    case FieldId::DstPort:
      return number("dst_port");
    case FieldId::Port:
      return {Shape::Number, "src_port", {}, "dst_port", false};
    case FieldId::Transport:
      return text("transport");
    case FieldId::Method:
      return text("method");
    case FieldId::Status:
      return number("status");
    case FieldId::Reason:
      return text("reason");
    case FieldId::CallId:
      return text("call_id");
    case FieldId::RuriUser:
      return text("ruri_user");
    case FieldId::RuriHost:
      return text("ruri_host");
    default:
      return {};
  }
}

FieldSql of_record(FieldId field) {
  switch (field) {
    case FieldId::Time:
      return time("time");
    case FieldId::Received:
      return time("received");
    case FieldId::RecordKind:
      return text("kind");
    case FieldId::Node:
      return text("node");
    case FieldId::Summary:
      return text("summary");
    case FieldId::ExtraId:
      return list("extra_ids");
    case FieldId::Frame:
      return {};  // frames are numbered within one reading
    case FieldId::Request:
      return text("(CASE WHEN status IS NULL AND kind = 'sip' THEN method END)");
    case FieldId::Cseq:
      return number("cseq");
    case FieldId::FromUser:
      return party("from_user");
    case FieldId::FromHost:
      return party("from_host");
    case FieldId::ToUser:
      return party("to_user");
    case FieldId::ToHost:
      return party("to_host");
    case FieldId::UserAgent:
      return text("user_agent");
    case FieldId::HepCorrelationId:
      return text("hep_correlation_id");
    case FieldId::Malformed:
      return flag("malformed");
    case FieldId::Retransmission:
      return flag("retransmission");
    case FieldId::Copy:
      return flag("copy");
    case FieldId::Size:
      return number("size");
    default:
      break;
  }
  const FieldSql both = common(field);
  if (both.shape != Shape::Absent) return both;
  const bool of_calls = registry::info(field).scope == registry::Scope::Call;
  return {of_calls ? Shape::OfCalls : Shape::Payload, {}, {}, {}, false};
}

FieldSql of_call_times(FieldId field) {
  switch (field) {
    case FieldId::CallStart:
      return time("start");
    case FieldId::CallEnd:
      return time("\"end\"");
    case FieldId::CallDuration:
      return span("duration");
    case FieldId::CallTotal:
      return span("total");
    case FieldId::CallPdd:
      return span("pdd");
    case FieldId::CallSetup:
      return span("setup");
    case FieldId::CallRing:
      return span("ring");
    default:
      return {};
  }
}

FieldSql of_call(FieldId field) {
  switch (field) {
    case FieldId::RequestUri:
      return text("request_uri");
    case FieldId::From:
      return text(uri("from"));
    case FieldId::FromUser:
      return text("from_user");
    case FieldId::FromHost:
      return text("from_host");
    case FieldId::FromDisplay:
      return text("from_display");
    case FieldId::To:
      return text(uri("to"));
    case FieldId::ToUser:
      return text("to_user");
    case FieldId::ToHost:
      return text("to_host");
    case FieldId::ToDisplay:
      return text("to_display");
    case FieldId::UserAgent:
      return list("user_agent");
    case FieldId::Node:
      return list("nodes");
    case FieldId::ReasonCause:
      return number("reason_cause");
    case FieldId::CallKind:
      return text("kind");
    case FieldId::CallState:
      return text("state");
    case FieldId::CallHangupBy:
      return text("hangup_by");
    case FieldId::CallMessages:
      return number("messages");
    case FieldId::CallRetransmissions:
      return number("retransmissions");
    case FieldId::CallCopies:
      return number("copies");
    case FieldId::CallMalformed:
      return number("malformed");
    case FieldId::CallCodec:
      return list("codec");
    case FieldId::CallOffered:
      return list("offered");
    case FieldId::CallForks:
      return number("forks");
    case FieldId::CallPartial:
      return flag("partial");
    case FieldId::CallExpires:
      return number("expires");
    default:
      break;
  }
  const FieldSql when = of_call_times(field);
  return when.shape != Shape::Absent ? when : common(field);
}

}  // namespace

FieldSql field_sql(FieldId field, Table table) {
  if (table == Table::Records) return of_record(field);
  if (table == Table::Calls) return of_call(field);
  return {};
}

std::string value_sql(FieldId field, Table table) {
  const FieldSql sql = field_sql(field, table);
  switch (sql.shape) {
    case Shape::Absent:
    case Shape::OfCalls:
      return "NULL";
    case Shape::Payload:
      return fmt::format("sl_value({}::UBIGINT, payload, kind, datagram)",
                         static_cast<unsigned>(field));
    case Shape::Address:
      if (sql.port.empty()) return sql.column;
      return fmt::format(
          "(CASE WHEN contains({0}, ':') THEN '[' || {0} || ']' ELSE {0} END || ':' || {1})",
          sql.column, sql.port);
    default:
      return sql.column;
  }
}

}  // namespace siploom::store
