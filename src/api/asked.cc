#include "api/asked.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/mask.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace siploom::api {

namespace {

tl::unexpected<Error> wrong_parameter(std::string_view name, std::string_view what) {
  return fail(ErrorCode::InvalidArgument, fmt::format("parameter {} {}", name, what));
}

registry::Scope scope_of(store::Table table) {
  return table == store::Table::Calls ? registry::Scope::Call : registry::Scope::Message;
}

}  // namespace

std::vector<std::string_view> words_of(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const Halves halves = split_once(text, separator);
    if (const std::string_view word = trim(halves.before); !word.empty()) out.push_back(word);
    text = halves.after;
  }
  return out;
}

std::optional<Timestamp> parse_when(std::string_view text, Timestamp now) {
  constexpr Nanoseconds kFarthest = kSecond * 3600 * 24 * 365 * 100;
  if (text == "now") return now;
  if (text.starts_with('-')) {
    const auto ago = parse_duration(text.substr(1));
    if (!ago || *ago < 0 || *ago > kFarthest) return std::nullopt;
    return now + -*ago;
  }
  const auto time = parse_time(text);
  if (!time || time->ns < -kFarthest || time->ns > kFarthest * 2) return std::nullopt;
  return time;
}

Result<int64_t> Asked::number(std::string_view name, int64_t otherwise, int64_t least,
                              int64_t most) const {
  if (!has(name)) return otherwise;
  const auto value = parse_number<int64_t>(param(name));
  if (!value || *value < least || *value > most) {
    return wrong_parameter(name, fmt::format("has to be a number from {} to {}", least, most));
  }
  return *value;
}

Result<bool> Asked::flag(std::string_view name, bool otherwise) const {
  if (!has(name)) return otherwise;
  const std::string_view value = param(name);
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  return wrong_parameter(name, "has to be true or false");
}

Result<Timestamp> Asked::time(std::string_view name) const {
  if (param(name).empty()) return kNoTime;
  const auto value = parse_when(param(name), now());
  if (!value) {
    return wrong_parameter(name,
                           "has to be a time: 2026-11-21T01:25:02Z, @1700000000, now, or -15m ago");
  }
  return *value;
}

Result<Nanoseconds> Asked::duration(std::string_view name, Nanoseconds otherwise, Nanoseconds least,
                                    Nanoseconds most) const {
  if (!has(name)) return otherwise;
  const auto value = parse_duration(param(name));
  if (!value || *value < least || *value > most) {
    return wrong_parameter(name, fmt::format("has to be a duration from {} s to {} s",
                                             format_seconds(least, 3), format_seconds(most, 0)));
  }
  return *value;
}

std::vector<std::string> Asked::list(std::string_view name) const {
  const auto words = words_of(param(name), ',');
  return {words.begin(), words.end()};
}

Result<std::string> Asked::choice(std::string_view name, std::string_view choices) const {
  const auto known = words_of(choices);
  if (param(name).empty()) return std::string(known.front());
  if (std::find(known.begin(), known.end(), param(name)) != known.end()) {
    return std::string(param(name));
  }
  return wrong_parameter(name, fmt::format("has to be one of {}", fmt::join(known, ", ")));
}

Result<TimeRange> Asked::range() const {
  TimeRange out;
  out.from = SL_TRY(time("from"));
  out.to = SL_TRY(time("to"));
  if (is_known(out.from) && is_known(out.to) && out.to <= out.from) {
    return wrong_parameter("to", "has to be later than from");
  }
  return out;
}

Result<admin::Page> Asked::page() const {
  admin::Page page;
  page.limit = SL_TRY(number("limit", page.limit, 1, admin::kMaxPage));
  if (has("cursor")) page.cursor = SL_TRY(number("cursor", 0, 0, INT64_MAX));
  return page;
}

Result<int64_t> Asked::path_id(std::string_view name) const {
  const auto value = parse_number<int64_t>(request.param(name));
  if (!value || *value < 0) {
    return fail(ErrorCode::NotFound, fmt::format("{} in the path has to be a number", name));
  }
  return *value;
}

Result<store::QueryControl> Asked::control() const {
  Nanoseconds patience = SL_TRY(duration("timeout", kDefaultPatience, 0, kMaxPatience));
  if (patience == 0) patience = kMaxPatience;
  store::QueryControl control;
  control.deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience);
  return control;
}

Result<store::Question> Asked::question(store::Table table) const {
  store::Question out;
  out.table = table;
  out.filter = std::string(trim(param("filter")));
  // Asked for its own sake: what is wrong with it has a place then, and costs no search.
  if (!out.filter.empty()) {
    SL_TRY_VOID(query::Filter::compile(param("filter"), scope_of(table)));
  }
  out.scope = who().scope;
  out.masked = masks(*this);
  const TimeRange times = SL_TRY(range());
  out.from = times.from;
  out.to = times.to;
  out.control = SL_TRY(control());
  add_live_calls(out);
  return out;
}

void Asked::add_live_calls(store::Question& question) const {
  if (!store::asks_calls(question)) {
    kept = collector().store().view();
    return;
  }
  pipeline::Keeper::Moment moment = collector().keeper().moment();
  kept = std::move(moment.view);
  question.live_calls = std::move(moment.live_calls);
}

void Asked::audit(admin::AuditAction action, std::string object, std::string detail,
                  std::string result) const {
  admin::AuditEvent event = admin::audit_event(action, who(), caller->from);
  event.object = std::move(object);
  event.detail = std::move(detail);
  event.result = std::move(result);
  if (auto added = stores().audit.add(std::move(event)); !added && core->context.notice) {
    core->context.notice("audit log: " + added.error().message);
  }
}

}  // namespace siploom::api
