// Lost: what the ledger says was lost in a time range.
#pragma once

#include "api/asked.h"
#include "base/json_writer.h"

namespace siploom::api {

struct Lost {
  uint64_t messages = 0;
  std::vector<std::pair<std::string, uint64_t>> by_reason;  // most first, at most kMaxReasons
};
constexpr size_t kMaxReasons = 20;

Result<Lost> lost_within(const Asked& asked, const TimeRange& range);
// "lost": {"messages":N,"by_reason":{...}}, or null when the ledger could not be read.
void lost_field(JsonWriter& json, const Result<Lost>& lost);

}  // namespace siploom::api
