// Counts and other measures over groups of rows: facets, histograms, any grouping.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/lost.h"
#include "api/mask.h"
#include "api/reply.h"
#include "api/route.h"

namespace siploom::api {

using admin::AuditAction;
using admin::Permission;
using http::Response;
using store::Table;

namespace {

constexpr size_t kMaxFields = 20, kMaxGroupLimit = 10'000;

Result<Table> table_of(const Asked& asked) {
  return SL_TRY(asked.choice("table", "calls records")) == "calls" ? Table::Calls : Table::Records;
}

// Keys that would show what is masked elsewhere.
Result<void> check_fields(const Asked& asked, const std::vector<std::string>& fields) {
  if (fields.size() > kMaxFields) {
    return fail(ErrorCode::InvalidArgument, fmt::format("more than {} fields", kMaxFields));
  }
  for (const std::string& name : fields) {
    const registry::FieldInfo* field = registry::find_field(name);
    const bool octets = field != nullptr && (field->name == "body" || field->name == "sdp");
    if (octets && masks(asked)) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("{} may hold secrets and cannot be grouped by", name));
    }
  }
  return {};
}

void write_range(JsonWriter& json, const store::Question& question) {
  json.key("range");
  json.begin_object();
  time_field(json, "from", question.from);
  time_field(json, "to", question.to);
  json.end_object();
}

void write_key(JsonWriter& json, const std::optional<std::string>& key) {
  if (key) {
    json.value(*key);
  } else {
    json.null();
  }
}

void audit_search(const Asked& asked, const store::Question& question, std::string_view what,
                  size_t rows) {
  asked.audit(AuditAction::Search, std::string(what),
              detail_json({{"filter", question.filter}, {"rows", std::to_string(rows)}}));
}

bool out_of_time(const store::Question& question, const Error& error) {
  return error.code == ErrorCode::LimitExceeded && question.control.is_over();
}

Result<Response> facets(Asked& asked) {
  const auto began = std::chrono::steady_clock::now();
  const auto fields = asked.list("fields");
  SL_TRY_VOID(check_fields(asked, fields));
  if (fields.empty()) {
    return fail(ErrorCode::InvalidArgument, "parameter fields is missing: fields, with commas");
  }
  const Table table = SL_TRY(table_of(asked));
  store::Question question = SL_TRY(asked.question(table));
  store::Grouping grouping;
  grouping.limit = static_cast<size_t>(SL_TRY(asked.number("top", 10, 1, 1000)));
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("facets");
  json.begin_array();
  std::string reason;
  for (const std::string& field : fields) {
    grouping.by = {field};
    const auto groups = asked.search().group(asked.view(), question, grouping);
    if (!groups && !out_of_time(question, groups.error())) {
      return tl::unexpected<Error>(groups.error());
    }
    json.begin_object();
    json.field("field", field);
    json.key("values");
    json.begin_array();
    for (const store::GroupRow& row : groups ? groups->rows : std::vector<store::GroupRow>()) {
      json.begin_object();
      json.key("value");
      write_key(json, row.keys[0]);
      json.field("count", static_cast<uint64_t>(row.values[0].value_or(0)));
      json.end_object();
    }
    json.end_array();
    json.field("others", uint64_t{groups ? groups->dropped : 0});
    json.end_object();
    if (!groups) reason = groups.error().message;
  }
  json.end_array();
  write_range(json, question);
  took_field(json, began);
  json.field("partial", !reason.empty());
  text_field(json, "reason", reason);
  json.end_object();
  audit_search(asked, question, "facets", fields.size());
  return Response::json(std::move(text));
}

// A width that gives about sixty bars: whole minutes where it can, for side files know these.
Nanoseconds usual_bucket(const store::Question& question, Timestamp now) {
  constexpr std::array kWidths = {kSecond,       5 * kSecond,  15 * kSecond, kMinute,
                                  5 * kMinute,   15 * kMinute, 60 * kMinute, 180 * kMinute,
                                  720 * kMinute, kDay,         7 * kDay};
  const Timestamp to = is_known(question.to) ? question.to : now;
  const Nanoseconds span = is_known(question.from) ? to - question.from : 30 * kDay;
  for (const Nanoseconds width : kWidths) {
    if (span / width <= 60) return width;
  }
  return kWidths.back();
}

