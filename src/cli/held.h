// Held: the legal holds that `serve` and `store prune` must heed, from the meta.db of a server.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/holds.h"
#include "base/result.h"
#include "store/holding.h"

namespace siploom::cli {

// Those in force, as the store takes them.
Result<std::vector<store::Hold>> active_holds(admin::Holds& holds);

// The holds that belong to a store: of `meta`, or (empty) of the meta.db beside the store's folder.
// nullopt: there is no such file. An error, if it is there and cannot be read: then nobody knows
// what is held.
Result<std::optional<std::vector<store::Hold>>> holds_of_store(const std::string& store,
                                                               const std::string& meta);

}  // namespace siploom::cli
