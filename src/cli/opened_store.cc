#include "cli/opened_store.h"

#include "cli/input.h"
#include "pipeline/payload_reader.h"

namespace siploom::cli {

store::QueryControl control_of(const StoreCommandOptions& options) {
  store::QueryControl control;
  control.cancelled = &stop_flag();
  if (options.time_limit > 0) {
    control.deadline =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(options.time_limit);
  }
  return control;
}

Result<OpenedStore> open_store(const StoreCommandOptions& options) {
  if (options.store.empty()) {
    return fail(ErrorCode::InvalidArgument, "say which store: --store DIR or --server URL");
  }
  OpenedStore opened{SL_TRY(store::Store::read(options.store)), nullptr};
  store::SearchOptions searching;
  searching.folder = options.store;
  searching.memory_bytes = options.memory_bytes;
  searching.make_reader = pipeline::make_payload_reader;
  opened.search = SL_TRY(store::Search::open(searching));
  return opened;
}

}  // namespace siploom::cli
