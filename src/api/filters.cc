// The filter language: its fields, checking, completion.
#include <fmt/format.h>

#include "api/complete.h"
#include "api/mask.h"
#include "api/problem.h"
#include "api/reply.h"
#include "api/route.h"
#include "base/text.h"

namespace siploom::api {

using admin::Permission;
using http::Response;
using registry::Scope;

namespace {

constexpr auto kValuePatience = std::chrono::milliseconds(500);
constexpr Nanoseconds kValueRange = 3600 * kSecond;

Result<Response> fields(Asked& asked) {
  static_cast<void>(asked);
  return object_reply([](JsonWriter& json) {
           json.key("rows");
           json.begin_array();
           for (const registry::FieldInfo& field : registry::fields()) {
             json.begin_object();
             json.field("name", field.name);
             json.field("type", registry::type_name(field.type));
             list_field(json, "scope", words_of(registry::scope_name(field.scope), ','));
             json.field("multiple", field.multiple);
             text_field(json, "unit", field.unit);
             text_field(json, "rfc", field.rfc);
             json.field("help", field.help);
             text_field(json, "example", field.example);
             list_field(json, "aliases", words_of(field.aliases));
             list_field(json, "choices", words_of(field.choices));
             json.field("default_column", field.default_column);
             json.field("facet", field.facet);
             json.end_object();
           }
           json.end_array();
         })
      .with_etag();
}

Result<Scope> scope_param(const Asked& asked) {
  return SL_TRY(asked.choice("scope", "calls records")) == "calls" ? Scope::Call : Scope::Message;
}

Result<Response> check(Asked& asked) {
  const Scope scope = SL_TRY(scope_param(asked));
  const std::string_view text = asked.param("filter");
  const auto filter = query::Filter::compile(text, scope);
  return object_reply([&](JsonWriter& json) {
    json.field("ok", filter.has_value());
    text_field(json, "text", filter && !filter->is_empty() ? filter->text() : "");
    text_field(json, "error", filter ? "" : first_line(filter.error().message));
    FilterPlace place;
    const bool found = !filter && find_place(filter.error().message, text, place);
    id_field(json, "position",
             found ? std::optional(static_cast<int64_t>(place.position)) : std::nullopt);
    id_field(json, "length",
             found ? std::optional(static_cast<int64_t>(place.length)) : std::nullopt);
  });
}

// What the field has been within the last hour: most first. Without an answer in time: nothing.
void add_seen_values(const Asked& asked, const Completion& completion, Scope scope,
                     std::vector<Suggestion>& out) {
  store::Question question;
  question.table = scope == Scope::Call ? store::Table::Calls : store::Table::Records;
  question.scope = asked.who().scope;
  question.masked = masks(asked);
  question.from = asked.now() + -kValueRange;
  asked.add_live_calls(question);
  question.control.deadline = std::chrono::steady_clock::now() + kValuePatience;
  store::Grouping grouping;
  grouping.by = {std::string(completion.values_of->name)};
  grouping.limit = 1000;
  const auto groups = asked.search().group(asked.view(), question, grouping);
  if (!groups) return asked.core->doubt(groups.error());
  for (const store::GroupRow& row : groups->rows) {
    if (!row.keys[0] || out.size() >= kMaxSuggestions) continue;
    if (lower(*row.keys[0]).find(lower(completion.prefix)) == std::string::npos) continue;
    out.push_back({"value", quoted_value(*row.keys[0]),
                   fmt::format("{:.0f} in the last hour", row.values[0].value_or(0))});
  }
}

Result<Response> completion(Asked& asked) {
  const Scope scope = SL_TRY(scope_param(asked));
  const std::string_view text = asked.param("text");
  const auto position =
      SL_TRY(asked.number("position", static_cast<int64_t>(text.size()), 0, 1'000'000));
  Completion found = complete(text, static_cast<size_t>(position), scope);
  if (found.values_of != nullptr) add_seen_values(asked, found, scope, found.suggestions);
  return object_reply([&](JsonWriter& json) {
    json.field("begin", uint64_t{found.begin});
    json.field("end", uint64_t{found.end});
    json.key("rows");
    json.begin_array();
    for (const Suggestion& each : found.suggestions) {
      json.begin_object();
      json.field("kind", each.kind);
      json.field("text", each.text);
      text_field(json, "help", each.help);
      json.end_object();
    }
    json.end_array();
  });
}

}  // namespace

void add_filters(Routes& routes) {
  RouteInfo info{"filter", "The fields that filters, columns and groups can name",
                 Access::LoggedIn};
  info.response = "FieldList";
  routes.get("/fields", fields, info);
  info.summary = "Checks a filter; an error names its place";
  info.parameters = "filter scope";
  info.response = "FilterCheck";
  routes.get("/filter/check", check, info);
  RouteInfo more{"filter", "What a filter can go on with at a place in it", Access::Allowed,
                 Permission::SearchRead};
  more.parameters = "text position scope";
  more.response = "Completion";
  routes.get("/filter/complete", completion, more);
}

}  // namespace siploom::api
