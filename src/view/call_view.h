// Calls as people read them: cells of the call list, and one sentence on what became of a call.
#pragma once

#include <string>
#include <vector>

#include "model/call.h"
#include "view/table.h"

namespace siploom::view {

Role role_of_state(model::CallState state);
// user@host, or what there is of it; safe for a terminal.
std::string party_text(const model::Party& party);
// "completed: answered after 4.2 s (PDD 0.8 s), talked 32.1 s, the caller hung up".
std::string summarize(const model::Call& call);

struct CallColumn {
  std::string name;  // as `--columns` takes it
  Column column;
};
// The columns of the list in their order; `number` counts from 1.
const std::vector<CallColumn>& call_columns();
Cell call_cell(const std::string& column, const model::Call& call, size_t number);
// "0.184 s" below ten seconds, "32.1 s" below a minute, then "2:05".
std::string short_duration(Nanoseconds ns);

}  // namespace siploom::view
