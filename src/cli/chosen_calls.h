// The calls that a command was asked for, and the frames of their messages: first reading and
// second.
#pragma once

#include <memory>
#include <vector>

#include "cli/input.h"
#include "pipeline/call_consumer.h"
#include "pipeline/call_frames.h"

namespace siploom::cli {

struct ChosenCalls {
  std::unique_ptr<pipeline::CallConsumer> consumer;  // owns the rows
  std::vector<const model::Call*> calls;             // in the order of their first frame
  std::vector<size_t> numbers;                       // of each among all calls, from 1
};

// Reads the input once and keeps the calls that match `filter` (call scope; may be null).
Result<ChosenCalls> choose_calls(Input& input, const query::Filter* filter);
// Hashes of the Call-IDs of these calls, as MatchOptions::call_ids wants them.
HashSet call_id_hashes(const std::vector<const model::Call*>& calls);
// Reads the input again and gives the frames of these calls' messages, sorted.
Result<std::vector<pipeline::CallFrame>> frames_of(Input& input,
                                                   const std::vector<const model::Call*>& calls);

}  // namespace siploom::cli
