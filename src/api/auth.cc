// Logging in and out, the first start, and who one is.
#include <fmt/format.h>

#include "api/body.h"
#include "api/gate.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::AuditAction;
using http::Response;

namespace {

void write_me(JsonWriter& json, const admin::Identity& who, const admin::User& user) {
  json.field("user_id", who.user_id);
  json.field("name", who.user_name);
  json.field("display_name", user.display_name);
  json.field("role", admin::role_name(who.role));
  json.field("scope", who.scope);
  json.field("proof", admin::proof_name(who.proof));
  json.key("permissions");
  json.begin_array();
  for (size_t i = 0; i < static_cast<size_t>(admin::Permission::Count); ++i) {
    const auto permission = static_cast<admin::Permission>(i);
    if (who.may(permission)) json.value(admin::permission_name(permission));
  }
  json.end_array();
  json.key("preferences");
  json.raw(user.preferences.empty() ? "{}" : user.preferences);
  text_field(json, "csrf", who.csrf);
}

// A session for the user, its cookie, and who that is.
Result<Response> begin_session(Asked& asked, int64_t user_id) {
  auto session = SL_TRY(asked.stores().sessions.make(user_id, asked.caller->from,
                                                     asked.request.headers.get("User-Agent")));
  asked.caller->who = SL_TRY(asked.stores().sessions.find(session.cookie));
  asked.caller->known = true;
  const admin::User user = SL_TRY(asked.stores().users.get(user_id));
  return object_reply([&](JsonWriter& json) { write_me(json, asked.who(), user); })
      .header("Set-Cookie", session_cookie(session.cookie, asked.caller->secure));
}

Result<Response> login(Asked& asked) {
  const Body body = SL_TRY(Body::read(asked.request, "name password"));
  const std::string name = SL_TRY(body.text("name"));
  const std::string password = SL_TRY(body.text("password"));
  const auto result =
      SL_TRY(asked.stores().login.authenticate_password(name, password, asked.caller->from));
  using Outcome = admin::LoginResult::Outcome;
  if (result.outcome == Outcome::Ok) {
    auto response = begin_session(asked, result.user_id);
    if (response) asked.audit(AuditAction::Login, "");
    return response;
  }
  // What was typed as a name may be a password: the log has it only of users that exist.
  admin::AuditEvent event;
  event.action = AuditAction::LoginFailed;
  event.address = format_ip(asked.caller->from);
  if (asked.stores().users.get_by_name(name)) event.user = name;
  event.result = result.outcome == Outcome::Throttled  ? "throttled"
                 : result.outcome == Outcome::Disabled ? "disabled"
                                                       : "wrong";
  static_cast<void>(asked.stores().audit.add(std::move(event)));
  if (result.outcome == Outcome::Throttled) {
    return too_many("There were too many wrong passwords; wait before the next one.",
                    result.retry_after);
  }
  if (result.outcome == Outcome::Disabled) {
    return Response::problem(401, "disabled", "This account is disabled",
                             "Ask an admin to enable it.");
  }
  return Response::problem(401, "wrong-password", "Name or password is wrong",
                           "Check both; names are in any case, passwords are not.");
}

Result<Response> logout(Asked& asked) {
  if (const auto cookie = cookie_of(asked.request)) {
    SL_TRY_VOID(asked.stores().sessions.log_out(*cookie));
  }
  asked.audit(AuditAction::Logout, "");
  return Response::no_content().header("Set-Cookie", session_cookie({}, asked.caller->secure));
}

Result<Response> me(Asked& asked) {
  const admin::User user = SL_TRY(asked.stores().users.get(asked.who().user_id));
  return object_reply([&](JsonWriter& json) { write_me(json, asked.who(), user); });
}

Result<Response> state(Asked& asked) {
  const bool needed = SL_TRY(asked.stores().setup.is_needed());
  return object_reply([&](JsonWriter& json) {
    json.field("setup_needed", needed);
    json.field("logged_in", asked.caller->known);
    json.field("version", asked.caller->known ? asked.core->context.version : std::string());
  });
}

Result<Response> setup(Asked& asked) {
  const Body body = SL_TRY(Body::read(asked.request, "token name password"));
  const std::string token = SL_TRY(body.text("token"));
  const std::string name = SL_TRY(body.text("name"));
  const std::string password = SL_TRY(body.text("password"));
  // A setup token is guessed at no faster than a password.
  constexpr std::string_view kKey = "\x01setup";
  if (const auto wait = asked.stores().throttle.begin(kKey, asked.caller->from)) {
    return too_many("There were too many wrong tokens; wait before the next one.", *wait);
  }
  const admin::User user = SL_TRY(asked.stores().setup.redeem_setup(token, name, password));
  asked.stores().throttle.succeeded(kKey, asked.caller->from);
  auto response = begin_session(asked, user.id);
  if (response) asked.audit(AuditAction::Setup, name);
  return response;
}

Result<Response> change_password(Asked& asked) {
  if (asked.who().proof != admin::Proof::Session) {
    return forbidden("A password is changed by who is logged in, not by a token.");
  }
  const Body body = SL_TRY(Body::read(asked.request, "password new_password"));
  const std::string old = SL_TRY(body.text("password"));
  const std::string fresh = SL_TRY(body.text("new_password"));
  const auto result = SL_TRY(
      asked.stores().login.authenticate_password(asked.who().user_name, old, asked.caller->from));
  using Outcome = admin::LoginResult::Outcome;
  if (result.outcome == Outcome::Throttled) {
    return too_many("There were too many wrong passwords; wait before the next one.",
                    result.retry_after);
  }
  if (result.outcome != Outcome::Ok) {
    return Response::problem(403, "wrong-password", "The password is wrong",
                             "\"password\" has to be the one in force now.");
  }
  SL_TRY_VOID(asked.stores().users.set_password(asked.who().user_id, fresh));
  asked.audit(AuditAction::PasswordChanged, asked.who().user_name);
  return begin_session(asked, asked.who().user_id);  // all others have ended
}

Result<Response> change_preferences(Asked& asked) {
  const std::string whole = "{\"preferences\":" + asked.request.body + "}";
  http::Request wrapped;
  wrapped.body = whole;
  const Body body = SL_TRY(Body::read(wrapped, "preferences"));
  auto preferences = body.raw_object("preferences");
  if (!preferences) return fail(ErrorCode::Malformed, "the body has to be one JSON object");
  admin::UserChange change;
  change.preferences = std::move(*preferences);
  const admin::User user = SL_TRY(asked.stores().users.change(asked.who().user_id, change));
  return Response::json(user.preferences);
}

}  // namespace

void add_auth(Routes& routes) {
  RouteInfo open{"auth", "Logs in; the session is a cookie", Access::Public};
  open.body = "Login";
  open.response = "Me";
  routes.post("/auth/login", login, open);
  open.summary = "Makes the first admin with the token that the server printed";
  open.body = "SetupRequest";
  routes.post("/auth/setup", setup, open);
  RouteInfo plain{"auth", "Whether set-up is needed, and whether one is logged in", Access::Public};
  plain.response = "AuthState";
  routes.get("/auth/state", state, plain);
  RouteInfo own{"auth", "Who one is and what one may do", Access::LoggedIn};
  own.response = "Me";
  routes.get("/auth/me", me, own);
  own.summary = "Changes one's password; all other sessions end";
  own.body = "PasswordChange";
  routes.put("/auth/password", change_password, own);
  own.summary = "Replaces one's preferences";
  own.body = own.response = "Preferences";
  routes.put("/auth/preferences", change_preferences, own);
  RouteInfo leave{"auth", "Ends the session", Access::LoggedIn};
  leave.status = 204;
  routes.post("/auth/logout", logout, leave);
}

}  // namespace siploom::api
