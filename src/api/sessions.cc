// Sessions: one's own; all of them for who manages these.
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::Permission;
using http::Response;

namespace {

Result<Response> list_sessions(Asked& asked) {
  const bool all = SL_TRY(asked.choice("whose", "own all")) == "all";
  const admin::Page page = SL_TRY(asked.page());
  const auto listed = SL_TRY(asked.stores().sessions.list(
      all ? asked.owner_unless(Permission::SessionsManage) : std::optional(asked.who().user_id),
      page));
  return list_reply(listed, [&](JsonWriter& json, const admin::Session& session) {
    json.field("id", session.id);
    json.field("user_id", session.user_id);
    json.field("user", session.user_name);
    json.field("address", session.address);
    json.field("user_agent", session.user_agent);
    time_field(json, "created", session.created);
    time_field(json, "last_seen", session.last_seen);
    time_field(json, "expires", session.expires);
    json.field("current", session.id == asked.who().session_id);
  });
}

Result<Response> revoke_session(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  SL_TRY_VOID(asked.stores().sessions.revoke(id, asked.owner_unless(Permission::SessionsManage)));
  asked.audit(admin::AuditAction::SessionRevoked, std::to_string(id));
  return Response::no_content();
}

}  // namespace

void add_sessions(Routes& routes) {
  RouteInfo info{"auth", "Sessions, of oneself or (whose=all) of all that one manages",
                 Access::Allowed, Permission::SessionsOwn};
  info.parameters = "whose limit cursor";
  info.response = "SessionPage";
  routes.get("/auth/sessions", list_sessions, info);
  RouteInfo end{"auth", "Ends a session", Access::Allowed, Permission::SessionsOwn};
  end.status = 204;
  routes.del("/auth/sessions/{id}", revoke_session, end);
}

}  // namespace siploom::api
