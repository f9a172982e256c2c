// The API's documents, made of its routes: OpenAPI 3.1 and the reference.
#include <fmt/format.h>

#include <map>

#include "api/api.h"
#include "api/parameters.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"
#include "api/schemas.h"
#include "base/text.h"

namespace siploom::api {

using http::Response;

namespace {

http::Router documented_router() {
  http::Router router;
  Routes routes(router, nullptr);
  add_all(routes);
  return router;
}

std::vector<std::string> path_parameters(std::string_view pattern) {
  std::vector<std::string> out;
  for (const std::string_view segment : words_of(pattern, '/')) {
    if (segment.starts_with('{')) out.emplace_back(segment.substr(1, segment.size() - 2));
  }
  return out;
}

std::string operation_id(const http::Route& route) {
  std::string out = lower(http::method_name(route.method));
  std::string_view path = route.pattern;
  if (path.starts_with(kPrefix)) path.remove_prefix(kPrefix.size());
  for (const char c : path) out += is_alnum(c) || c == '_' ? c : '_';
  while (out.ends_with('_')) out.pop_back();
  return out;
}

std::string access_text(const RouteInfo& info) {
  switch (info.access) {
    case Access::Public:
      return "anybody";
    case Access::LoggedIn:
      return "whoever is logged in";
    case Access::Allowed:
      break;
  }
  return std::string(admin::permission_name(info.permission));
}

void write_parameter(JsonWriter& json, const ParameterInfo& parameter, bool in_path) {
  json.begin_object();
  json.field("name", parameter.name);
  json.field("in", in_path ? "path" : "query");
  json.field("required", in_path);
  json.field("description", parameter.help);
  json.key("schema");
  json.begin_object();
  const bool text = parameter.type == "time" || parameter.type == "duration";
  json.field("type", text ? "string" : parameter.type);
  if (!parameter.choices.empty()) list_field(json, "enum", words_of(parameter.choices));
  json.end_object();
  json.end_object();
}

void write_content(JsonWriter& json, std::string_view schema) {
  json.key("content");
  json.begin_object();
  const bool media_type = schema.find('/') != std::string_view::npos;
  json.key(media_type ? schema : std::string_view("application/json"));
  json.begin_object();
  json.key("schema");
  if (media_type) {
    json.begin_object();
    json.field("type", "string");
    json.end_object();
  } else {
    write_reference(json, schema);
  }
  json.end_object();
  json.end_object();
}

void write_answers(JsonWriter& json, const RouteInfo& info) {
  json.key("responses");
  json.begin_object();
  json.key(std::to_string(info.status));
  json.begin_object();
  json.field("description", info.response.empty() ? "Done" : "The answer");
  if (!info.response.empty()) write_content(json, info.response);
  json.end_object();
  json.key("default");
  json.begin_object();
  json.field("description", "What went wrong and what to do");
  json.key("content");
  json.begin_object();
  json.key("application/problem+json");
  json.begin_object();
  json.key("schema");
  write_reference(json, "Problem");
  json.end_object();
  json.end_object();
  json.end_object();
  json.end_object();
}

void write_operation(JsonWriter& json, const http::Route& route, const RouteInfo& info) {
  json.key(std::string_view(lower(http::method_name(route.method))));
  json.begin_object();
  json.field("operationId", operation_id(route));
  json.field("summary", info.summary);
  json.key("tags");
  json.begin_array();
  json.value(info.tag);
  json.end_array();
  json.field("x-permission", access_text(info));
  if (info.access == Access::Public) {
    json.key("security");
    json.begin_array();
    json.end_array();
  }
  json.key("parameters");
  json.begin_array();
  for (const std::string& name : path_parameters(route.pattern)) {
    write_parameter(json, find_parameter(name), true);
  }
  for (const std::string_view name : words_of(info.parameters)) {
    write_parameter(json, find_parameter(name), false);
  }
  json.end_array();
  if (!info.body.empty()) {
    json.key("requestBody");
    json.begin_object();
    json.field("required", true);
    write_content(json, info.body);
    json.end_object();
  }
  write_answers(json, info);
  json.end_object();
}

void write_security(JsonWriter& json) {
  json.key("securitySchemes");
  json.begin_object();
  json.key("token");
  json.begin_object();
  json.field("type", "http");
  json.field("scheme", "bearer");
  json.field("description", "An API token, sl_...");
  json.end_object();
  json.key("session");
  json.begin_object();
  json.field("type", "apiKey");
  json.field("in", "cookie");
  json.field("name", "siploom_session");
  json.field("description",
             "Made by /api/v1/auth/login; over TLS the name is __Host-siploom_session. Requests "
             "that change something send X-CSRF-Token, too");
  json.end_object();
  json.end_object();
}

void write_paths(JsonWriter& json, const http::Router& router) {
  std::map<std::string, std::vector<const http::Route*>> by_path;
  for (const auto& route : router.routes()) by_path[route->pattern].push_back(route.get());
  json.key("paths");
  json.begin_object();
  for (const auto& [path, routes] : by_path) {
    json.key(std::string_view(path));
    json.begin_object();
    for (const http::Route* route : routes) {
      write_operation(json, *route, *route->data_as<RouteInfo>());
    }
    json.end_object();
  }
  json.end_object();
}

}  // namespace

std::string openapi_json(std::string_view version) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("openapi", "3.1.0");
  json.key("info");
  json.begin_object();
  json.field("title", "siploom");
  json.field("version", version);
  json.field("description",
             "Times are RFC 3339 in UTC, durations seconds (names end in _s). Errors are problem "
             "documents (RFC 9457). Lists are given in pages: \"next\" is the cursor of the next "
             "one.");
  json.end_object();
  json.key("security");
  json.begin_array();
  for (const char* scheme : {"token", "session"}) {
    json.begin_object();
    json.key(std::string_view(scheme));
    json.begin_array();
    json.end_array();
    json.end_object();
  }
  json.end_array();
  write_paths(json, documented_router());
  json.key("components");
  json.begin_object();
  json.key("schemas");
  json.begin_object();
  for (const SchemaInfo& schema : schemas()) {
    json.key(schema.name);
    write_schema(json, schema);
  }
  json.end_object();
  write_security(json);
  json.end_object();
  json.end_object();
  out += '\n';
  return out;
}

