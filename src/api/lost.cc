#include "api/lost.h"

#include <fmt/format.h>

namespace siploom::api {

namespace {

constexpr auto kPatience = std::chrono::seconds(2);  // an answer does not wait for this longer

Result<Lost> read_lost(const Asked& asked, const TimeRange& range) {
  // It would tell how much there is of what the scope hides.
  if (!asked.who().scope.empty()) return fail(ErrorCode::NotFound, "not for who has a scope");
  std::string where = "fate = 'lost'";
  // A row is of a whole minute; one that the range only touches counts.
  if (is_known(range.from)) {
    where += " AND minute > " + store::sql_time(range.from + -kMinute);
  }
  if (is_known(range.to)) where += " AND minute < " + store::sql_time(range.to);
  store::QueryControl control;
  control.deadline = std::chrono::steady_clock::now() + kPatience;
  auto answer = SL_TRY(asked.search().sql(
      asked.view(),
      fmt::format("SELECT reason, sum(count)::UBIGINT AS n FROM ledger WHERE {} GROUP BY reason "
                  "ORDER BY n DESC, reason",
                  where),
      control));
  Lost out;
  while (SL_TRY(answer->next())) {
    const auto count = static_cast<uint64_t>(answer->rows().integer(1));
    out.messages += count;
    if (out.by_reason.size() < kMaxReasons) {
      out.by_reason.emplace_back(answer->rows().text(0), count);
    }
  }
  return out;
}

}  // namespace

Result<Lost> lost_within(const Asked& asked, const TimeRange& range) {
  auto lost = read_lost(asked, range);
  if (!lost) asked.core->doubt(lost.error());
  return lost;
}

void lost_field(JsonWriter& json, const Result<Lost>& lost) {
  json.key("lost");
  if (!lost) return json.null();
  json.begin_object();
  json.field("messages", lost->messages);
  json.key("by_reason");
  json.begin_object();
  for (const auto& [reason, count] : lost->by_reason) json.field(reason, count);
  json.end_object();
  json.end_object();
}

}  // namespace siploom::api
