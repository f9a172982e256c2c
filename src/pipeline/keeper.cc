#include "pipeline/keeper.h"

#include <chrono>
#include <thread>

#include "base/hash.h"
#include "pipeline/record_entry.h"

namespace siploom::pipeline {

namespace {

constexpr size_t kLookStep = 2048;  // calls looked at between two breaths of the weaver
constexpr auto kRetryEvery = std::chrono::milliseconds(200);

}  // namespace

// Entries of a chunk's messages, made in parallel: all but sequence and flags.
struct Keeper::Prepared final : ConsumerData {
  std::string entries;
  std::vector<uint32_t> offsets;  // of each message's entry
};

Keeper::Keeper(store::Store& store, const KeeperOptions& options)
    : store_(store),
      options_(options),
      weaver_({options.weave_bytes, options.settle_after, options.live}) {
  weaver_.set_on_done([this](const model::Call& call) {
    store::CallExtras extras;
    extras.received = options_.clock();
    extras.version = 1;
    append_call_entry(entries_, call, extras);
    ++counters_.calls;
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
  store::RecordFields fields;
  for (const Message& message : chunk.messages) {
    prepared->offsets.push_back(static_cast<uint32_t>(prepared->entries.size()));
    describe_message(message, fields);
    if (message.record.agent == nullptr) {
      fields.text(store::RecordText::Node) = options_.node;
      fields.received = options_.live ? message.record.time : options_.clock();
    }
    store::append_record(prepared->entries, fields);
  }
  prepared->offsets.push_back(static_cast<uint32_t>(prepared->entries.size()));
}

Sighting Keeper::judge(const Message& message) {
  const model::AgentFacts* agent = message.record.agent;
  if (agent == nullptr) {
    const bool copy =
        copies_.is_copy(message.record.time, message.record.copy_key, message.copy_hash);
    return copy ? Sighting::Elsewhere : Sighting::First;
  }
  return sightings_.judge(message.copy_hash, mix(hash_text(agent->node), agent->agent_id),
                          message.record.time, agent->received);
}

void Keeper::consume(size_t, Chunk& chunk) {
  auto& prepared = static_cast<Prepared&>(*chunk.data);
  {
    const std::lock_guard lock(weaver_mutex_);
    uint64_t sequence = store_.take_sequences(chunk.messages.size());
    for (size_t i = 0; i < chunk.messages.size(); ++i) {
      const Message& message = chunk.messages[i];
      const Sighting sighting = judge(message);
      uint16_t flags = 0;
      if (sighting == Sighting::Doubled) {
        ++counters_.doubled;
        continue;
      }
      if (sighting == Sighting::Elsewhere) {
        ++counters_.sightings;
        weaver_.add_copy(message.facts);
        flags |= store::kCopy;
      } else if (weaver_.add(message.record, message.facts).retransmission) {
        flags |= store::kRetransmission;
      }
      const size_t begin = prepared.offsets[i], end = prepared.offsets[i + 1];
      auto& head = *reinterpret_cast<store::RecordHead*>(&prepared.entries[begin]);
      head.sequence = sequence++;
      head.flags = static_cast<uint16_t>(head.flags | flags);
      entries_.append(prepared.entries, begin, end - begin);
      ++counters_.sip;
      ++counters_.records;
    }
    const Timestamp now = options_.live ? options_.clock() : chunk.counters.last;
    if (is_known(chunk.counters.last)) copies_.advance(chunk.counters.last);
    if (is_known(now)) weaver_.advance(now);
    counters_.evicted = weaver_.counters().evicted;
  }
  if (auto stored = store_entries(); !stored) {
    error_ = stored.error();
    failed_ = true;
  }
}

// A store that is full takes no more until there is room: then everything before us waits, too,
// down to the senders' connections.
Result<void> Keeper::store_entries() {
  while (true) {
    auto stored = store_.append(as_bytes(entries_));
    if (stored) {
      entries_.clear();
      return {};
    }
    const bool stopped = options_.stop != nullptr && options_.stop->load();
    if (!options_.live || stopped) return stored;
    {
      const std::lock_guard lock(weaver_mutex_);
      ++counters_.refused;
    }
    std::this_thread::sleep_for(kRetryEvery);
  }
}

Result<void> Keeper::finish() {
  if (error_) return tl::unexpected<Error>(*error_);
  {
    const std::lock_guard lock(weaver_mutex_);
    weaver_.flush(kNoTime);
  }
  return store_entries();
}

std::shared_ptr<const store::RowSet> Keeper::look_at_calls() {
  auto texts = std::make_shared<std::string>();
  store::CallExtras extras;
  extras.received = options_.clock();
  extras.open = true;
  for (size_t begin = 0;; begin += kLookStep) {
    const std::lock_guard lock(weaver_mutex_);
    if (begin >= weaver_.slot_count()) break;
    weaver_.look(begin, begin + kLookStep,
                 [&](const model::Call& call) { append_call_entry(*texts, call, extras); });
  }
  auto rows = std::make_shared<store::RowSet>();
  rows->table = store::Table::Calls;
  for (size_t at = 0; at < texts->size();) {
    const auto* head = reinterpret_cast<const store::EntryHead*>(texts->data() + at);
    rows->rows.push_back(head);
    at += head->size;
  }
  rows->owners.push_back(std::move(texts));
  return rows;
}

std::shared_ptr<const store::RowSet> Keeper::live_calls(Nanoseconds max_age) {
  const std::lock_guard lock(look_mutex_);
  const Timestamp now = options_.clock();
  if (looked_ == nullptr || now - looked_at_ > max_age || now < looked_at_) {
    looked_ = look_at_calls();
    looked_at_ = now;
  }
  return looked_;
}

KeeperCounters Keeper::counters() const {
  const std::lock_guard lock(weaver_mutex_);
  return counters_;
}

size_t Keeper::open_calls() const {
  const std::lock_guard lock(weaver_mutex_);
  const weave::WeaveCounters& counters = weaver_.counters();
  return counters.calls - counters_.calls;
}

}  // namespace siploom::pipeline
