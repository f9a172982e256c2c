// Users, and the roles that they have.
#include "api/body.h"
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;

namespace {

constexpr std::array kRoles = {admin::Role::Viewer, admin::Role::Operator, admin::Role::Auditor,
                               admin::Role::Admin};

void write_user(JsonWriter& json, const admin::User& user) {
  json.field("id", user.id);
  json.field("name", user.name);
  json.field("display_name", user.display_name);
  json.field("role", admin::role_name(user.role));
  json.field("scope", user.scope);
  json.field("enabled", user.enabled);
  json.field("source", user.source);
  time_field(json, "created", user.created);
  time_field(json, "last_login", user.last_login);
  time_field(json, "password_changed", user.password_changed);
}

Response user_reply(const admin::User& user, int status = 200) {
  return object_reply([&](JsonWriter& json) { write_user(json, user); }, status);
}

Result<Response> list_users(Asked& asked) {
  const admin::Page page = SL_TRY(asked.page());
  return list_reply(SL_TRY(asked.stores().users.list(page)), write_user);
}

Result<Response> add_user(Asked& asked) {
  const Body body = SL_TRY(Body::read(asked.request, "name display_name role scope password"));
  admin::NewUser fresh;
  fresh.name = SL_TRY(body.text("name"));
  fresh.display_name = SL_TRY(body.text_or("display_name", ""));
  fresh.role = SL_TRY(body.maybe_role("role")).value_or(admin::Role::Viewer);
  fresh.scope = SL_TRY(body.text_or("scope", ""));
  fresh.password = SL_TRY(body.text("password"));
  const admin::User user = SL_TRY(asked.stores().users.add(fresh));
  asked.audit(AuditAction::UserMade, user.name,
              detail_json({{"role", admin::role_name(user.role)}, {"scope", user.scope}}));
  return user_reply(user, 201);
}

Result<Response> get_user(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  return user_reply(SL_TRY(asked.stores().users.get(id)));
}

Result<Response> change_user(Asked& asked) {
  const Body body =
      SL_TRY(Body::read(asked.request, "name display_name role scope enabled password"));
  const int64_t id = SL_TRY(asked.path_id("id"));
  admin::UserChange change;
  change.name = SL_TRY(body.maybe_text("name"));
  change.display_name = SL_TRY(body.maybe_text("display_name"));
  change.scope = SL_TRY(body.maybe_text("scope"));
  change.role = SL_TRY(body.maybe_role("role"));
  change.enabled = SL_TRY(body.maybe_flag("enabled"));
  const auto password = SL_TRY(body.maybe_text("password"));
  const admin::User user = SL_TRY(asked.stores().users.change(id, change));
  asked.audit(AuditAction::UserChanged, user.name,
              detail_json({{"role", admin::role_name(user.role)},
                           {"scope", user.scope},
                           {"enabled", user.enabled ? "true" : "false"}}));
  if (password) {
    SL_TRY_VOID(asked.stores().users.set_password(id, *password));
    asked.audit(AuditAction::PasswordChanged, user.name);
  }
  return user_reply(user);
}

Result<Response> remove_user(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  const admin::User user = SL_TRY(asked.stores().users.get(id));
  SL_TRY_VOID(asked.stores().users.remove(id));
  asked.audit(AuditAction::UserRemoved, user.name);
  return Response::no_content();
}

Result<void> write_role(const Asked& asked, JsonWriter& json, admin::Role role) {
  const std::string scope = SL_TRY(asked.stores().users.role_scope(role));
  json.field("name", admin::role_name(role));
  json.field("scope", scope);
  json.key("permissions");
  json.begin_array();
  for (size_t i = 0; i < static_cast<size_t>(Permission::Count); ++i) {
    const auto permission = static_cast<Permission>(i);
    if (admin::permissions_of(role).has(permission)) {
      json.value(admin::permission_name(permission));
    }
  }
  json.end_array();
  return {};
}

Result<Response> list_roles(Asked& asked) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("rows");
  json.begin_array();
  for (const admin::Role role : kRoles) {
    json.begin_object();
    SL_TRY_VOID(write_role(asked, json, role));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return Response::json(std::move(text));
}

Result<Response> change_role(Asked& asked) {
  const Body body = SL_TRY(Body::read(asked.request, "scope"));
  const auto role = admin::find_role(asked.request.param("role"));
  if (!role) return fail(ErrorCode::NotFound, "there is no such role");
  const std::string scope = SL_TRY(body.text("scope"));
  SL_TRY_VOID(asked.stores().users.set_role_scope(*role, scope));
  asked.audit(AuditAction::RoleChanged, std::string(admin::role_name(*role)),
              detail_json({{"scope", scope}}));
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  SL_TRY_VOID(write_role(asked, json, *role));
  json.end_object();
  return Response::json(std::move(text));
}

RouteInfo user_info(std::string_view summary, std::string_view body, std::string_view response,
                    int status = 200) {
  RouteInfo info{"users", summary, Access::Allowed, Permission::UsersManage};
  info.body = body;
  info.response = response;
  info.status = status;
  return info;
}

}  // namespace

void add_users(Routes& routes) {
  RouteInfo all = user_info("Users", "", "UserPage");
  all.parameters = "limit cursor";
  routes.get("/users", list_users, all);
  routes.post("/users", add_user, user_info("Adds a user", "NewUser", "User", 201));
  routes.get("/users/{id}", get_user, user_info("One user", "", "User"));
  routes.patch("/users/{id}", change_user,
               user_info("Changes what is given of a user", "UserChange", "User"));
  routes.del("/users/{id}", remove_user, user_info("Removes a user", "", "", 204));
  routes.get("/roles", list_roles, user_info("Roles and what they may do", "", "RoleList"));
  routes.put("/roles/{role}", change_role,
             user_info("Sets what part of the traffic a role sees", "RoleChange", "RoleInfo"));
}

}  // namespace siploom::api
