// Held: the legal holds that `store prune` must heed, from the meta.db of a server.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/holding.h"

namespace siploom::cli {

// The holds that belong to a store: of `meta`, or (empty) of the meta.db beside the store's folder.
// nullopt: there is no such file. An error, if it is there and cannot be read: then nobody knows
// what is held.
Result<std::optional<std::vector<store::Hold>>> holds_of_store(const std::string& store,
                                                               const std::string& meta);

}  // namespace siploom::cli
