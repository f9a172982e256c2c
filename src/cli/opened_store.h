// OpenedStore: a store opened for reading, whoever may be writing it, with what searches it.
#pragma once

#include <memory>

#include "cli/options.h"
#include "store/search.h"

namespace siploom::cli {

struct OpenedStore {
  store::View view;
  std::unique_ptr<store::Search> search;
};
Result<OpenedStore> open_store(const StoreCommandOptions& options);

// --time-limit and Ctrl-C.
store::QueryControl control_of(const StoreCommandOptions& options);

}  // namespace siploom::cli
