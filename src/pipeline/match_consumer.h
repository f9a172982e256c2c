// MatchConsumer: messages that a filter matches, in order, each once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/hash_set.h"
#include "pipeline/consumer.h"
#include "pipeline/copy_filter.h"
#include "query/filter.h"
#include "wire/sip/message.h"

namespace siploom::pipeline {

struct MatchOptions {
  const query::Filter* filter = nullptr;  // message scope; null: all
  bool invert = false;
  // Whole dialogs: once a message matches, the rest of its Call-ID is given too (hashes of
  // base/hash.h).
  bool dialogs = false;
  const HashSet* call_ids = nullptr;  // only messages of these Call-IDs; null: all
  size_t context_after = 0;           // further messages given after each match
};

class MatchConsumer final : public Consumer {
 public:
  // `matched`: by itself, not as context or as part of a dialog.
  using OnMessage =
      std::function<bool(const Message&, const sip::MessageView&, const Chunk&, bool matched)>;

  // `on_message` is called in order; when it returns false, nothing more is read.
  MatchConsumer(const MatchOptions& options, OnMessage on_message);

  Wants wants() const override;
  size_t shard_count() const override { return 1; }
  void prepare(Chunk& chunk) override;
  void consume(size_t shard, Chunk& chunk) override;
  bool is_satisfied() const override { return satisfied_.load(std::memory_order_relaxed); }
  uint64_t matches() const { return matches_; }
  uint64_t copies() const { return copies_seen_; }
  // Called after each chunk: a good moment to flush output.
  std::function<void()> on_chunk;
  // Called before the messages of a chunk are given.
  std::function<void(const Chunk&)> before_chunk;

 private:
  bool wants_facts() const { return options_.dialogs || options_.call_ids != nullptr; }
  bool may_be_given(bool matched) const {
    return matched || context_left_ != 0 || options_.dialogs || options_.call_ids != nullptr;
  }
  bool is_given(const Message& message, bool matched);

  MatchOptions options_;
  OnMessage on_message_;
  std::unique_ptr<Finder> literal_;
  CopyFilter copy_filter_;
  HashSet dialogs_;
  sip::MessageView view_;
  size_t context_left_ = 0;
  uint64_t matches_ = 0, copies_seen_ = 0;
  std::atomic<bool> satisfied_{false};
};

}  // namespace siploom::pipeline
