// CallWeaver: SIP messages to calls: transactions (RFC 3261 17, 8.1.1.7; RFC 2543 too), dialogs,
// forks and legs of one Call-ID each. One thread (a shard). Messages come in about the order of
// time; facts that are times are kept as the earliest seen, so that small disorder does no harm.
// Memory is held to a byte budget.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/flat_map.h"
#include "base/huge_pages.h"
#include "base/interner.h"
#include "model/call.h"
#include "model/record.h"
#include "weave/sip_facts.h"
#include "wire/sdp/sdp.h"

namespace siploom::weave {

struct WeaveOptions {
  size_t budget_bytes = size_t{1} << 30;
  // Finished calls are handed to on_done and forgotten this long after their last message, others
  // when nothing can be expected of them any more; 0: all are kept until the end.
  Nanoseconds forget_after = 0;
  // What is forgotten goes by when messages came in (advance()), not by the times in them: agents'
  // clocks may lie.
  bool by_arrival = false;
};

struct WeaveCounters {
  uint64_t messages = 0, retransmissions = 0, without_call_id = 0, calls = 0, evicted = 0;
};

class CallWeaver final {
 public:
  using OnDone = std::function<void(const model::Call&)>;

  explicit CallWeaver(const WeaveOptions& options);
  ~CallWeaver();

  // Let the processor fetch what add() will touch: first the slot, some messages later the call.
  void prefetch_slot(const SipFacts& facts) const { by_call_id_.prefetch(facts.call_hash); }
  void prefetch_call(const SipFacts& facts) const;

  // What the message was to its call.
  struct Outcome {
    const model::Call* call = nullptr;  // null: it has no Call-ID
    bool retransmission = false;
    bool copy = false;  // another agent told of it, too; counted as add_copy() does
    bool begins_call = false;
  };
  Outcome add(const model::Record& record, const SipFacts& facts);
  // A copy of a message seen before (another tap): counted, nothing else.
  void add_copy(const SipFacts& facts);
  // The capture has come to `now`: forgets what forget_after says. Told apart from the times of the
  // messages added, so that what is forgotten does not depend on how calls are spread over shards.
  // At most `most` calls at a time; true: there are more.
  bool advance(Timestamp now, size_t most = SIZE_MAX);
  // The same without forgetting, for messages that came in before now.
  void set_clock(Timestamp now) {
    if (!is_known(clock_) || now > clock_) clock_ = now;
  }

  // Called with each call that is forgotten or evicted and was not told before (tell_over), its
  // state made final.
  void set_on_done(OnDone on_done) { on_done_ = std::move(on_done); }
  // Calls `tell` with each call that is over and has been silent since `quiet_since`, once.
  void tell_over(Timestamp quiet_since, const OnDone& tell);
  // Makes every call's state final as of `now` (the capture's last time).
  void settle(Timestamp now);
  // The same, handing every call to on_done and forgetting it.
  void flush(Timestamp now) { flush(now, 0, slot_count()); }
  void flush(Timestamp now, size_t begin, size_t end);  // calls in these slots
  // For whoever looks on while calls go on, a few at a time: calls in slots begin..end as of now.
  size_t slot_count() const { return trackers_.size(); }
  void look(size_t begin, size_t end, const OnDone& tell);
  // Forgets a call without telling, unless it has messages beyond `last_frame`.
  void discard(std::string_view call_id, uint64_t last_frame);
  // A call with what the next messages will be judged by, to be taken up by another weaver.
  struct Progress {
    uint32_t primary_cseq = 0;
    Nanoseconds silent = 0;  // since its last message, by the clock
    bool has_primary = false, has_final = false, final_at_origin = false, credentials = false,
         primary_seen = false, offer_from_caller = true, subscription_over = false;
  };
  void look_at_progress(size_t begin, size_t end,
                        const std::function<void(const model::Call&, const Progress&)>& tell);
  // False: its Call-ID is known already.
  bool take_up(const model::Call& call, const Progress& progress);
  // Calls in the order of their first frame is up to the caller; here: in the order they were met.
  template <class Fn>
  void for_each(Fn&& fn) const {
    for (size_t i = 0; i < trackers_.size(); ++i) {
      const Tracker& tracker = trackers_[i];
      if (tracker.in_use) fn(tracker.call);
    }
  }
  const WeaveCounters& counters() const { return counters_; }
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  // A message, by its identity; when its agent saw it, and which.
  struct Seen {
    uint64_t identity;
    uint32_t at_ms;  // of its time, turning over
    uint32_t agent;  // 0: captured here
  };
  enum class Novelty : uint8_t { New, Again, Copy };
  struct Tracker {
    model::Call call;
    std::vector<Seen> seen;  // the oldest overwritten first
    struct Chunk;
    Chunk* texts = nullptr;       // bytes that the call's texts lie in, freed with it
    Timestamp touched = kNoTime;  // the clock when its last message came
    uint32_t primary_cseq = 0;    // of the transaction that decides status
    uint32_t generation = 0;
    uint32_t bytes = 0;  // counted against the budget
    uint16_t seen_at = 0;
    uint8_t new_tags = 0;
    bool in_use = false;
    bool has_primary = false;
    bool has_final = false;        // `status` is a final response
    bool final_at_origin = false;  // ... sent to the side that began the call
    bool credentials = false;      // the deciding request had them
    bool primary_seen = false;     // the request itself was captured
    bool offer_from_caller = true;
    bool subscription_over = false;
    bool in_ended = false;  // has an entry in ended_
    bool told = false;      // by tell_over()
  };
  struct Due {
    Timestamp at;
    uint32_t tracker;
    uint32_t generation;
  };

