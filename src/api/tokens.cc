// API tokens: one's own; of all for who manages these.
#include "api/body.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;

namespace {

void write_token(JsonWriter& json, const admin::Token& token) {
  json.field("id", token.id);
  json.field("owner_id", token.owner_id);
  json.field("owner", token.owner);
  json.field("name", token.name);
  json.field("hint", token.hint);
  json.field("role", admin::role_name(token.role));
  json.field("scope", token.scope);
  time_field(json, "created", token.created);
  time_field(json, "expires", token.expires);
  time_field(json, "last_used", token.last_used);
}

Result<Response> list_tokens(Asked& asked) {
  const bool all = SL_TRY(asked.choice("whose", "own all")) == "all";
  const admin::Page page = SL_TRY(asked.page());
  const auto listed = SL_TRY(asked.stores().tokens.list(
      all ? asked.owner_unless(Permission::TokensManage) : std::optional(asked.who().user_id),
      page));
  return list_reply(listed, write_token);
}

Result<Response> make_token(Asked& asked) {
  // A token that makes others would outlive its own end and scope.
  if (asked.who().proof != admin::Proof::Session) {
    return forbidden("A token is made by who is logged in, not by another token.");
  }
  const Body body = SL_TRY(Body::read(asked.request, "name role scope expires"));
  admin::NewToken fresh;
  fresh.owner_id = asked.who().user_id;
  fresh.name = SL_TRY(body.text("name"));
  fresh.role = SL_TRY(body.maybe_role("role")).value_or(asked.who().role);
  fresh.scope = SL_TRY(body.text_or("scope", ""));
  fresh.expires = SL_TRY(body.time("expires", asked.now()));
  const auto made = SL_TRY(asked.stores().tokens.make(fresh));
  asked.audit(
      AuditAction::TokenMade, made.token.name,
      detail_json({{"role", admin::role_name(made.token.role)}, {"scope", made.token.scope}}));
  return object_reply(
      [&](JsonWriter& json) {
        write_token(json, made.token);
        json.field("secret", made.secret);
      },
      201);
}

Result<Response> revoke_token(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  SL_TRY_VOID(asked.stores().tokens.revoke(id, asked.owner_unless(Permission::TokensManage)));
  asked.audit(AuditAction::TokenRevoked, std::to_string(id));
  return Response::no_content();
}

}  // namespace

void add_tokens(Routes& routes) {
  RouteInfo info{"auth", "API tokens, of oneself or (whose=all) of all that one manages",
                 Access::Allowed, Permission::TokensOwn};
  info.parameters = "whose limit cursor";
  info.response = "TokenPage";
  routes.get("/tokens", list_tokens, info);
  RouteInfo fresh{"auth", "Makes a token; its secret is shown this once", Access::Allowed,
                  Permission::TokensOwn};
  fresh.body = "NewToken";
  fresh.response = "MadeToken";
  fresh.status = 201;
  routes.post("/tokens", make_token, fresh);
  RouteInfo end{"auth", "Revokes a token", Access::Allowed, Permission::TokensOwn};
  end.status = 204;
  routes.del("/tokens/{id}", revoke_token, end);
}

}  // namespace siploom::api
