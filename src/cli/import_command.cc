// siploom import: captures into a store.
#include <fmt/format.h>

#include "base/json_writer.h"
#include "cli/commands.h"
#include "cli/import_upload.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/wall_clock.h"
#include "pipeline/keeper.h"

namespace siploom::cli {

namespace {

Result<pipeline::KeeperCounters> import_into(store::Store& store, Input& input) {
  pipeline::KeeperOptions keeping;
  keeping.live = false;
  keeping.node = "import";
  keeping.clock = wall_clock;
  pipeline::Keeper keeper(store, keeping);
  // Sealing goes on beside reading: a full batch would hold the reader up.
  std::atomic<bool> over{false};
  std::optional<Error> seal_error;
  std::thread sealer([&] {
    while (!over) {
      store.wait_for_work(std::chrono::milliseconds(100));
      const auto sealed = store.seal();
      if (sealed) continue;
      seal_error = sealed.error();
      return;
    }
  });
  auto read = input.run(keeper);
  auto finished = keeper.finish();
  over = true;
  sealer.join();
  if (!read) return tl::unexpected<Error>(read.error());
  if (!finished) return tl::unexpected<Error>(finished.error());
  if (seal_error) return tl::unexpected<Error>(*seal_error);
  SL_TRY_VOID(store.rotate(true));
  while (SL_TRY(store.seal())) {
  }
  return keeper.counters();
}

}  // namespace

int import_command(Options& options) {
  Output out(options.output);
  if (!options.store.server.empty()) return upload_captures(options, out);
  if (options.store.store.empty()) {
    return fail_with(
        {ErrorCode::InvalidArgument, "say into which store: --store DIR or --server URL"});
  }
  options.input.files = options.input.words;
  Input input(options.input, options.output);
  // Before a store is made for nothing.
  if (!input.is_stream()) {
    if (auto source = input.open(); !source) return fail_with(source.error());
  }
  store::StoreOptions opening;
  opening.folder = options.store.store;
  opening.clock = wall_clock;
  auto store = store::Store::open(opening);
  if (!store) return fail_with(store.error());
  const auto counters = import_into(**store, input);
  input.report();
  if (!counters) return fail_with(counters.error());
  if (options.output.json) {
    JsonWriter json(out.buffer());
    json.begin_object();
    json.field("records", counters->records);
    json.field("sip", counters->sip);
    json.field("calls", counters->calls);
    json.field("doubled", counters->doubled);
    json.field("copies", counters->sightings);
    json.end_object();
    out.write("\n");
  } else {
    out.write(fmt::format("{} records ({} SIP messages) of {} calls and other dialogs\n",
                          counters->records, counters->sip, counters->calls));
  }
  return counters->records == 0 ? 1 : 0;
}

}  // namespace siploom::cli