  static constexpr size_t kMaxSeen = 64;
  static constexpr size_t kMaxForks = 32;
  static constexpr uint8_t kMaxNewTags = 32;
  static constexpr size_t kMaxUserAgents = 8;
  static constexpr size_t kMaxMedia = 32;
  static constexpr size_t kMaxCodecs = 16;
  static constexpr size_t kMaxNodes = 8;
  static constexpr size_t kMaxCorrelationIds = 8;

  uint32_t tracker_for(const model::Record& record, const SipFacts& facts, bool& fresh);
  void begin(Tracker& t, const model::Record& record, const SipFacts& facts);
  void set_origin(Tracker& t, const model::Record& record, const SipFacts& facts);
  static Novelty novelty_of(Tracker& t, const Seen& message);
  void remember(Tracker& t, const Seen& message);
  void follow_new_tag(Tracker& t, const SipFacts& facts);
  void on_request(Tracker& t, const model::Record& record, const SipFacts& facts);
  void on_response(Tracker& t, const model::Record& record, const SipFacts& facts);
  void on_primary_response(Tracker& t, const model::Record& record, const SipFacts& facts);
  void take_final(Tracker& t, const model::Record& record, const SipFacts& facts);
  void note_fork(Tracker& t, const model::Record& record, const SipFacts& facts);
  void note_agent(Tracker& t, const model::Record& record);
  void note_user_agent(Tracker& t, std::string_view agent);
  void note_cause(Tracker& t, std::string_view reason_header);
  void note_sdp(Tracker& t, const model::Record& record, const SipFacts& facts);
  void note_codecs(std::vector<std::string_view>& out, Tracker& t);
  static bool is_over(const Tracker& t);
  Timestamp forget_time(const Tracker& t) const;
  void enforce_budget();
  void drop(uint32_t index);
  static void recycle(Tracker& t);
  void settle_one(Tracker& t) const;
  Timestamp now_for(const Tracker& t) const;
  uint32_t new_tracker();
  void forget_due(std::deque<Due>& list, size_t& most);
  void file_under_call_id(uint32_t index, uint64_t call_hash, Timestamp since);

  std::string_view keep(Tracker& t, std::string_view text);
  std::string_view intern(Tracker& t, std::string_view text);
  void charge(Tracker& t, size_t bytes);

  WeaveOptions options_;
  OnDone on_done_;
  StableRows<Tracker> trackers_;
  std::vector<uint32_t> free_;
  FlatMap<std::string_view, uint32_t> by_call_id_;
  std::deque<Due> due_, due_soon_;  // one entry a call in all, when there is forget_after
  std::deque<std::pair<uint32_t, uint32_t>> begun_;  // tracker, generation: in order of creation
  std::deque<std::pair<uint32_t, uint32_t>> ended_;  // ... of ending
  Interner interner_;
  std::unique_ptr<sdp::Session> session_;
  WeaveCounters counters_;
  Timestamp now_ = kNoTime;    // the latest message
  Timestamp clock_ = kNoTime;  // see advance()
  size_t memory_bytes_ = 0;
};

// State as the facts of `call` and the time `now` have it; what CallWeaver::settle() writes.
struct StateFacts {
  bool has_final = false, primary_seen = false, credentials = false, subscription_over = false;
};
model::CallState state_of(const model::Call& call, const StateFacts& facts, Timestamp now);

}  // namespace siploom::weave
