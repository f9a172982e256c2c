// The audit log.
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::Permission;
using http::Response;

namespace {

std::string hex(std::string_view octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : octets) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

Result<Response> list_actions(Asked& asked) {
  admin::AuditFilter filter;
  filter.user = std::string(asked.param("user"));
  filter.action = std::string(asked.param("action"));
  filter.text = std::string(asked.param("text"));
  const TimeRange range = SL_TRY(asked.range());
  filter.since = range.from;
  filter.until = range.to;
  SL_TRY_VOID(asked.stores().audit.flush_audit());  // what has just been done is among it
  const admin::Page page = SL_TRY(asked.page());
  const auto listed = SL_TRY(asked.stores().audit.list(filter, page));
  return list_reply(listed, [](JsonWriter& json, const admin::AuditRow& row) {
    json.field("seq", row.seq);
    time_field(json, "time", row.event.time);
    id_field(json, "user_id", row.event.user_id);
    id_field(json, "token_id", row.event.token_id);
    json.field("user", row.event.user);
    json.field("address", row.event.address);
    json.field("action", row.action);
    json.field("object", row.event.object);
    json.field("detail", row.event.detail);
    json.field("result", row.event.result);
    json.field("hash", hex(row.hash));
  });
}

Result<Response> verify(Asked& asked) {
  SL_TRY_VOID(asked.stores().audit.flush_audit());
  const admin::AuditVerdict verdict = SL_TRY(asked.stores().audit.verify_audit());
  return object_reply([&](JsonWriter& json) {
    json.field("intact", verdict.intact);
    json.field("checked", verdict.checked);
    id_field(json, "broken_at", verdict.intact ? std::nullopt : std::optional(verdict.broken_at));
    text_field(json, "what", verdict.what);
    json.key("head");
    json.begin_object();
    json.field("seq", verdict.head.seq);
    json.field("hash", hex(verdict.head.hash));
    json.end_object();
  });
}

}  // namespace

void add_audit(Routes& routes) {
  RouteInfo info{"audit", "Who did what, newest first", Access::Allowed, Permission::AuditRead};
  info.parameters = "user action text from to limit cursor";
  info.response = "AuditPage";
  routes.get("/audit", list_actions, info);
  RouteInfo check{"audit", "Checks the whole chain of hashes", Access::Allowed,
                  Permission::AuditRead};
  check.response = "AuditVerdict";
  routes.get("/audit/verify", verify, check);
}

}  // namespace siploom::api
