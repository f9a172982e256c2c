// Aliases: names of addresses.
#include <fmt/format.h>

#include "api/body.h"
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;

namespace {

void write_alias(JsonWriter& json, const admin::Alias& alias) {
  json.field("id", alias.id);
  json.field("block", format_cidr(alias.block));
  json.key("port");
  if (alias.port) {
    json.value(unsigned{*alias.port});
  } else {
    json.null();
  }
  json.key("agent");
  if (alias.agent) {
    json.value(unsigned{*alias.agent});
  } else {
    json.null();
  }
  json.field("name", alias.name);
  json.field("note", alias.note);
}

Result<admin::Alias> read_alias(const Asked& asked) {
  const Body body = SL_TRY(Body::read(asked.request, "block port agent name note"));
  const std::string block = SL_TRY(body.text("block"));
  admin::Alias alias;
  alias.block = SL_TRY(admin::parse_block(block, ""));
  if (const auto port = SL_TRY(body.maybe_number("port"))) {
    if (*port < 1 || *port > 65'535) {
      return fail(ErrorCode::InvalidArgument, "\"port\" has to be from 1 to 65535, or null");
    }
    alias.port = static_cast<uint16_t>(*port);
  }
  if (const auto agent = SL_TRY(body.maybe_number("agent"))) {
    if (*agent < 1 || *agent > UINT32_MAX) {
      return fail(ErrorCode::InvalidArgument, "\"agent\" has to be a number above 0, or null");
    }
    alias.agent = static_cast<uint32_t>(*agent);
  }
  alias.name = SL_TRY(body.text("name"));
  alias.note = SL_TRY(body.text_or("note", ""));
  SL_TRY_VOID(admin::check_alias(alias));
  return alias;
}

Response alias_reply(const admin::Alias& alias, int status = 200) {
  return object_reply([&](JsonWriter& json) { write_alias(json, alias); }, status);
}

Result<Response> list_aliases(Asked& asked) {
  const std::string format = SL_TRY(asked.choice("format", "json csv"));
  if (format == "csv") {
    return Response::of("text/csv; charset=utf-8",
                        admin::write_alias_csv(asked.stores().aliases.table()->aliases()))
        .header("Content-Disposition", attachment("aliases.csv"));
  }
  const admin::Page page = SL_TRY(asked.page());
  return list_reply(SL_TRY(asked.stores().aliases.list(page)), write_alias);
}

Result<Response> add_alias(Asked& asked) {
  const admin::Alias wanted = SL_TRY(read_alias(asked));
  const admin::Alias alias = SL_TRY(asked.stores().aliases.add(wanted));
  asked.audit(AuditAction::AliasChanged, format_cidr(alias.block),
              detail_json({{"name", alias.name}}), "added");
  return alias_reply(alias, 201);
}

Result<Response> change_alias(Asked& asked) {
  admin::Alias alias = SL_TRY(read_alias(asked));
  alias.id = SL_TRY(asked.path_id("id"));
  alias = SL_TRY(asked.stores().aliases.change(alias));
  asked.audit(AuditAction::AliasChanged, format_cidr(alias.block),
              detail_json({{"name", alias.name}}), "changed");
  return alias_reply(alias);
}

Result<Response> remove_alias(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  SL_TRY_VOID(asked.stores().aliases.remove(id));
  asked.audit(AuditAction::AliasChanged, std::to_string(id), "{}", "removed");
  return Response::no_content();
}

Result<Response> import_list(Asked& asked) {
  const std::string format = SL_TRY(asked.choice("format", "csv homer"));
  const std::string existing = SL_TRY(asked.choice("existing", "keep replace"));
  const std::string& text = asked.request.body;
  const admin::AliasFile file =
      SL_TRY(format == "csv" ? admin::parse_alias_csv(text) : admin::parse_homer_aliases(text));
  const admin::AliasImported done = SL_TRY(asked.stores().aliases.import_file(
      file, existing == "keep" ? admin::Existing::Keep : admin::Existing::Replace));
  asked.audit(AuditAction::AliasChanged, "import",
              detail_json({{"added", std::to_string(done.added)},
                           {"replaced", std::to_string(done.replaced)}}));
  return object_reply([&](JsonWriter& json) {
    json.field("added", uint64_t{done.added});
    json.field("replaced", uint64_t{done.replaced});
    json.field("unchanged", uint64_t{done.unchanged});
    json.field("switched_off", uint64_t{done.switched_off});
    json.field("duplicate_count", uint64_t{done.duplicate_count});
    json.key("duplicates");
    json.begin_array();
    for (const admin::AliasDuplicate& each : done.duplicates) {
      json.begin_object();
      json.field("line", uint64_t{each.line});
      json.field("first_line", uint64_t{each.first_line});
      json.field("name", each.name);
      json.field("kept_name", each.kept_name);
      json.end_object();
    }
    json.end_array();
  });
}

RouteInfo alias_info(std::string_view summary, Permission permission, std::string_view body,
                     std::string_view response, int status = 200) {
  RouteInfo info{"aliases", summary, Access::Allowed, permission};
  info.body = body;
  info.response = response;
  info.status = status;
  return info;
}

}  // namespace

void add_aliases(Routes& routes) {
  RouteInfo all =
      alias_info("Aliases; all of them with format=csv", Permission::AliasesRead, "", "AliasPage");
  all.parameters = "limit cursor format";
  routes.get("/aliases", list_aliases, all);
  routes.post("/aliases", add_alias,
              alias_info("Adds an alias", Permission::AliasesWrite, "NewAlias", "Alias", 201));
  routes.put("/aliases/{id}", change_alias,
             alias_info("Replaces an alias", Permission::AliasesWrite, "NewAlias", "Alias"));
  routes.del("/aliases/{id}", remove_alias,
             alias_info("Removes an alias", Permission::AliasesWrite, "", "", 204));
  RouteInfo import = alias_info("Adds a list: format csv, or HOMER's JSON (homer)",
                                Permission::AliasesWrite, "text/csv", "AliasImport");
  import.parameters = "format existing";
  import.body_bytes_max = admin::kMaxAliasFileOctets;
  routes.post("/aliases/import", import_list, import);
}

}  // namespace siploom::api
