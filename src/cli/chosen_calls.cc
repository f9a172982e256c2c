#include "cli/chosen_calls.h"

#include <algorithm>

#include "base/hash.h"
#include "pipeline/call_subject.h"
#include "pipeline/match_consumer.h"

namespace siploom::cli {

Result<ChosenCalls> choose_calls(Input& input, const query::Filter* filter) {
  pipeline::CallConsumerOptions options;
  options.shards = input.threads();
  options.weave.budget_bytes = input.options().memory_bytes / options.shards;
  options.filter = filter;
  ChosenCalls chosen;
  chosen.consumer = std::make_unique<pipeline::CallConsumer>(options);
  const pipeline::EngineResult result = SL_TRY(input.run(*chosen.consumer));
  chosen.consumer->finish(result.counters.last);
  size_t number = 0;
  for (const model::Call* call : chosen.consumer->calls()) {
    ++number;
    if (filter != nullptr && !filter->matches(pipeline::CallSubject(*call))) continue;
    chosen.calls.push_back(call);
    chosen.numbers.push_back(number);
  }
  return chosen;
}

HashSet call_id_hashes(const std::vector<const model::Call*>& calls) {
  HashSet out;
  for (const model::Call* call : calls) {
    for (const model::Leg& leg : call->legs) out.insert(hash_text(leg.call_id));
  }
  return out;
}

Result<std::vector<pipeline::CallFrame>> frames_of(Input& input,
                                                   const std::vector<const model::Call*>& calls) {
  FlatMap<uint64_t, uint32_t> index;  // Call-ID hash to place in `calls`
  for (uint32_t i = 0; i < calls.size(); ++i) {
    for (const model::Leg& leg : calls[i]->legs) {
      const uint64_t hash = hash_text(leg.call_id);
      *index.insert(hash, hash).first = i;
    }
  }
  const HashSet wanted = call_id_hashes(calls);
  std::vector<pipeline::CallFrame> frames;
  pipeline::MatchOptions match;
  match.call_ids = &wanted;
  pipeline::MatchConsumer consumer(
      match, [&](const pipeline::Message& message, const auto&, const auto&, bool) {
        const uint32_t call = *index.find(message.facts.call_hash, message.facts.call_hash);
        if (message.record.frames.empty()) frames.push_back({message.record.frame, call});
        for (const uint64_t frame : message.record.frames) frames.push_back({frame, call});
        return true;
      });
  SL_TRY(input.run(consumer));
  std::sort(frames.begin(), frames.end());
  frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
  return frames;
}

}  // namespace siploom::cli
