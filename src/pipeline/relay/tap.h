// Tap: a consumer's chunks, relayed before it consumes them.
#pragma once

#include <string>

#include "pipeline/consumer.h"
#include "pipeline/relay/relay.h"

namespace siploom::pipeline::relay {

class Tap final : public Consumer {
 public:
  Tap(Consumer& behind, Relay& relay, std::string node)
      : behind_(behind), relay_(relay), node_(std::move(node)) {}

  Wants wants() const override { return behind_.wants(); }
  size_t shard_count() const override { return behind_.shard_count(); }
  void prepare(Chunk& chunk) override { behind_.prepare(chunk); }
  void consume(size_t shard, Chunk& chunk) override {
    if (shard == 0) relay_.take(chunk, node_);
    behind_.consume(shard, chunk);
  }
  bool is_satisfied() const override { return behind_.is_satisfied(); }

 private:
  Consumer& behind_;
  Relay& relay_;
  std::string node_;
};

}  // namespace siploom::pipeline::relay
