#include "weave/call_weaver.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/hash.h"
#include "base/text.h"
#include "wire/sip/address.h"
#include "wire/sip/params.h"

namespace siploom::weave {

using model::Call;
using model::CallKind;
using sip::Method;

// Texts of one call, freed with it: a list of blocks, usually one or two.
struct CallWeaver::Tracker::Chunk {
  Chunk* next;
  uint32_t size;
  uint32_t used;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};

namespace {

// What a finished call of a few messages needs beside its own texts; refined by charge() as vectors
// grow.
constexpr size_t kTextBlockBytes = 224;
constexpr size_t kMaxInternedBytes = 8u << 20;
constexpr size_t kCacheLine = 64;
constexpr int32_t kCopyWithinMs = 400;
// Beyond timer C (RFC 3261 16.6 step 11) nobody waits for an answer; beyond the longest session
// timer in use (RFC 4028) a call without a sign of life is not coming back.
constexpr Nanoseconds kForgetUnanswered = 300 * kSecond;
constexpr Nanoseconds kForgetAnswered = 4 * 3600 * kSecond;
constexpr Nanoseconds kSoonerBy = 16;  // what a call that is over may be late, of forget_after

CallKind kind_of(Method method) {
  switch (method) {
    case Method::Invite:
    case Method::Ack:
    case Method::Bye:
    case Method::Cancel:
    case Method::Prack:
    case Method::Update:
    case Method::Info:
      return CallKind::Call;
    case Method::Register:
      return CallKind::Registration;
    case Method::Subscribe:
    case Method::Notify:
      return CallKind::Subscription;
    case Method::Message:
      return CallKind::Message;
    case Method::Options:
      return CallKind::Options;
    case Method::Publish:
      return CallKind::Publish;
    default:
      return CallKind::Other;
  }
}

// The method whose final response decides what became of this kind.
bool is_primary(const Call& call, const SipFacts& facts) {
  switch (call.kind) {
    case CallKind::Call:
      return facts.method_id == Method::Invite;
    case CallKind::Registration:
      return facts.method_id == Method::Register;
    case CallKind::Subscription:
      return facts.method_id == Method::Subscribe;
    default:
      return facts.method == call.method;
  }
}

void keep_earliest(Timestamp& slot, Timestamp t) {
  if (!is_known(slot) || t < slot) slot = t;
}
void keep_latest(Timestamp& slot, Timestamp t) {
  if (!is_known(slot) || t > slot) slot = t;
}

uint64_t hash_endpoints(const model::Record& record) {
  const auto word = [](const Endpoint& e) {
    return mix(load_le64(&e.address.octets[0]) + e.port, load_le64(&e.address.octets[8]));
  };
  return mix(word(record.src), word(record.dst) + 1);
}

// Never 0, which stands for what is captured here.
uint32_t agent_of(const model::Record& record) {
  if (record.agent == nullptr) return 0;
  return static_cast<uint32_t>(mix(hash_text(record.agent->node), record.agent->agent_id)) | 1;
}

}  // namespace

CallWeaver::CallWeaver(const WeaveOptions& options)
    : options_(options), session_(std::make_unique<sdp::Session>()) {}

CallWeaver::~CallWeaver() {
  on_done_ = nullptr;
  for (uint32_t i = 0; i < trackers_.size(); ++i) {
    if (trackers_[i].in_use) drop(i);
  }
}

void CallWeaver::charge(Tracker& t, size_t bytes) {
  t.bytes += static_cast<uint32_t>(bytes);
  memory_bytes_ += bytes;
}

std::string_view CallWeaver::keep(Tracker& t, std::string_view text) {
  if (text.empty()) return {};
  Tracker::Chunk* chunk = t.texts;
  if (chunk == nullptr || chunk->size - chunk->used < text.size()) {
    const size_t size = std::max(kTextBlockBytes, text.size());
    chunk = static_cast<Tracker::Chunk*>(std::malloc(sizeof(Tracker::Chunk) + size));
    SL_CHECK(chunk != nullptr);
    *chunk = {t.texts, static_cast<uint32_t>(size), 0};
    t.texts = chunk;
    charge(t, sizeof(Tracker::Chunk) + size + 16);
  }
  char* to = chunk->bytes() + chunk->used;
  std::memcpy(to, text.data(), text.size());
  chunk->used += static_cast<uint32_t>(text.size());
  return {to, text.size()};
}

std::string_view CallWeaver::intern(Tracker& t, std::string_view text) {
  // Values that repeat over calls; a sender that invents a new one each time fills the table and is
  // then kept by call.
  if (text.size() > 256 || interner_.memory_bytes() > kMaxInternedBytes) return keep(t, text);
  return interner_.text(interner_.intern(text));
}

uint32_t CallWeaver::new_tracker() {
  uint32_t index;
  if (free_.empty()) {
    index = static_cast<uint32_t>(trackers_.size());
    trackers_.add();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Tracker& t = trackers_[index];
  ++t.generation;
  t.in_use = true;
  charge(t, sizeof(Tracker) + sizeof(model::Leg) + 64);
  ++counters_.calls;
  return index;
}

void CallWeaver::file_under_call_id(uint32_t index, uint64_t call_hash, Timestamp since) {
  const Tracker& t = trackers_[index];
  *by_call_id_.insert(call_hash, model::call_id(t.call)).first = index;
  const auto stale = [this](const std::pair<uint32_t, uint32_t>& entry) {
    return !trackers_[entry.first].in_use || trackers_[entry.first].generation != entry.second;
  };
  while (!begun_.empty() && stale(begun_.front())) begun_.pop_front();
  begun_.emplace_back(index, t.generation);
  if (options_.forget_after == 0) return;
  if (is_known(clock_)) since = clock_;
  due_.push_back({since + options_.forget_after, index, t.generation});
}

uint32_t CallWeaver::tracker_for(const model::Record& record, const SipFacts& facts, bool& fresh) {
  if (const uint32_t* known = by_call_id_.find(facts.call_hash, facts.call_id)) {
    fresh = false;
    return *known;
  }
  fresh = true;
  const uint32_t index = new_tracker();
  begin(trackers_[index], record, facts);
  file_under_call_id(index, facts.call_hash, record.time);
  return index;
}

void CallWeaver::begin(Tracker& t, const model::Record& record, const SipFacts& facts) {
  Call& call = t.call;
  call.legs.resize(1);
  call.legs[0].call_id = keep(t, facts.call_id);
  call.kind = kind_of(facts.method_id);
  call.first_frame = record.frame;
  call.start = record.time;
  call.begins_before = !facts.is_request() || !facts.to_tag.empty();
  set_origin(t, record, facts);
}

// Takes parties and addresses from the message that begins the call, turned round if that is a
// response.
void CallWeaver::set_origin(Tracker& t, const model::Record& record, const SipFacts& facts) {
  Call& call = t.call;
  const auto party = [&](std::string_view value) {
    model::Party out;
    if (const auto address = sip::parse_address(value)) {
      out.display = keep(t, address->display);
      out.user = keep(t, address->uri.user);
      out.host = intern(t, address->uri.host);
    }
    return out;
  };
  call.from = party(facts.from);
  call.to = party(facts.to);
  call.legs[0].from_tag = keep(t, facts.from_tag);
  call.method = intern(t, facts.method);
  call.request_uri = keep(t, facts.request_uri);
  call.transport = record.transport;
  call.src = facts.is_request() ? record.src : record.dst;
  call.dst = facts.is_request() ? record.dst : record.src;
}

// What two agents tell within less than T1 by their own clocks was sent once (RFC 3261 17.1.1.1),
// however late one of them tells it.
CallWeaver::Novelty CallWeaver::novelty_of(Tracker& t, const Seen& message) {
  Novelty novelty = Novelty::New;
  for (const Seen& seen : t.seen) {
    if (seen.identity != message.identity) continue;
    const auto apart = static_cast<int32_t>(message.at_ms - seen.at_ms);
    if (seen.agent != message.agent && std::abs(apart) < kCopyWithinMs) return Novelty::Copy;
    novelty = Novelty::Again;
  }
  return novelty;
}

void CallWeaver::remember(Tracker& t, const Seen& message) {
  if (t.seen.size() < kMaxSeen) {
    if (t.seen.capacity() == 0) {
      t.seen.reserve(8);
      charge(t, 8 * sizeof(Seen) + 16);
    } else if (t.seen.size() == t.seen.capacity()) {
      charge(t, t.seen.capacity() * sizeof(Seen));
    }
    t.seen.push_back(message);
  } else {
    t.seen[t.seen_at++ % kMaxSeen] = message;
  }
}

void CallWeaver::prefetch_call(const SipFacts& facts) const {
  const auto* slot = by_call_id_.peek(facts.call_hash);
  if (slot == nullptr) return;
  const Tracker& t = trackers_[slot->value];
  const char* begin = reinterpret_cast<const char*>(&t);
  for (size_t i = 0; i < sizeof(Tracker); i += kCacheLine) __builtin_prefetch(begin + i);
  // The Call-IDs that are compared: ours and the message's, each on a line of its own or two.
  __builtin_prefetch(slot->key.data());
  __builtin_prefetch(slot->key.data() + slot->key.size());
  __builtin_prefetch(facts.call_id.data());
  __builtin_prefetch(facts.call_id.data() + facts.call_id.size());
}

CallWeaver::Outcome CallWeaver::add(const model::Record& record, const SipFacts& facts) {
  ++counters_.messages;
  if (!is_known(now_) || record.time > now_) now_ = record.time;
  if (facts.call_id.empty()) {
    ++counters_.without_call_id;
    return {};
  }
  bool fresh = false;
  const uint32_t index = tracker_for(record, facts, fresh);
  Tracker& t = trackers_[index];
  Call& call = t.call;
  const Seen seen = {mix(facts.identity, hash_endpoints(record)),
                     static_cast<uint32_t>(record.time.ns / kMillisecond), agent_of(record)};
  const Novelty novelty = novelty_of(t, seen);
  if (novelty == Novelty::Copy) {
    --counters_.messages;
    ++call.copies;
    if (record.agent != nullptr) note_agent(t, record);
    return {&call, false, true, false};
  }
  if (novelty == Novelty::New || seen.agent != 0) remember(t, seen);
  ++call.messages;
  call.last_frame = std::max(call.last_frame, record.frame);
  t.touched = clock_;
  if (record.agent != nullptr) note_agent(t, record);
  call.any_matches |= facts.any_bits;
  if (facts.malformed) ++call.malformed;
  keep_earliest(call.start, record.time);
  keep_latest(call.last, record.time);
  Outcome outcome{&call, novelty == Novelty::Again, false, fresh};
  if (outcome.retransmission) {
    ++call.retransmissions;
    ++counters_.retransmissions;
    return outcome;
  }
  if (facts.is_request()) {
    on_request(t, record, facts);
  } else {
    on_response(t, record, facts);
  }
  if (!facts.user_agent.empty()) note_user_agent(t, facts.user_agent);
  if (!facts.sdp.empty()) note_sdp(t, record, facts);
  if (options_.forget_after == 0 && !t.in_ended && is_over(t)) {
    t.in_ended = true;
    ended_.emplace_back(index, t.generation);
  }
  if (memory_bytes_ > options_.budget_bytes) enforce_budget();
  return outcome;
}

void CallWeaver::add_copy(const SipFacts& facts) {
  if (const uint32_t* known = by_call_id_.find(facts.call_hash, facts.call_id)) {
    ++trackers_[*known].call.copies;
  }
}

// RFC 3261 8.1.3.5 and 22.2 let the retry after a refusal keep its Call-ID; some agents give it
// another From tag than the RFC says. It is the same attempt's second half nevertheless. What the
// other side sends within a dialog has a To tag.
void CallWeaver::follow_new_tag(Tracker& t, const SipFacts& facts) {
  Call& call = t.call;
  if (facts.from_tag == call.legs[0].from_tag || !facts.to_tag.empty()) return;
  if (!is_primary(call, facts) || !t.has_primary || facts.cseq <= t.primary_cseq) return;
  const bool refused = t.has_final && call.status >= 300;
  if (call.kind == CallKind::Call && !refused) return;
  if (t.new_tags >= kMaxNewTags) return;
  ++t.new_tags;
  call.legs[0].from_tag = keep(t, facts.from_tag);
}

void CallWeaver::on_request(Tracker& t, const model::Record& record, const SipFacts& facts) {
  Call& call = t.call;
  if (facts.method_id == Method::Invite && call.kind != CallKind::Call) {
    call.kind = CallKind::Call;  // an OPTIONS or SUBSCRIBE that came first under the same Call-ID
    t.has_primary = t.has_final = false;
    call.status = 0;
  }
  follow_new_tag(t, facts);
  const bool from_caller = facts.from_tag == call.legs[0].from_tag;
  if (is_primary(call, facts) && (facts.to_tag.empty() || call.kind != CallKind::Call)) {
    const bool first_attempt = !t.primary_seen;
    if (call.begins_before && facts.to_tag.empty() && first_attempt) {
      call.begins_before = false;  // its response overtook it in the capture
      set_origin(t, record, facts);
    }
    t.primary_seen = true;
    keep_earliest(call.invite, record.time);
    // A higher CSeq is a new attempt (RFC 3261 22.2: with credentials) and opens the question
    // again.
    const bool newer = !t.has_primary || facts.cseq > t.primary_cseq;
    if (newer && from_caller && !is_known(call.answer)) {
      t.has_primary = true;
      t.primary_cseq = facts.cseq;
      t.has_final = t.final_at_origin = false;
      t.credentials = facts.has_credentials;
      call.final_response = call.end = kNoTime;
      call.status = 0;
      call.reason = {};
    }
  }
  switch (facts.method_id) {
    case Method::Bye:
      if (!is_known(call.bye) || record.time < call.bye) {
        call.bye = call.end = record.time;
        call.hangup_by = from_caller ? model::HangupBy::Caller : model::HangupBy::Callee;
      }
      note_cause(t, facts.reason_header);
      break;
    case Method::Cancel:
      // A forking proxy cancels its losing branches too; only the caller's own hop speaks for the
      // call.
      if (record.src == call.src || !t.primary_seen) {
        keep_earliest(call.cancel, record.time);
        note_cause(t, facts.reason_header);
      }
      break;
    case Method::Ack:
      if (is_known(call.answer)) keep_earliest(call.confirmed, record.time);
      break;
    case Method::Notify:
      t.subscription_over = t.subscription_over || facts.ends_subscription;
      break;
    default:
      break;
  }
}

void CallWeaver::on_response(Tracker& t, const model::Record& record, const SipFacts& facts) {
  Call& call = t.call;
  if (!is_primary(call, facts) || facts.from_tag != call.legs[0].from_tag) return;
  if (!t.has_primary) {
    t.has_primary = true;
    t.primary_cseq = facts.cseq;
  }
  if (call.kind == CallKind::Call && facts.cseq != t.primary_cseq) return;  // a re-INVITE's
  if (call.kind != CallKind::Call && facts.cseq < t.primary_cseq) return;
  on_primary_response(t, record, facts);
}

void CallWeaver::on_primary_response(Tracker& t, const model::Record& record,
                                     const SipFacts& facts) {
  Call& call = t.call;
  if (!facts.to_tag.empty() && call.kind == CallKind::Call) note_fork(t, record, facts);
  if (facts.status == 100) {
    keep_earliest(call.trying, record.time);
  } else if (facts.status < 200) {
    if (facts.status == 180 || facts.status == 183) keep_earliest(call.ringing, record.time);
    keep_earliest(call.progress, record.time);
  }
  if (facts.status >= 200) {
    take_final(t, record, facts);
    return;
  }
  if (!t.has_final && facts.status >= call.status) {
    call.status = facts.status;
    call.reason = intern(t, facts.reason);
  }
}

// Several hops and branches may each have a final response: a 2xx wins; otherwise what reached the
// caller's own hop.
void CallWeaver::take_final(Tracker& t, const model::Record& record, const SipFacts& facts) {
  Call& call = t.call;
  const bool success = facts.status < 300;
  const bool at_origin = record.dst.address == call.src.address;
  const bool was_success = t.has_final && call.status < 300;
  if (success && call.kind == CallKind::Call) {
    keep_earliest(call.answer, record.time);
    keep_earliest(call.progress, record.time);
  }
  const bool better = !t.has_final || (success && !was_success) ||
                      (success == was_success && at_origin && !t.final_at_origin);
  if (!better) return;
  t.has_final = true;
  t.final_at_origin = at_origin;
  call.status = facts.status;
  call.reason = intern(t, facts.reason);
  call.final_response = record.time;
  if (facts.expires_s != 0) call.expires_s = facts.expires_s;
  if (!success) note_cause(t, facts.reason_header);
  if (!success || call.kind != CallKind::Call) call.end = record.time;
  if (success && call.kind == CallKind::Call) call.end = call.bye;
}

void CallWeaver::note_fork(Tracker& t, const model::Record& record, const SipFacts& facts) {
  auto& forks = t.call.legs[0].forks;
  for (model::Fork& fork : forks) {
    if (fork.to_tag != facts.to_tag) continue;
    if (facts.status > fork.status) fork.status = facts.status;
    return;
  }
  if (forks.size() >= kMaxForks) return;
  forks.push_back({keep(t, facts.to_tag), record.src, facts.status});
  charge(t, sizeof(model::Fork) + 8);
}

// Agents give an id to one message of a call and not to the others: it is the call's.
void CallWeaver::note_agent(Tracker& t, const model::Record& record) {
  Call& call = t.call;
  const auto knows = [](const std::vector<std::string_view>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
  };
  const std::string_view node = record.agent->node;
  if (call.nodes.size() < kMaxNodes && !node.empty() && !knows(call.nodes, node)) {
    call.nodes.push_back(intern(t, node));
    charge(t, sizeof(std::string_view) + 8);
  }
  const std::string_view id = record.correlation_id;
  if (id.empty() || id == model::call_id(call)) return;
  if (call.correlation_ids.size() < kMaxCorrelationIds && !knows(call.correlation_ids, id)) {
    call.correlation_ids.push_back(keep(t, id));
    charge(t, sizeof(std::string_view) + 8);
  }
}

void CallWeaver::note_user_agent(Tracker& t, std::string_view agent) {
  auto& agents = t.call.user_agents;
  for (const std::string_view known : agents) {
    if (known == agent) return;
  }
  if (agents.size() >= kMaxUserAgents) return;
  agents.push_back(intern(t, agent));
  charge(t, sizeof(std::string_view) + 8);
}

void CallWeaver::note_cause(Tracker& t, std::string_view reason_header) {
  if (reason_header.empty() || t.call.cause != 0) return;
  const std::string_view first = sip::take_list_item(reason_header);
  const auto cause = parse_number<uint16_t>(quick_parameter(first, "cause"));
  if (!cause) return;
  t.call.cause = *cause;
  t.call.cause_protocol = intern(t, trim(first.substr(0, first.find(';'))));
  t.call.cause_text = intern(t, quick_parameter(first, "text"));
}

bool CallWeaver::is_over(const Tracker& t) {
  return t.call.kind == CallKind::Call ? is_known(t.call.end) : t.has_final;
}

Timestamp CallWeaver::forget_time(const Tracker& t) const {
  const Timestamp last = options_.by_arrival && is_known(t.touched) ? t.touched : t.call.last;
  if (is_over(t)) return last + options_.forget_after;
  return last + (is_known(t.call.answer) ? kForgetAnswered : kForgetUnanswered);
}

bool CallWeaver::advance(Timestamp now, size_t most) {
  set_clock(now);
  forget_due(due_, most);
  forget_due(due_soon_, most);
  return most == 0;
}

// Each list holds one delay, so that the first entry is due first.
void CallWeaver::forget_due(std::deque<Due>& list, size_t& most) {
  while (most > 0 && !list.empty() && list.front().at <= clock_) {
    Due due = list.front();
    list.pop_front();
    Tracker& t = trackers_[due.tracker];
    if (!t.in_use || t.generation != due.generation) continue;
    if (forget_time(t) <= clock_) {
      if (clock_ > now_ && !options_.by_arrival) now_ = clock_;
      drop(due.tracker);
      --most;
      continue;
    }
    // Live, somebody waits for the row of a call that is over.
    const bool soon = options_.by_arrival && is_over(t);
    due.at = clock_ + (soon ? options_.forget_after / kSoonerBy : options_.forget_after);
    (soon ? due_soon_ : due_).push_back(due);
  }
}

// Oldest finished calls go first, then whatever began first.
void CallWeaver::enforce_budget() {
  const size_t target = options_.budget_bytes - options_.budget_bytes / 16;
  while (memory_bytes_ > target && (!ended_.empty() || !begun_.empty())) {
    auto& queue = ended_.empty() ? begun_ : ended_;
    const auto [index, generation] = queue.front();
    queue.pop_front();
    Tracker& t = trackers_[index];
    if (!t.in_use || t.generation != generation) continue;
    if (&queue == &ended_ && !is_over(t)) {
      t.in_ended = false;  // it was taken up again, such as with credentials
      continue;
    }
    ++counters_.evicted;
    drop(index);
  }
}

void CallWeaver::drop(uint32_t index) {
  Tracker& t = trackers_[index];
  if (on_done_ && !t.told) {
    settle_one(t);
    on_done_(t.call);
  }
  const std::string_view id = model::call_id(t.call);
  by_call_id_.erase(hash_text(id), id);
  memory_bytes_ -= t.bytes;
  for (Tracker::Chunk* chunk = t.texts; chunk != nullptr;) {
    Tracker::Chunk* next = chunk->next;
    std::free(chunk);
    chunk = next;
  }
  recycle(t);
  free_.push_back(index);
}

// As new, but for the memory of its lists, which the next call will fill again.
void CallWeaver::recycle(Tracker& t) {
  const auto emptied = [](auto& list) {
    auto kept = std::move(list);
    kept.clear();
    return kept;
  };
  Tracker fresh;
  fresh.generation = t.generation;
  fresh.seen = emptied(t.seen);
  fresh.call.legs = emptied(t.call.legs);
  fresh.call.user_agents = emptied(t.call.user_agents);
  fresh.call.offered = emptied(t.call.offered);
  fresh.call.codecs = emptied(t.call.codecs);
  fresh.call.media = emptied(t.call.media);
  fresh.call.nodes = emptied(t.call.nodes);
  fresh.call.correlation_ids = emptied(t.call.correlation_ids);
  t = std::move(fresh);
}

// The time that it is where the call's messages were stamped.
Timestamp CallWeaver::now_for(const Tracker& t) const {
  if (!options_.by_arrival || !is_known(t.touched) || !is_known(clock_)) return now_;
  return t.call.last + (clock_ - t.touched);
}

void CallWeaver::settle_one(Tracker& t) const {
  const StateFacts facts{t.has_final, t.primary_seen, t.credentials, t.subscription_over};
  t.call.state = state_of(t.call, facts, now_for(t));
  const bool given_up = t.call.state == model::CallState::Cancelled;
  if (given_up && t.call.hangup_by == model::HangupBy::Nobody) {
    t.call.hangup_by = model::HangupBy::Caller;
  }
}

void CallWeaver::tell_over(Timestamp quiet_since, const OnDone& tell) {
  for (size_t i = 0; i < trackers_.size(); ++i) {
    Tracker& t = trackers_[i];
    if (!t.in_use || t.told || t.call.last > quiet_since || !is_over(t)) continue;
    settle_one(t);
    t.told = true;
    tell(t.call);
  }
}

void CallWeaver::settle(Timestamp now) {
  if (!is_known(now_) || now > now_) now_ = now;
  for (size_t i = 0; i < trackers_.size(); ++i) {
    Tracker& t = trackers_[i];
    if (t.in_use) settle_one(t);
  }
}

void CallWeaver::flush(Timestamp now, size_t begin, size_t end) {
  if (!is_known(now_) || now > now_) now_ = now;
  for (size_t i = begin; i < std::min(end, trackers_.size()); ++i) {
    if (trackers_[i].in_use) drop(static_cast<uint32_t>(i));
  }
}

void CallWeaver::look(size_t begin, size_t end, const OnDone& tell) {
  for (size_t i = begin; i < std::min(end, trackers_.size()); ++i) {
    Tracker& t = trackers_[i];
    if (!t.in_use || t.told) continue;
    settle_one(t);
    tell(t.call);
  }
}

void CallWeaver::discard(std::string_view call_id, uint64_t last_frame) {
  const uint32_t* known = by_call_id_.find(hash_text(call_id), call_id);
  if (known == nullptr) return;
  const uint32_t index = *known;
  if (trackers_[index].call.last_frame > last_frame) return;
  trackers_[index].told = true;
  drop(index);
}

void CallWeaver::look_at_progress(size_t begin, size_t end,
                                  const std::function<void(const Call&, const Progress&)>& tell) {
  for (size_t i = begin; i < std::min(end, trackers_.size()); ++i) {
    Tracker& t = trackers_[i];
    if (!t.in_use || t.told) continue;
    settle_one(t);
    const bool timed = is_known(t.touched) && is_known(clock_);
    tell(t.call, {t.primary_cseq, timed ? clock_ - t.touched : 0, t.has_primary, t.has_final,
                  t.final_at_origin, t.credentials, t.primary_seen, t.offer_from_caller,
                  t.subscription_over});
  }
}

bool CallWeaver::take_up(const Call& call, const Progress& progress) {
  const std::string_view id = model::call_id(call);
  const uint64_t hash = hash_text(id);
  if (id.empty() || by_call_id_.find(hash, id) != nullptr) return false;
  const uint32_t index = new_tracker();
  Tracker& t = trackers_[index];
  t.call = call;
  Call& own = t.call;
  for (model::Leg& leg : own.legs) {
    leg.call_id = keep(t, leg.call_id);
    leg.from_tag = keep(t, leg.from_tag);
    for (model::Fork& fork : leg.forks) fork.to_tag = keep(t, fork.to_tag);
  }
  for (model::Party* party : {&own.from, &own.to}) {
    party->display = keep(t, party->display);
    party->user = keep(t, party->user);
    party->host = intern(t, party->host);
  }
  own.request_uri = keep(t, own.request_uri);
  for (std::string_view* text : {&own.cause_protocol, &own.cause_text, &own.method, &own.reason}) {
    *text = intern(t, *text);
  }
  for (auto* list : {&own.user_agents, &own.offered, &own.codecs, &own.nodes}) {
    for (std::string_view& text : *list) text = intern(t, text);
    charge(t, list->size() * sizeof(std::string_view));
  }
  for (std::string_view& text : own.correlation_ids) text = keep(t, text);
  charge(t, own.media.size() * sizeof(model::MediaEndpoint));
  t.primary_cseq = progress.primary_cseq;
  t.has_primary = progress.has_primary;
  t.has_final = progress.has_final;
  t.final_at_origin = progress.final_at_origin;
  t.credentials = progress.credentials;
  t.primary_seen = progress.primary_seen;
  t.offer_from_caller = progress.offer_from_caller;
  t.subscription_over = progress.subscription_over;
  t.touched = clock_ + -progress.silent;
  file_under_call_id(index, hash, call.last);
  return true;
}

}  // namespace siploom::weave
