// Lists of calls, records, messages and streams: pages of JSON, or all of it as NDJSON or CSV.
#include <fmt/format.h>

#include <set>

#include "api/lost.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"
#include "api/rows.h"
#include "base/text.h"
#include "http/stream.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;
using store::Table;

namespace {

constexpr size_t kFlushBytes = 64 * 1024;

struct List {
  store::Question question;
  store::Selection selection;
  RowFormat format;
  TimeRange range;
};

// A list of words in the language's own notation: {"a", "b"}.
std::string in_braces(const std::vector<std::string>& texts) {
  std::string out = "{";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ", ";
    out += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

Result<List> read_list(const Asked& asked, Table table) {
  List list;
  list.question = SL_TRY(asked.question(table));
  list.format = SL_TRY(RowFormat::make(asked, table, asked.list("columns")));
  list.range = {list.question.from, list.question.to};
  store::Selection& selection = list.selection;
  selection.columns = list.format.columns();
  // "-start" as the command line has it: the largest first.
  selection.sort = std::string(asked.param("sort"));
  const bool minus = selection.sort.starts_with('-');
  if (minus) selection.sort.erase(0, 1);
  const std::string order = SL_TRY(asked.choice("order", "desc asc"));
  selection.descending = order != "asc";
  if (minus && asked.param("order") == "asc") {
    return fail(ErrorCode::InvalidArgument,
                "parameter sort: a '-' says the same as order=desc; leave one of them out");
  }
  selection.limit = static_cast<size_t>(
      SL_TRY(asked.number("limit", kDefaultRows, 1, static_cast<int64_t>(kMaxRows))));
  if (!asked.param("cursor").empty()) {
    const auto cursor = from_base64url(asked.param("cursor"));
    if (!cursor || cursor->empty()) {
      return fail(ErrorCode::InvalidArgument,
                  "the cursor is none that a search gave; leave it out");
    }
    selection.cursor = *cursor;
  }
  return list;
}

void and_filter(store::Question& question, const std::string& more) {
  question.filter =
      question.filter.empty() ? more : fmt::format("({}) and {}", question.filter, more);
}

std::string search_detail(const List& list, size_t rows) {
  return detail_json({{"filter", list.question.filter},
                      {"from", is_known(list.range.from) ? format_rfc3339(list.range.from) : ""},
                      {"to", is_known(list.range.to) ? format_rfc3339(list.range.to) : ""},
                      {"rows", std::to_string(rows)}});
}

// The media type of an answer: json, ndjson or csv.
Result<std::string> format_of(const Asked& asked) {
  if (asked.has("format")) return asked.choice("format", "json ndjson csv");
  const std::string accept = asked.request.headers.joined("Accept");
  if (accept.find("application/x-ndjson") != std::string::npos) return std::string("ndjson");
  if (accept.find("text/csv") != std::string::npos) return std::string("csv");
  return std::string("json");
}

// Streams of calls that the scope of who asks does not let through are left out: only calls can be
// asked about that.
class StreamScope final {
 public:
  StreamScope(const Asked& asked, Table table)
      : asked_(asked), applies_(table == Table::Streams && !asked.who().scope.empty()) {}
  Result<bool> lets_through(const store::Rows& rows, const List& list) {
    if (!applies_) return true;
    size_t column = 0;
    while (column < rows.column_count() && rows.column_name(column) != "call_id") ++column;
    if (column == rows.column_count()) return false;
    const std::string call_id(rows.text(column));
    if (const auto known = known_.find(call_id); known != known_.end()) return known->second;
    store::Question question = SL_TRY(asked_.question(Table::Calls));
    question.filter = fmt::format("call_id in {}", in_braces({call_id}));
    question.from = question.to = kNoTime;
    question.control = list.question.control;
    store::Selection one;
    one.columns = {"call_id"};
    one.limit = 1;
    auto found = SL_TRY(asked_.search().select(asked_.view(), question, one));
    const bool lets = SL_TRY(found->next());
    known_.emplace(call_id, lets);
    return lets;
  }

 private:
  const Asked& asked_;
  bool applies_;
  std::map<std::string, bool> known_;
};

struct Page {
  std::string rows, next;
  size_t count = 0;
  std::string reason;  // why there may be more between them; empty: there is not
};

// A cursor is only ever of a row that was given: it holds the row's values.
Result<Page> read_page(const Asked& asked, List& list, Table table) {
  StreamScope scope(asked, table);
  const size_t limit = list.selection.limit;
  store::Selection selection = list.selection;
  selection.limit = limit + 1;  // one more tells whether there are more
  Page page;
  JsonWriter json(page.rows);
  json.begin_array();
  std::string given;
  // Again as long as the scope leaves room on the page.
  for (bool more = true; more && page.next.empty();) {
    auto answer = SL_TRY(asked.search().select(asked.view(), list.question, selection));
    size_t seen = 0;
    while (page.next.empty() && SL_TRY(answer->next())) {
      ++seen;
      selection.cursor = answer->cursor();
      if (!SL_TRY(scope.lets_through(answer->rows(), list))) continue;
      if (page.count == limit) {
        page.next = base64url(given);
        break;
      }
      given = selection.cursor;
      list.format.write(json, answer->rows());
      ++page.count;
    }
    more = seen == selection.limit;
    if (answer->is_partial()) {
      page.reason = "the search took too long and was ended: these are the rows found until then";
      page.next.clear();
      break;
    }
  }
  json.end_array();
  return page;
}

Response page_reply(const Asked& asked, List& list, Table table,
                    std::chrono::steady_clock::time_point began, Result<Page>& page) {
  const auto lost = lost_within(asked, list.range);
  asked.audit(AuditAction::Search, std::string(store::table_name(table)),
              search_detail(list, page ? page->count : 0),
              page && page->reason.empty() ? "ok" : "partial");
  return object_reply([&](JsonWriter& json) {
    json.key("rows");
    json.raw(page ? page->rows : "[]");
    text_field(json, "next", page ? page->next : "");
    json.key("range");
    json.begin_object();
    time_field(json, "from", list.range.from);
    time_field(json, "to", list.range.to);
    json.end_object();
    took_field(json, began);
    lost_field(json, lost);
    json.field("partial", !page || !page->reason.empty());
    text_field(json, "reason", page ? page->reason : page.error().message);
  });
}

// All rows, as they are found, in constant memory; with a limit so many, in order.
Response stream_reply(const Asked& asked, List list, Table table, bool csv) {
  if (table == Table::Streams && !asked.who().scope.empty()) {
    return forbidden("Streams are given page by page to who sees a part of the traffic.");
  }
  // What lives no longer than the handler is looked at here.
  auto core = asked.core;
  auto caller = asked.caller;
  const std::string heading = csv ? list.format.csv_heading() : std::string();
  auto opened = asked.has("limit")
                    ? asked.search().select(asked.view(), list.question, list.selection)
                    : asked.search().stream(asked.view(), list.question, list.selection);
  if (!opened) {
    core->doubt(opened.error());
    return problem_of(opened.error(), asked.param("filter"));
  }
  std::shared_ptr<store::Answer> answer = std::move(*opened);
  asked.audit(AuditAction::Search, std::string(store::table_name(table)), search_detail(list, 0),
              "stream");
  auto run = [core, caller, answer, format = std::move(list.format), heading, csv,
              standing = core->standings.add(asked.who(), Permission::SearchRead)](
                 http::StreamWriter& out) {
    std::string text = heading;
    while (true) {
      const auto more = answer->next();
      if (!more) core->doubt(more.error());
      // The client must not take it for whole.
      if (!more || standing->is_over()) return out.abort();
      if (!*more) break;
      if (csv) {
        format.append_csv(text, answer->rows());
      } else {
        JsonWriter json(text);
        format.write(json, answer->rows());
        text += '\n';
      }
      if (text.size() < kFlushBytes) continue;
      if (!out.write(text)) return;
      text.clear();
    }
    if (!out.write(text) || answer->is_partial()) out.abort();
  };
  return Response::stream(csv ? "text/csv; charset=utf-8" : "application/x-ndjson", std::move(run));
}

Result<Response> list_table(Asked& asked, Table table, const std::string& more_filter = {}) {
  const auto began = std::chrono::steady_clock::now();
  const std::string format = SL_TRY(format_of(asked));
  List list = SL_TRY(read_list(asked, table));
  if (!more_filter.empty()) and_filter(list.question, more_filter);
  if (table == Table::Streams) list.question.scope.clear();  // StreamScope sees to it
  if (format != "json" && !asked.has("timeout")) {
    list.question.control.deadline = began + std::chrono::nanoseconds(kMaxPatience);
  }
  if (format != "json") return stream_reply(asked, std::move(list), table, format == "csv");
  auto page = read_page(asked, list, table);
  const bool out_of_time =
      !page && page.error().code == ErrorCode::LimitExceeded && list.question.control.is_over();
  if (!page && !out_of_time) return tl::unexpected<Error>(page.error());
  return page_reply(asked, list, table, began, page);
}

Result<Response> list_calls(Asked& asked) { return list_table(asked, Table::Calls); }

Result<Response> list_records(Asked& asked) {
  const std::vector<std::string> kinds = asked.list("kinds");
  for (const std::string& kind : kinds) {
    model::RecordKind ignored{};
    if (!model::parse_record_kind(kind, ignored)) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("parameter kinds: unknown kind '{}'; /api/v1/fields lists them under "
                              "record.kind",
                              printable(kind)));
    }
  }
  std::string filter;
  if (!kinds.empty()) filter = "record.kind in " + in_braces(kinds);
  return list_table(asked, Table::Records, filter);
}

