#include "pipeline/keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/hash.h"
#include "pipeline/call_subject.h"
#include "pipeline/event_subject.h"
#include "pipeline/message_subject.h"
#include "pipeline/record_entry.h"
#include "wire/hep/hep.h"
#include "wire/sip/secrets.h"

namespace siploom::pipeline {

namespace {

constexpr auto kRetryEvery = std::chrono::milliseconds(200);
// A stream that says nothing for so long has ended: beyond hold with comfort noise (RFC 3389).
constexpr Nanoseconds kStreamQuiet = 60 * kSecond;
constexpr Nanoseconds kStreamsEvery = 10 * kSecond;
// Rows of calls that are handed to the store at once: few megabytes.
constexpr size_t kCallsAtOnce = 4096;
constexpr uint64_t kOwnNode = 0;  // among the hashes of agents

bool record_is_media(model::RecordKind kind) {
  return kind == model::RecordKind::Rtcp || kind == model::RecordKind::RtcpReport ||
         kind == model::RecordKind::RtpReport;
}

template <class Wanted>
uint64_t bits_of(const Tails::List& tails, Wanted&& wanted) {
  uint64_t bits = 0;
  for (size_t t = 0; t < tails.size(); ++t) {
    if (wanted(*tails[t])) bits |= uint64_t{1} << t;
  }
  return bits;
}

// Which tail wants which message and event: a bit each.
void ask_tails(const Chunk& chunk, const Tails::List& tails, std::vector<uint64_t>& wanted) {
  const auto view = std::make_unique<sip::MessageView>();
  const auto masked_view = std::make_unique<sip::MessageView>();
  const bool masks = std::any_of(tails.begin(), tails.end(),
                                 [](const auto& tail) { return !tail->masked.empty(); });
  std::string masked;
  const auto mask = [&](ByteSpan payload) {
    masked = as_text(payload);
    if (masks) sip::mask_secrets(masked);
    return as_bytes(masked);
  };
  for (const Message& message : chunk.messages) {
    const bool datagram = message.record.transport == Transport::Udp;
    view->parse(message.record.payload, datagram);
    const MessageSubject subject(message.record, *view);
    if (!masks) {
      wanted.push_back(
          bits_of(tails, [&](const Tail& tail) { return tail.on_message && tail.takes(subject); }));
      continue;
    }
    masked_view->parse(mask(message.record.payload), datagram);
    const MessageSubject hidden(message.record, *masked_view);
    wanted.push_back(bits_of(
        tails, [&](const Tail& tail) { return tail.on_message && tail.takes(subject, hidden); }));
  }
  for (const Event& event : chunk.events) {
    const EventSubject subject(event);
    Event copy = event;
    if (masks) copy.record.payload = mask(event.record.payload);
    const EventSubject hidden(copy);
    wanted.push_back(bits_of(
        tails, [&](const Tail& tail) { return tail.on_event && tail.takes(subject, hidden); }));
  }
}

}  // namespace

// Entries of a chunk's records, made in parallel: all but sequence and flags. Messages come first,
// then events.
struct Keeper::Prepared final : ConsumerData {
  std::string entries;
  std::vector<uint32_t> offsets;  // of each entry
  size_t kept = 0;                // octets of those that are kept, moved together at the front
  std::shared_ptr<const Tails::List> tails;
  std::vector<uint64_t> wanted;  // of each message and event: a bit a tail
};

Keeper::Keeper(store::Store& store, const KeeperOptions& options)
    : store_(store),
      options_(options),
      // A capture's calls are whole only at its end: a registration is refreshed for hours.
      weaver_({options.weave_bytes, options.live ? options.settle_after : 0, options.live}) {
  weaver_.set_on_done([this](const model::Call& call) {
    store::CallExtras extras;
    extras.received = options_.clock();
    extras.version = 1;
    const size_t begin = entries_.size();
    append_call_entry(entries_, call, extras);
    done_.push_back({++counters_.calls, call.first_frame, entries_.substr(begin)});
    call_times_.add(call);
    if (tails_.is_empty()) return;
    for (const auto& tail : *tails_.list()) {
      if (tail->on_call && tail->takes(CallSubject(call))) tail->on_call(call);
    }
  });
}

Keeper::~Keeper() = default;

void Keeper::prepare(Chunk& chunk) {
  auto* prepared = dynamic_cast<Prepared*>(chunk.data.get());
  if (prepared == nullptr) {
    chunk.data = std::make_unique<Prepared>();
    prepared = static_cast<Prepared*>(chunk.data.get());
  }
  prepared->entries.clear();
  prepared->offsets.clear();
  prepared->kept = 0;
  prepared->wanted.clear();
  prepared->tails = tails_.is_empty() ? nullptr : tails_.list();
  store::RecordFields fields;
  const auto add = [&] {
    prepared->offsets.push_back(static_cast<uint32_t>(prepared->entries.size()));
    store::append_record(prepared->entries, fields);
  };
  for (const Message& message : chunk.messages) {
    describe_message(message, fields);
    name_own(message.record, fields);
    add();
  }
  for (const Event& event : chunk.events) {
    describe_event(event, fields);
    name_own(event.record, fields);
    add();
  }
  prepared->offsets.push_back(static_cast<uint32_t>(prepared->entries.size()));
  if (prepared->tails != nullptr) ask_tails(chunk, *prepared->tails, prepared->wanted);
}

// What no agent told was captured here, now or (import) long ago.
void Keeper::name_own(const model::Record& record, store::RecordFields& fields) const {
  if (record.agent != nullptr) return;
  fields.text(store::RecordText::Node) = options_.node;
  fields.received = options_.live ? record.time : options_.clock();
}

Sighting Keeper::judge(const Message& message) {
  const model::AgentFacts* agent = message.record.agent;
  if (agent == nullptr) {
    if (copies_.is_copy(message.record.time, message.record.copy_key, message.copy_hash)) {
      return Sighting::Elsewhere;
    }
    // What is captured here tells as an agent does, but for telling twice: that was sent twice.
    const Timestamp received = options_.live ? message.record.time : options_.clock();
    const Sighting sighting =
        sightings_.judge(message.copy_hash, kOwnNode, message.record.time, received);
    return sighting == Sighting::Doubled ? Sighting::First : sighting;
  }
  return sightings_.judge(message.copy_hash, mix(hash_text(agent->node), agent->agent_id),
                          message.record.time, agent->received);
}

void Keeper::keep(Prepared& prepared, size_t entry, uint16_t flags) {
  const size_t begin = prepared.offsets[entry], end = prepared.offsets[entry + 1];
  auto& head = *reinterpret_cast<store::RecordHead*>(&prepared.entries[begin]);
  ++counters_.by_kind[head.entry.kind];
  head.sequence = sequence_++;
  head.flags = static_cast<uint16_t>(head.flags | flags);
  if (prepared.kept != begin) {
    std::memmove(&prepared.entries[prepared.kept], &prepared.entries[begin], end - begin);
  }
  prepared.kept += end - begin;
  ++counters_.records;
}

// The weaver's tables and those of sightings are larger than the caches.
void Keeper::fetch_ahead(const std::vector<Message>& messages, size_t at) const {
  constexpr size_t kAhead = 6;
  if (at + 2 * kAhead < messages.size()) {
    const Message& message = messages[at + 2 * kAhead];
    weaver_.prefetch_slot(message.facts);
    if (message.record.agent != nullptr) {
      sightings_.prefetch(message.copy_hash);
    }
  }
  if (at + kAhead < messages.size()) weaver_.prefetch_call(messages[at + kAhead].facts);
}

void Keeper::take_message(const Message& message, Prepared& prepared, size_t i) {
  const Sighting sighting = judge(message);
  const model::AgentFacts* agent = message.record.agent;
  const size_t octets = message.record.payload.size();
  if (agent != nullptr) {
    nodes_.see(*agent, message.record.time,
               {true, sighting == Sighting::Doubled, sighting == Sighting::Elsewhere, octets});
  }
  const IpAddress source = agent == nullptr ? IpAddress{} : agent->sender;
  const std::string_view node = agent == nullptr ? std::string_view(options_.node) : agent->node;
  heplify_.packet(node, agent == nullptr ? uint8_t{hep::kSip} : agent->hep_type, octets);
  if (sighting == Sighting::Doubled) {
    ++counters_.doubled;
    ledger_.count(store::Fate::Filtered, source, node, "doubled", 1, octets);
    return;
  }
  uint16_t flags = 0;
  if (sighting == Sighting::Elsewhere) {
    ++counters_.sightings;
    weaver_.add_copy(message.facts);
    flags = store::kCopy;
  } else {
    model::Record record = message.record;
    record.frame = sequence_;  // what a call is made of is told by the records' numbers
    const auto outcome = weaver_.add(record, message.facts);
    if (outcome.copy) {
      ++counters_.sightings;
      flags = store::kCopy;
    } else if (outcome.retransmission) {
      ++counters_.retransmissions;
      flags = store::kRetransmission;
    } else {
      heplify_.sip(node, message.facts);
      if (outcome.call != nullptr) note_call(message, *outcome.call, node);
    }
  }
  keep(prepared, i, flags);
  ++counters_.sip;
  ledger_.count(store::Fate::Stored, source, node, "sip", 1, octets);
}

void Keeper::note_call(const Message& message, const model::Call& call, std::string_view node) {
  if (!message.facts.sdp.empty()) media_.add(call);
  const uint16_t status = message.facts.status;
  const bool answers = (status >= 180 && status <= 183) || status == 200;
  if (call.kind == model::CallKind::Call && answers && message.record.time == call.progress &&
      model::pdd(call) != model::kNoDuration) {
    heplify_.setup_began(node, model::pdd(call));
  }
}

void Keeper::take_event(const Event& event, Prepared& prepared, size_t i) {
  const model::AgentFacts* agent = event.record.agent;
  const size_t octets = event.record.payload.size();
  const std::string_view node = agent == nullptr ? std::string_view(options_.node) : agent->node;
  heplify_.packet(node, agent == nullptr ? uint8_t{hep::kRtcpJson} : agent->hep_type, octets);
  heplify_.report(node, event);
  if (agent != nullptr) nodes_.see(*agent, event.record.time, {false, false, false, octets});
  if (!event.secret.empty()) {
    ++counters_.secrets;
    if (options_.on_secret) options_.on_secret(event);
  }
  if (event.primary_id.empty() && record_is_media(event.record.kind)) {
    tie_to_call(event);
  } else {
    keep(prepared, i, 0);
  }
  ledger_.count(store::Fate::Stored, agent == nullptr ? IpAddress{} : agent->sender, node,
                model::record_kind_name(event.record.kind), 1, octets);
}

// A report that names no call belongs to the one that had announced its endpoints.
void Keeper::tie_to_call(const Event& event) {
  store::RecordFields fields;
  describe_event(event, fields);
  name_own(event.record, fields);
  const std::string_view call_id = media_.find(event.record.src, event.record.dst);
  if (!call_id.empty()) ++counters_.tied;
  fields.text(store::RecordText::CallId) = call_id;
  fields.sequence = sequence_++;
  store::append_record(entries_, fields);
  ++counters_.records;
  ++counters_.by_kind[static_cast<size_t>(fields.kind)];
}

void Keeper::write_streams(Timestamp quiet_since) {
  streams_.take_quiet(quiet_since, [&](const media::StreamTable::Entry& entry) {
    model::Stream stream = entry.stream;
    const std::string_view call_id = media_.find(stream.src, stream.dst);
    stream.announced = !call_id.empty();
    if (!stream.announced && !entry.is_confirmed()) return;
    store::append_stream(entries_, stream, call_id, {}, options_.node, options_.clock());
    ++counters_.streams;
  });
}

void Keeper::take_streams(const Chunk& chunk, Timestamp now) {
  for (const media::RtpPacket& packet : chunk.rtp[0]) streams_.add(packet);
  if (!is_known(now) || (is_known(streams_taken_) && now - streams_taken_ < kStreamsEvery)) return;
  streams_taken_ = now;
  write_streams(now + -kStreamQuiet);
}

void Keeper::note_losses(const Chunk& chunk) {
  for (const NotTaken& each : chunk.not_taken) {
    const bool keep_alive = each.reason == static_cast<uint8_t>(Reason::KeepAlive);
    ledger_.count(keep_alive ? store::Fate::Filtered : store::Fate::Lost, each.source, {},
                  reason_name(each.reason), each.count);
  }
}

void Keeper::note_lost(const IpAddress& source, std::string_view reason, uint64_t messages) {
  const std::lock_guard lock(weaver_mutex_);
  ledger_.count(store::Fate::Lost, source, {}, reason, messages);
}

void Keeper::consume(size_t, Chunk& chunk) {
  auto& prepared = static_cast<Prepared&>(*chunk.data);
  const Timestamp now = options_.live ? options_.clock() : chunk.counters.last;
  bool more_over = false;
  {
    const std::lock_guard lock(weaver_mutex_);
    const size_t messages = chunk.messages.size();
    if (options_.live) weaver_.set_clock(now);
    sequence_ = store_.take_sequences(messages + chunk.events.size());
    for (size_t i = 0; i < messages; ++i) {
      fetch_ahead(chunk.messages, i);
      take_message(chunk.messages[i], prepared, i);
    }
    for (size_t i = 0; i < chunk.events.size(); ++i) {
      take_event(chunk.events[i], prepared, messages + i);
    }
    note_losses(chunk);
    take_streams(chunk, now);
    if (is_known(chunk.counters.last)) copies_.advance(chunk.counters.last);
    if (is_known(now)) more_over = weaver_.advance(now, kCallsAtOnce);
    if (options_.live) ledger_.write(entries_, now);
    counters_.evicted = weaver_.counters().evicted;
  }
  auto stored = store_entries(as_bytes(prepared.entries).first(prepared.kept));
  while (stored && more_over) {
    {
      const std::lock_guard lock(weaver_mutex_);
      more_over = weaver_.advance(now, kCallsAtOnce);
    }
    stored = store_entries();
  }
  if (!stored) {
    error_ = stored.error();
    failed_ = true;
  }
  if (prepared.tails != nullptr) tell_tails(chunk, prepared);
}

void Keeper::tell_tails(const Chunk& chunk, const Prepared& prepared) {
  const auto view = std::make_unique<sip::MessageView>();
  for (size_t i = 0; i < prepared.wanted.size(); ++i) {
    if (prepared.wanted[i] == 0) continue;
    const bool message = i < chunk.messages.size();
    if (message) {
      const model::Record& record = chunk.messages[i].record;
      view->parse(record.payload, record.transport == Transport::Udp);
    }
    for (size_t t = 0; t < prepared.tails->size(); ++t) {
      if ((prepared.wanted[i] >> t & 1) == 0) continue;
      const Tail& tail = *(*prepared.tails)[t];
      if (message) {
        tail.on_message(chunk.messages[i], *view);
      } else {
        tail.on_event(chunk.events[i - chunk.messages.size()]);
      }
    }
  }
}

// A store that is full takes no more until there is room: then everything before us waits, too,
// down to the senders' connections.
Result<void> Keeper::store_entries(ByteSpan records) {
  while (true) {
    Result<void> stored;
    {
      const std::lock_guard lock(handover_mutex_);
      stored = store_.append({records, as_bytes(entries_)});
      if (stored) stored_calls_ = counters_.calls;  // nobody else counts them
    }
    if (stored) {
      entries_.clear();
      forget_done();
      return {};
    }
    const bool stopped = options_.stop != nullptr && options_.stop->load();
    if (!options_.live || stopped) {
      entries_.insert(0, as_text(records));  // for the last attempt
      return stored;
    }
    {
      const std::lock_guard lock(weaver_mutex_);
      ++counters_.waits;
    }
    std::this_thread::sleep_for(kRetryEvery);
  }
}

Result<void> Keeper::finish() {
  if (error_ && !options_.live) return tl::unexpected<Error>(*error_);
  for (size_t begin = 0; !options_.live; begin += kCallsAtOnce) {
    {
      const std::lock_guard lock(weaver_mutex_);
      if (begin >= weaver_.slot_count()) break;
      weaver_.flush(kNoTime, begin, begin + kCallsAtOnce);
    }
    SL_TRY_VOID(store_entries());
  }
  {
    const std::lock_guard lock(weaver_mutex_);
    write_streams({INT64_MAX});
    if (options_.live) ledger_.write(entries_, options_.clock(), true);
  }
  return store_last_entries();
}

// What a full store did not take while we were told to stop waits in entries_: it may have room
// now.
Result<void> Keeper::store_last_entries() {
  auto stored = store_entries();
  if (stored) return stored;
  uint64_t rows = 0;
  store::for_each_entry(as_bytes(entries_), [&](ByteSpan) { ++rows; });
  {
    const std::lock_guard lock(weaver_mutex_);
    counters_.unwritten = rows;
  }
  return fail(stored.error().code,
              fmt::format("{} ROWS THAT CAME IN WERE NOT WRITTEN and are lost: {}", rows,
                          stored.error().message));
}

KeeperCounters Keeper::counters() const {
  const std::lock_guard lock(weaver_mutex_);
  return counters_;
}

CallTimes Keeper::call_times() const {
  const std::lock_guard lock(weaver_mutex_);
  return call_times_;
}

HeplifySeries Keeper::heplify_series() const {
  const std::lock_guard lock(weaver_mutex_);
  return heplify_.series();
}

std::vector<NodeFacts> Keeper::nodes() const {
  const std::lock_guard lock(weaver_mutex_);
  return nodes_.snapshot(options_.clock());
}

size_t Keeper::open_calls() const {
  const std::lock_guard lock(weaver_mutex_);
  const weave::WeaveCounters& counters = weaver_.counters();
  return counters.calls - counters_.calls;
}

}  // namespace siploom::pipeline
