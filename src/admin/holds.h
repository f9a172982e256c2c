// Holds: what retention must not take away, because somebody (a court, a dispute) asks for it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/database.h"
#include "admin/notes.h"
#include "admin/page.h"

namespace siploom::admin {

constexpr size_t kMaxCallsOfHold = 10'000;
constexpr int64_t kMaxActiveHolds = 1'000;

struct Hold {
  int64_t id = 0;
  std::vector<std::string> call_ids;  // these calls, or
  std::string filter;                 // the calls that it matches; at least one of both is given
  Timestamp since = kNoTime, until = kNoTime;  // of the calls; kNoTime: open
  std::string reason, set_by;
  Timestamp set_at = kNoTime;
  std::string removed_by;  // empty: active
  Timestamp removed_at = kNoTime;
};

class Holds final {
 public:
  explicit Holds(Database& database) : database_(database) {}

  Result<Hold> set(const Hold& hold, const Identity& by);
  // It stays on the list of those that were. NotFound, too, when it is removed already.
  Result<void> remove(int64_t id, const Identity& by);
  Result<Listed<Hold>> list(bool only_active, const Page& page = {});
  // Whether an active hold names this call, at that time; filters are the caller's to ask.
  Result<bool> names_call(std::string_view call_id, Timestamp start);

 private:
  Database& database_;
};

}  // namespace siploom::admin
