// Consumer: what a command does with the messages and RTP packets that the engine finds.
#pragma once

#include <cstddef>

#include "base/find.h"
#include "pipeline/chunk.h"

namespace siploom::pipeline {

class Consumer {
 public:
  virtual ~Consumer() = default;

  struct Wants {
    bool facts = true;                // Message::facts filled
    bool rtp = false;                 // RTP packets sorted into Chunk::rtp
    const Finder* literal = nullptr;  // messages without this text are not wanted
    bool records = false;             // Chunk::events, too, and what was not taken by source
  };
  virtual Wants wants() const = 0;
  // How many shards consume() is called for; Message::shard and Chunk::rtp go by it. Fixed for the
  // run.
  virtual size_t shard_count() const = 0;
  // Called once a chunk, on any thread, several chunks at a time: work that needs no state.
  virtual void prepare(Chunk& chunk) { static_cast<void>(chunk); }
  // Called once a chunk and shard, chunks in order; the same shard is never in two calls at once.
  virtual void consume(size_t shard, Chunk& chunk) = 0;
  // Enough was seen: the engine reads no further.
  virtual bool is_satisfied() const { return false; }
};

}  // namespace siploom::pipeline