Result<store::Grouping> read_grouping(const Asked& asked, const store::Question& question,
                                      bool buckets) {
  store::Grouping grouping;
  grouping.now = asked.now();
  grouping.by = asked.list("by");
  SL_TRY_VOID(check_fields(asked, grouping.by));
  grouping.bucket = buckets ? usual_bucket(question, asked.now()) : 0;
  grouping.bucket = SL_TRY(asked.duration("bucket", grouping.bucket, kMillisecond, 366 * kDay));
  grouping.limit =
      static_cast<size_t>(SL_TRY(asked.number("limit", buckets ? 20 : 1000, 1, kMaxGroupLimit)));
  const auto measures = asked.list("measures");
  if (measures.empty()) return grouping;
  if (measures.size() > kMaxFields) {
    return fail(ErrorCode::InvalidArgument, fmt::format("more than {} measures", kMaxFields));
  }
  grouping.measures.clear();
  for (const std::string& measure : measures) {
    grouping.measures.push_back(SL_TRY(store::parse_measure(measure)));
  }
  return grouping;
}

void write_group(JsonWriter& json, const store::GroupRow& row, const store::Grouping& grouping) {
  json.begin_object();
  if (grouping.bucket != 0) time_field(json, "bucket", row.bucket);
  json.key("keys");
  json.begin_array();
  for (const auto& key : row.keys) write_key(json, key);
  json.end_array();
  json.key("values");
  json.begin_array();
  for (const auto& value : row.values) {
    if (value) {
      json.value(*value);
    } else {
      json.null();
    }
  }
  json.end_array();
  json.end_object();
}

Result<Response> grouped(Asked& asked, std::string_view what, bool buckets) {
  const auto began = std::chrono::steady_clock::now();
  const Table table = SL_TRY(table_of(asked));
  const store::Question question = SL_TRY(asked.question(table));
  const store::Grouping grouping = SL_TRY(read_grouping(asked, question, buckets));
  const auto groups = asked.search().group(asked.view(), question, grouping);
  if (!groups && !out_of_time(question, groups.error())) {
    return tl::unexpected<Error>(groups.error());
  }
  const auto lost = lost_within(asked, {question.from, question.to});
  audit_search(asked, question, what, groups ? groups->rows.size() : 0);
  return object_reply([&](JsonWriter& json) {
    list_field(json, "by", grouping.by);
    json.key("measures");
    json.begin_array();
    for (const store::Measure& measure : grouping.measures) {
      json.value(store::measure_name(measure));
    }
    json.end_array();
    json.key("bucket_s");
    json.seconds(grouping.bucket);
    json.key("rows");
    json.begin_array();
    for (const store::GroupRow& row : groups ? groups->rows : std::vector<store::GroupRow>()) {
      write_group(json, row, grouping);
    }
    json.end_array();
    json.field("others", uint64_t{groups ? groups->dropped : 0});
    write_range(json, question);
    took_field(json, began);
    lost_field(json, lost);
    json.field("partial", !groups);
    text_field(json, "reason", groups ? "" : groups.error().message);
  });
}

Result<Response> histogram(Asked& asked) { return grouped(asked, "histogram", true); }
Result<Response> group(Asked& asked) { return grouped(asked, "group", false); }

RouteInfo group_info(std::string_view summary, std::string_view parameters,
                     std::string_view response) {
  RouteInfo info{"search", summary, Access::Allowed, Permission::SearchRead};
  info.parameters = parameters;
  info.response = response;
  info.searches = true;
  return info;
}

}  // namespace

void add_groups(Routes& routes) {
  routes.get("/facets", facets,
             group_info("The most frequent values of fields",
                        "fields filter from to top table timeout", "Facets"));
  routes.get("/histogram", histogram,
             group_info("Counts, or other measures, over time",
                        "by bucket measures filter from to limit table timeout", "Groups"));
  routes.get("/group", group,
             group_info("Measures over groups",
                        "by bucket measures filter from to limit table timeout", "Groups"));
}

}  // namespace siploom::api
