// SQL of the user's over the views records, calls, streams and ledger.
#include <fmt/format.h>

#include "api/body.h"
#include "api/reply.h"
#include "api/route.h"
#include "base/text.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;

namespace {

constexpr size_t kMaxSqlOctets = 64 * 1024;

void write_cell(JsonWriter& json, const store::Rows& rows, size_t column) {
  const std::string_view type = rows.column_type(column);
  if (rows.is_null(column)) {
    json.null();
  } else if (type == "boolean") {
    json.value(rows.integer(column) != 0);
  } else if (type == "integer" || type == "list") {
    json.raw(rows.display(column));
  } else if (type == "real") {
    json.value(rows.real(column));
  } else if (const std::string text = rows.display(column); is_utf8(text)) {
    json.value(text);
  } else {
    json.value("base64:" + base64(text));
  }
}

Result<Response> run_sql(Asked& asked) {
  const auto began = std::chrono::steady_clock::now();
  const Body body = SL_TRY(Body::read(asked.request, "sql limit"));
  std::string text = SL_TRY(body.text("sql"));
  const int64_t limit = SL_TRY(body.maybe_number("limit")).value_or(1000);
  if (limit < 1 || limit > static_cast<int64_t>(kMaxRows)) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("\"limit\" has to be from 1 to {}", kMaxRows));
  }
  while (!text.empty() && (is_space(text.back()) || text.back() == ';')) text.pop_back();
  if (text.empty() || text.size() > kMaxSqlOctets) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("\"sql\" has to be one SELECT of at most {} octets", kMaxSqlOctets));
  }
  const store::QueryControl control = SL_TRY(asked.control());
  auto answer = asked.search().sql(
      asked.view(), fmt::format("SELECT * FROM (\n{}\n) LIMIT {}", text, limit + 1), control);
  asked.audit(AuditAction::Sql, text.substr(0, 1000), "{}", answer ? "ok" : "failed");
  const auto found = SL_TRY(std::move(answer));
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("columns");
  json.begin_array();
  for (size_t i = 0; i < found->column_count(); ++i) {
    json.begin_object();
    json.field("name", found->rows().column_name(i));
    json.field("type", found->rows().column_type(i));
    json.end_object();
  }
  json.end_array();
  json.key("rows");
  json.begin_array();
  bool more = false;
  for (int64_t seen = 0; SL_TRY(found->next()); ++seen) {
    more = seen == limit;
    if (more) break;
    json.begin_array();
    for (size_t i = 0; i < found->column_count(); ++i) write_cell(json, found->rows(), i);
    json.end_array();
  }
  json.end_array();
  took_field(json, began);
  json.field("partial", more);
  text_field(json, "reason", more ? fmt::format("there are more than {} rows", limit) : "");
  json.end_object();
  return Response::json(std::move(out));
}

}  // namespace

void add_sql(Routes& routes) {
  RouteInfo info{"sql", "Runs one SELECT over the tables records, calls, streams and ledger",
                 Access::Allowed, Permission::SqlRead};
  info.parameters = "timeout";
  info.body = "SqlRequest";
  info.response = "SqlAnswer";
  info.searches = true;
  info.whole_scope = true;
  routes.post("/sql", run_sql, info);
}

}  // namespace siploom::api
