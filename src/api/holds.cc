// Holds: what retention must not take away.
#include "api/body.h"
#include "api/detail.h"
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;

namespace {

void write_hold(JsonWriter& json, const admin::Hold& hold) {
  json.field("id", hold.id);
  list_field(json, "call_ids", hold.call_ids);
  json.field("filter", hold.filter);
  time_field(json, "since", hold.since);
  time_field(json, "until", hold.until);
  json.field("reason", hold.reason);
  json.field("set_by", hold.set_by);
  time_field(json, "set_at", hold.set_at);
  text_field(json, "removed_by", hold.removed_by);
  time_field(json, "removed_at", hold.removed_at);
}

Result<Response> list_holds(Asked& asked) {
  const bool active = SL_TRY(asked.flag("active", true));
  const admin::Page page = SL_TRY(asked.page());
  return list_reply(SL_TRY(asked.stores().holds.list(active, page)), write_hold);
}

Result<Response> set_hold(Asked& asked) {
  const Body body = SL_TRY(Body::read(asked.request, "call_ids filter since until reason"));
  admin::Hold wanted;
  wanted.call_ids = SL_TRY(body.texts("call_ids", admin::kMaxCallsOfHold));
  wanted.filter = SL_TRY(body.text_or("filter", ""));
  wanted.since = SL_TRY(body.time("since", asked.now()));
  wanted.until = SL_TRY(body.time("until", asked.now()));
  wanted.reason = SL_TRY(body.text("reason"));
  const admin::Hold hold = SL_TRY(asked.stores().holds.set(wanted, asked.who()));
  asked.audit(AuditAction::HoldSet, std::to_string(hold.id),
              detail_json({{"filter", hold.filter},
                           {"calls", std::to_string(hold.call_ids.size())},
                           {"reason", hold.reason}}));
  asked.collector().upkeep().hurry();
  return object_reply([&](JsonWriter& json) { write_hold(json, hold); }, 201);
}

Result<Response> remove_hold(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  SL_TRY_VOID(asked.stores().holds.remove(id, asked.who()));
  asked.audit(AuditAction::HoldRemoved, std::to_string(id));
  asked.collector().upkeep().hurry();
  return Response::no_content();
}

RouteInfo hold_info(std::string_view summary, Permission permission) {
  RouteInfo info{"holds", summary, Access::Allowed, permission};
  info.whole_scope = true;  // they name calls whoever they are of
  return info;
}

}  // namespace

void add_holds(Routes& routes) {
  RouteInfo all = hold_info("Holds, also (active=false) those that were", Permission::HoldRead);
  all.parameters = "active limit cursor";
  all.response = "HoldPage";
  routes.get("/holds", list_holds, all);
  RouteInfo fresh =
      hold_info("Sets a hold on calls, or on all that match a filter", Permission::HoldWrite);
  fresh.body = "NewHold";
  fresh.response = "Hold";
  fresh.status = 201;
  routes.post("/holds", set_hold, fresh);
  RouteInfo end = hold_info("Removes a hold", Permission::HoldWrite);
  end.status = 204;
  routes.del("/holds/{id}", remove_hold, end);
}

}  // namespace siploom::api
