// Saved searches.
#include "api/body.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;

namespace {

void write_search(JsonWriter& json, const admin::SavedSearch& search) {
  json.field("id", search.id);
  json.field("owner_id", search.owner_id);
  json.field("owner", search.owner);
  json.field("name", search.name);
  json.field("kind", search.kind);
  json.field("filter", search.filter);
  json.field("time_range", search.time_range);
  json.field("columns", search.columns);
  json.field("sort", search.sort);
  json.field("shared", search.shared);
  json.field("note", search.note);
  time_field(json, "changed", search.changed);
}

Response search_reply(const admin::SavedSearch& search, int status = 200) {
  return object_reply([&](JsonWriter& json) { write_search(json, search); }, status);
}

Result<admin::SavedSearch> read_search(const Asked& asked) {
  const Body body =
      SL_TRY(Body::read(asked.request, "name kind filter time_range columns sort shared note"));
  admin::SavedSearch search;
  search.owner_id = asked.who().user_id;
  search.name = SL_TRY(body.text("name"));
  search.kind = SL_TRY(body.text_or("kind", search.kind));
  search.filter = SL_TRY(body.text_or("filter", ""));
  search.time_range = SL_TRY(body.text_or("time_range", ""));
  search.columns = SL_TRY(body.text_or("columns", ""));
  search.sort = SL_TRY(body.text_or("sort", ""));
  search.shared = SL_TRY(body.maybe_flag("shared")).value_or(false);
  search.note = SL_TRY(body.text_or("note", ""));
  return search;
}

std::optional<Response> check_sharing(const Asked& asked, const admin::SavedSearch& search) {
  if (!search.shared || asked.may(Permission::SavedSearchesShare)) return std::nullopt;
  return forbidden("Sharing takes the permission saved_searches.share; ask an admin for it.");
}

Result<Response> list_searches(Asked& asked) {
  const admin::Page page = SL_TRY(asked.page());
  return list_reply(
      SL_TRY(asked.stores().saved_searches.list(asked.who().user_id, asked.param("kind"), page)),
      write_search);
}

Result<Response> add_search(Asked& asked) {
  const admin::SavedSearch wanted = SL_TRY(read_search(asked));
  if (auto refused = check_sharing(asked, wanted)) return std::move(*refused);
  const admin::SavedSearch search = SL_TRY(asked.stores().saved_searches.add(wanted));
  asked.audit(AuditAction::SavedSearchChanged, search.name,
              detail_json({{"filter", search.filter}}), "added");
  return search_reply(search, 201);
}

Result<Response> get_search(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  return search_reply(SL_TRY(asked.stores().saved_searches.get(id, asked.who().user_id)));
}

Result<Response> change_search(Asked& asked) {
  admin::SavedSearch wanted = SL_TRY(read_search(asked));
  if (auto refused = check_sharing(asked, wanted)) return std::move(*refused);
  wanted.id = SL_TRY(asked.path_id("id"));
  const admin::SavedSearch search =
      SL_TRY(asked.stores().saved_searches.change(wanted, asked.who().user_id));
  asked.audit(AuditAction::SavedSearchChanged, search.name,
              detail_json({{"filter", search.filter}}), "changed");
  return search_reply(search);
}

Result<Response> remove_search(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  SL_TRY_VOID(asked.stores().saved_searches.remove(id, asked.who().user_id));
  asked.audit(AuditAction::SavedSearchChanged, std::to_string(id), "{}", "removed");
  return Response::no_content();
}

RouteInfo search_info(std::string_view summary, std::string_view body, std::string_view response,
                      int status = 200) {
  RouteInfo info{"saved searches", summary, Access::Allowed, Permission::SavedSearchesOwn};
  info.body = body;
  info.response = response;
  info.status = status;
  return info;
}

}  // namespace

void add_saved_searches(Routes& routes) {
  RouteInfo all =
      search_info("One's own saved searches and the shared ones", "", "SavedSearchPage");
  all.parameters = "kind limit cursor";
  routes.get("/saved-searches", list_searches, all);
  routes.post("/saved-searches", add_search,
              search_info("Saves a search", "NewSavedSearch", "SavedSearch", 201));
  routes.get("/saved-searches/{id}", get_search,
             search_info("One saved search", "", "SavedSearch"));
  routes.put("/saved-searches/{id}", change_search,
             search_info("Replaces a saved search of one's own", "NewSavedSearch", "SavedSearch"));
  routes.del("/saved-searches/{id}", remove_search,
             search_info("Removes a saved search of one's own", "", "", 204));
}

}  // namespace siploom::api
