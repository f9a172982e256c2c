// Ledger rows of the log are parts of a minute's sums; a sealed segment has the sums.
#pragma once

#include <span>
#include <string>

#include "store/entry.h"

namespace siploom::store {

// Entries of the ledger, one for each minute, fate, source, node and reason of `rows`.
std::string sum_ledger(std::span<const EntryHead* const> rows);

}  // namespace siploom::store
