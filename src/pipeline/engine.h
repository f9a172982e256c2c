// The engine: reads a source through the stages (decode, flows, consume) on one or more threads.
// Owns every thread. The consumer sees the same chunks in the same order however many threads there
// are.
//
//   read (one at a time) -> decode, index (any thread) -> flows (in order) -> index, prepare (any)
//   -> consume (in order, by shard)
#pragma once

#include <atomic>
#include <functional>

#include "base/result.h"
#include "capture/source.h"
#include "packet/ip_fragments.h"
#include "packet/tcp.h"
#include "pipeline/consumer.h"
#include "pipeline/decode_stage.h"

namespace siploom::pipeline {

struct EngineOptions {
  DecodeOptions decode;
  unsigned threads = 1;
  size_t chunk_bytes =
      384 * 1024;  // of frames; a chunk and what is found in it should fit the L2 cache
  const std::atomic<bool>* stop =
      nullptr;  // set by a signal: what was read so far is finished and given
  std::function<void(uint64_t bytes_read)>
      on_progress;  // called now and then, by any thread, one at a time
};

struct EngineResult {
  Counters counters;
  packet::TcpCounters tcp;
  packet::FragmentCounters fragments;
  bool stopped = false;
};

// Runs until the source ends, the consumer is satisfied or `stop` is set. An error of the source
// ends the run, too, after everything read before it has been consumed.
Result<EngineResult> run(capture::Source& source, Consumer& consumer, const EngineOptions& options);

}  // namespace siploom::pipeline
