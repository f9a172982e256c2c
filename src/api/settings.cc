// Settings: what is in force, from where, and what can be changed here.
#include <fmt/format.h>

#include "api/apply.h"
#include "api/body.h"
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;

namespace {

constexpr std::string_view kHidden = "(hidden)";

void write_setting(JsonWriter& json, const admin::Settings& settings,
                   const registry::SettingInfo& info) {
  const admin::Effective effective = settings.get(info.id);
  json.field("key", info.key);
  json.field("type", registry::type_name(info.type));
  json.field("value",
             info.secret && !effective.text.empty() ? kHidden : std::string_view(effective.text));
  json.field("origin", admin::origin_name(effective.origin));
  text_field(json, "where", effective.where);
  json.field("default", info.default_text);
  text_field(json, "min", info.min_text);
  text_field(json, "max", info.max_text);
  list_field(json, "choices", words_of(info.choices));
  text_field(json, "unit", info.unit);
  json.field("help", info.help);
  json.field("flag", fmt::format("--{}", info.flag));
  json.field("environment", info.environment);
  json.field("restart", info.restart);
  json.field("stored", info.stored);
  json.field("secret", info.secret);
}

Result<const registry::SettingInfo*> find(const Asked& asked) {
  const registry::SettingInfo* info = registry::find_setting(asked.request.param("key"));
  if (info == nullptr) {
    return fail(ErrorCode::NotFound, "there is no such setting; /api/v1/settings lists them");
  }
  return info;
}

Response one(const Asked& asked, const registry::SettingInfo& info) {
  const auto settings = asked.stores().settings.snapshot();
  return object_reply([&](JsonWriter& json) { write_setting(json, *settings, info); });
}

Result<Response> list_settings(Asked& asked) {
  const auto settings = asked.stores().settings.snapshot();
  return object_reply([&](JsonWriter& json) {
    json.key("rows");
    json.begin_array();
    for (const registry::SettingInfo& info : registry::settings()) {
      json.begin_object();
      write_setting(json, *settings, info);
      json.end_object();
    }
    json.end_array();
  });
}

Result<Response> get_setting(Asked& asked) { return one(asked, *SL_TRY(find(asked))); }

Result<Response> set_setting(Asked& asked) {
  const registry::SettingInfo& info = *SL_TRY(find(asked));
  const Body body = SL_TRY(Body::read(asked.request, "value"));
  const std::string value = SL_TRY(body.text("value"));
  SL_TRY_VOID(asked.stores().settings.set(info.key, value, asked.who().user_name));
  const auto applied = apply_setting(asked.core->context, info);
  asked.audit(AuditAction::SettingChanged, std::string(info.key),
              detail_json({{"value", info.secret ? kHidden : std::string_view(value)}}));
  SL_TRY_VOID(applied);
  return one(asked, info);
}

Result<Response> unset_setting(Asked& asked) {
  const registry::SettingInfo& info = *SL_TRY(find(asked));
  SL_TRY_VOID(asked.stores().settings.unset(info.key));
  const auto applied = apply_setting(asked.core->context, info);
  asked.audit(AuditAction::SettingChanged, std::string(info.key), "{}", "unset");
  SL_TRY_VOID(applied);
  return one(asked, info);
}

RouteInfo setting_info(std::string_view summary, Permission permission, std::string_view body,
                       std::string_view response) {
  RouteInfo info{"settings", summary, Access::Allowed, permission};
  info.body = body;
  info.response = response;
  return info;
}

}  // namespace

void add_settings(Routes& routes) {
  routes.get("/settings", list_settings,
             setting_info("Settings in force and where they come from", Permission::SettingsRead,
                          "", "SettingList"));
  routes.get("/settings/{key}", get_setting,
             setting_info("One setting", Permission::SettingsRead, "", "Setting"));
  routes.put("/settings/{key}", set_setting,
             setting_info("Keeps a value in the database", Permission::SettingsWrite,
                          "SettingValue", "Setting"));
  routes.del("/settings/{key}", unset_setting,
             setting_info("Forgets the value that the database has", Permission::SettingsWrite, "",
                          "Setting"));
}

}  // namespace siploom::api