namespace {

std::string code_list(std::string_view names) {
  std::string out;
  for (const std::string_view name : words_of(names)) {
    out += fmt::format("{}`{}`", out.empty() ? "" : " ", name);
  }
  return out;
}

}  // namespace

std::string api_reference_md() {
  std::string out =
      "# The REST API\n\nMade of the routes themselves (`make generate`); do not edit. The same "
      "as OpenAPI 3.1 at `/api/v1/openapi.json`.\n\nWho asks shows a session cookie "
      "(`POST /api/v1/auth/login`; requests that change something send its `csrf` as "
      "`X-CSRF-Token`) or an API token (`Authorization: Bearer sl_...`). A scope filter of the "
      "user, role or token is joined to everything that is asked: what lies outside of it is not "
      "there, and counts of everything (ledger, nodes, intake, store, metrics, holds, SQL, `lost`) "
      "are for "
      "those without a scope: 403, or null. Who may not read secrets searches and watches messages "
      "as they are shown to them, with credentials and keys masked. Live tails, exports and long "
      "lists end within two seconds when who asked logs out, is disabled, or may see less than "
      "before; an upload that was taken is read to its end. Errors are `application/problem+json` "
      "(RFC 9457); of a filter with `position` and "
      "`length`. Lists of calls, records, messages and streams come as pages of JSON, or whole "
      "with `format=ndjson` or `format=csv` (with `limit`: so many, in order); their `lost` is "
      "what the ledger says was lost in that "
      "time, and `partial` that a limit ended the search: the rows are then those found until "
      "then, with no "
      "`next`.\n";
  const http::Router router = documented_router();
  std::map<std::string_view, std::vector<const http::Route*>> by_tag;
  for (const auto& route : router.routes()) {
    by_tag[route->data_as<RouteInfo>()->tag].push_back(route.get());
  }
  for (const auto& [tag, routes] : by_tag) {
    out += fmt::format(
        "\n## {}\n\n| route | permission | parameters | body | answer | what |\n"
        "|---|---|---|---|---|---|\n",
        tag);
    for (const http::Route* route : routes) {
      const auto& info = *route->data_as<RouteInfo>();
      out += fmt::format("| `{} {}` | {} | {} | {} | {} | {} |\n", http::method_name(route->method),
                         route->pattern, access_text(info), code_list(info.parameters),
                         code_list(info.body),
                         info.response.empty() ? "" : code_list(info.response), info.summary);
    }
  }
  out += "\n## Parameters\n\n| name | type | what |\n|---|---|---|\n";
  for (const ParameterInfo& parameter : parameters()) {
    out += fmt::format("| `{}` | {} | {}{}{} |\n", parameter.name, parameter.type, parameter.help,
                       parameter.choices.empty() ? "" : ": ", code_list(parameter.choices));
  }
  out +=
      "\n## Shapes\n\n`?` behind a type: it may be null; `~` before a name: it may be missing; "
      "`[]`: a list. s text, i whole number, n number, b truth, t time, o object, a anything, "
      "@ one of a field's values. `=TABLE`: columns of that table and fields of the registry.\n\n"
      "| name | members | what |\n|---|---|---|\n";
  for (const SchemaInfo& schema : schemas()) {
    std::string members(schema.members);
    for (size_t at = 0; (at = members.find('|', at)) != std::string::npos; at += 4) {
      members.replace(at, 1, " or ");
    }
    out += fmt::format("| `{}` | `{}` | {} |\n", schema.name, members, schema.help);
  }
  return out;
}

namespace {

Result<Response> get_openapi(Asked& asked) {
  const auto settings = asked.stores().settings.snapshot();
  if (!asked.caller->known && !settings->flag(registry::SettingId::HttpOpenapiPublic)) {
    return unauthenticated("Log in, or set http.openapi_public.");
  }
  return Response::json(openapi_json(asked.core->context.version)).with_etag();
}

}  // namespace

void add_documents(Routes& routes) {
  RouteInfo info{"state", "This API as OpenAPI 3.1, for who is logged in or http.openapi_public",
                 Access::Public};
  info.response = "application/json";
  routes.get("/openapi.json", get_openapi, info);
}

}  // namespace siploom::api