Result<Response> list_messages(Asked& asked) {
  return list_table(asked, Table::Records, "record.kind == sip");
}

Result<Response> list_streams(Asked& asked) { return list_table(asked, Table::Streams); }

constexpr std::string_view kListParameters =
    "filter from to sort order limit cursor columns timeout format";
constexpr std::string_view kKindsToo =
    "filter kinds from to sort order limit cursor columns timeout format";
constexpr std::string_view kWithoutFilter =
    "from to sort order limit cursor columns timeout format";

RouteInfo list_info(std::string_view summary, std::string_view parameters,
                    std::string_view response) {
  RouteInfo info{"search", summary, Access::Allowed, Permission::SearchRead};
  info.parameters = parameters;
  info.response = response;
  info.searches = true;
  return info;
}

}  // namespace

void add_lists(Routes& routes) {
  routes.get(
      "/calls", list_calls,
      list_info("Calls that match a filter, those going on included", kListParameters, "CallPage"));
  routes.get("/records", list_records,
             list_info("Records of every kind that match a filter", kKindsToo, "RecordPage"));
  routes.get("/messages", list_messages,
             list_info("SIP messages that match a filter", kListParameters, "RecordPage"));
  routes.get("/streams", list_streams,
             list_info("RTP streams as they were measured", kWithoutFilter, "StreamPage"));
}

}  // namespace siploom::api
