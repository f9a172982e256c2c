// Tails: who watches what comes in, with a filter of theirs. Told in order, on the thread that
// stores: a taker has to be quick and must not call back.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "model/call.h"
#include "pipeline/chunk.h"
#include "query/filter.h"
#include "wire/sip/message.h"

namespace siploom::pipeline {

struct Tail {
  std::vector<query::Filter> filters;  // message scope (events: only the empty one), or call scope
  // Asked of records as who may not read secrets sees them.
  std::vector<query::Filter> masked;
  bool events = false;  // records other than SIP, too
  // One of these is set.
  std::function<void(const Message&, const sip::MessageView&)> on_message;
  std::function<void(const Event&)> on_event;
  std::function<void(const model::Call&)> on_call;  // once it is over

  bool takes(const query::Subject& subject) const { return takes(subject, subject); }
  bool takes(const query::Subject& subject, const query::Subject& masked_subject) const;
};

class Tails final {
 public:
  static constexpr size_t kMost = 64;
  using List = std::vector<std::shared_ptr<const Tail>>;

  // Watches as long as the handle lives; null: too many watch already.
  std::shared_ptr<void> add(Tail tail);
  std::shared_ptr<const List> list() const;
  bool is_empty() const { return count_.load(std::memory_order_relaxed) == 0; }

 private:
  void remove(const Tail* tail);
  mutable std::mutex mutex_;
  std::shared_ptr<const List> list_ = std::make_shared<List>();
  std::atomic<size_t> count_{0};
};

}  // namespace siploom::pipeline
