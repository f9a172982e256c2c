// Notes on calls.
#include "api/body.h"
#include "api/detail.h"
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;

namespace {

void write_note(JsonWriter& json, const admin::Note& note) {
  json.field("id", note.id);
  json.field("call_id", note.call_id);
  time_field(json, "start", note.start);
  json.field("text", note.text);
  id_field(json, "author_id", note.author_id);
  json.field("author", note.author);
  time_field(json, "time", note.time);
}

std::string call_of(const Asked& asked) { return std::string(asked.request.param("call_id")); }

Result<Response> list_notes(Asked& asked) {
  SL_TRY_VOID(check_call(asked, call_of(asked)));
  const admin::Page page = SL_TRY(asked.page());
  return list_reply(SL_TRY(asked.stores().notes.list(call_of(asked), page)), write_note);
}

Result<Response> add_note(Asked& asked) {
  const Body body = SL_TRY(Body::read(asked.request, "text start"));
  const std::string text = SL_TRY(body.text("text"));
  const Timestamp start = SL_TRY(body.time("start", asked.now()));
  SL_TRY_VOID(check_call(asked, call_of(asked)));
  const admin::Note note =
      SL_TRY(asked.stores().notes.add(call_of(asked), start, text, asked.who()));
  asked.audit(AuditAction::NoteMade, note.call_id);
  return object_reply([&](JsonWriter& json) { write_note(json, note); }, 201);
}

// One's own notes; who manages users puts those of others right, too.
Result<Response> change_note(Asked& asked) {
  const Body body = SL_TRY(Body::read(asked.request, "text"));
  const std::string text = SL_TRY(body.text("text"));
  const int64_t id = SL_TRY(asked.path_id("id"));
  SL_TRY_VOID(asked.stores().notes.change(id, text, asked.owner_unless(Permission::UsersManage)));
  asked.audit(AuditAction::NoteMade, std::to_string(id), "{}", "changed");
  return Response::no_content();
}

Result<Response> remove_note(Asked& asked) {
  const int64_t id = SL_TRY(asked.path_id("id"));
  SL_TRY_VOID(asked.stores().notes.remove(id, asked.owner_unless(Permission::UsersManage)));
  asked.audit(AuditAction::NoteRemoved, std::to_string(id));
  return Response::no_content();
}

RouteInfo note_info(std::string_view summary, Permission permission, std::string_view body,
                    std::string_view response, int status) {
  RouteInfo info{"notes", summary, Access::Allowed, permission};
  info.body = body;
  info.response = response;
  info.status = status;
  return info;
}

}  // namespace

void add_notes(Routes& routes) {
  RouteInfo all = note_info("Notes on a call", Permission::NotesRead, "", "NotePage", 200);
  all.parameters = "limit cursor";
  routes.get("/calls/{call_id}/notes", list_notes, all);
  routes.post("/calls/{call_id}/notes", add_note,
              note_info("Writes a note on a call", Permission::NotesWrite, "NewNote", "Note", 201));
  routes.put(
      "/notes/{id}", change_note,
      note_info("Changes a note of one's own", Permission::NotesWrite, "NoteChange", "", 204));
  routes.del("/notes/{id}", remove_note,
             note_info("Removes a note of one's own", Permission::NotesWrite, "", "", 204));
}

}  // namespace siploom::api
