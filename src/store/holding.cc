#include "store/holding.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "store/bloom.h"
#include "store/duckdb/row_facts.h"
#include "store/search.h"
#include "store/segment_index.h"

namespace siploom::store {

namespace {

// A call's messages lie about its start; logs and reports may come much later.
constexpr Nanoseconds kHoldReach = 24 * 3600 * kSecond;

}  // namespace

Result<void> HeldIds::add(std::string_view call_id, const Range& range) {
  const uint64_t key = bloom_key(KeyKind::Id, call_id);
  const auto known = ranges_.find(key);
  if (known == ranges_.end()) {
    if (ranges_.size() >= kMaxHeldCalls) {
      return fail(ErrorCode::LimitExceeded,
                  fmt::format("more than {} calls are held; nothing is dropped until the holds "
                              "are narrower",
                              kMaxHeldCalls));
    }
    ranges_.emplace(key, range);
    return {};
  }
  Range& both = known->second;
  const bool open_from = !is_known(both.from) || !is_known(range.from);
  const bool open_to = !is_known(both.to) || !is_known(range.to);
  both.from = open_from ? kNoTime : std::min(both.from, range.from);
  both.to = open_to ? kNoTime : std::max(both.to, range.to);
  return {};
}

Result<HeldIds> HeldIds::find(const std::vector<Hold>& holds, Search* search, const View& view) {
  HeldIds ids;
  for (const Hold& hold : holds) {
    for (const std::string& call_id : hold.call_ids) {
      SL_TRY_VOID(ids.add(call_id, {hold.from, hold.to}));
    }
    if (hold.filter.empty()) continue;
    if (search == nullptr) {
      return fail(ErrorCode::InvalidArgument, "a hold has a filter and there is no search for it");
    }
    Question question;
    question.table = Table::Calls;
    question.filter = hold.filter;
    question.from = hold.from;
    question.to = hold.to;
    Selection selection;
    selection.columns = {"call_id", "correlation_ids"};
    const auto answer = SL_TRY(search->stream(view, question, selection));
    while (SL_TRY(answer->next())) {
      const Rows& rows = answer->rows();
      SL_TRY_VOID(ids.add(rows.text(0), {}));
      for (size_t i = 0; i < rows.list_size(1); ++i) SL_TRY_VOID(ids.add(rows.list_text(1, i), {}));
    }
  }
  return ids;
}

bool HeldIds::holds(Table table, const RowChunk& chunk, size_t row) const {
  const RowPlaces& places = row_places(table);
  const int64_t time = time_at(chunk, places.time, row);
  bool held = false;
  for_each_id(chunk, places, row, [&](std::string_view id) {
    if (held) return;
    const auto known = ranges_.find(bloom_key(KeyKind::Id, id));
    if (known == ranges_.end()) return;
    const Range& range = known->second;
    const bool early = is_known(range.from) && time < range.from.ns - kHoldReach;
    const bool late = is_known(range.to) && time >= range.to.ns + kHoldReach;
    held = time == kNoTime.ns || (!early && !late);
  });
  return held;
}

bool HeldIds::may_be_in(const std::string& folder, const Segment& segment) const {
  if (ranges_.empty() || segment.shelf == Shelf::Ledger) return false;
  const auto index = SegmentIndex::open(folder + "/" + segment.path + ".idx");
  if (!index) return true;
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const auto& each) { return index->may_have(each.first); });
}

uint64_t fingerprint(const std::vector<Hold>& holds) {
  uint64_t sum = 1;
  for (const Hold& hold : holds) {
    uint64_t each = mix(hash_text(hold.filter, 1), mix(static_cast<uint64_t>(hold.from.ns),
                                                       static_cast<uint64_t>(hold.to.ns)));
    for (const std::string& id : hold.call_ids) each = mix(each, hash_text(id, 2));
    sum = mix(sum, each);
  }
  return sum;
}

}  // namespace siploom::store
