// siploom stats.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "exporter/json.h"
#include "pipeline/call_consumer.h"
#include "view/stats_view.h"

namespace siploom::cli {

namespace {
// A call is over for the statistics when nothing came for as long as SIP's longest transaction
// timer (64*T1 = 32 s).
constexpr Nanoseconds kForgetAfter = 40 * kSecond;
}  // namespace

int stats_command(Options& options) {
  if (auto words = resolve_words(options.input, false); !words) return fail_with(words.error());
  auto filter = compile_filter(options.input.filter, registry::Scope::Message);
  if (!filter) return fail_with(filter.error());
  if (*filter && (**filter).asks_calls()) {
    return fail_with({ErrorCode::InvalidArgument,
                      "stats filters messages; use `siploom calls` for filters over calls"});
  }
  Output out(options.output);
  Input input(options.input, options.output);
  pipeline::CallConsumerOptions consume;
  consume.shards = input.is_stream() ? 1 : input.threads();
  consume.rtp = true;
  consume.stats = true;
  consume.interval = options.stats.interval;
  consume.weave.forget_after = kForgetAfter;
  consume.weave.budget_bytes = options.input.memory_bytes / consume.shards;
  consume.message_filter = *filter ? &**filter : nullptr;
  pipeline::CallConsumer consumer(consume);
  auto result = input.run(consumer);
  input.report();
  if (!result) return fail_with(result.error());
  consumer.finish(result->counters.last);
  const model::Stats stats = consumer.stats(*result);
  if (options.output.json) {
    JsonWriter json(out.buffer());
    exporter::write_stats(json, stats, options.stats.top);
    out.write("\n");
  } else {
    out.write(view::stats_text(stats, options.stats.top, out.width(), out.color()));
  }
  out.flush();
  if (*filter) return stats.sip_messages != 0 ? 0 : 1;
  return stats.sip_messages + stats.rtp_packets + stats.rtcp_packets + stats.hep_packets != 0 ? 0
                                                                                              : 1;
}

}  // namespace siploom::cli
