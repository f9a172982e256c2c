// Calls that go on when the program stops, and are taken up again by the next start.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>

#include "base/hash.h"
#include "pipeline/keeper.h"
#include "pipeline/record_entry.h"
#include "pipeline/stored.h"
#include "store/files.h"
#include "wire/sip/message.h"

namespace siploom::pipeline {

namespace {

// CHECKPOINT_FORMAT: "SLOC" u32 version, u64 sequence, i64 time in ns, u64 xxh3 of what follows,
// then for each call its Progress (16 octets) and its entry (store/entry.h).
constexpr std::string_view kMagic = "SLOC";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeadBytes = 32;
constexpr size_t kResumeStep = 2048;
constexpr auto kBreath = std::chrono::milliseconds(1);
constexpr size_t kPageRows = 100'000;

struct PackedProgress {
  uint32_t primary_cseq = 0;
  uint8_t has_primary = 0, has_final = 0, final_at_origin = 0, credentials = 0;
  uint8_t primary_seen = 0, offer_from_caller = 0, subscription_over = 0, unused = 0;
  uint32_t silent_s = 0;
};
static_assert(sizeof(PackedProgress) == 16);

PackedProgress pack(const weave::CallWeaver::Progress& p) {
  const auto bit = [](bool flag) { return static_cast<uint8_t>(flag ? 1 : 0); };
  return {p.primary_cseq,
          bit(p.has_primary),
          bit(p.has_final),
          bit(p.final_at_origin),
          bit(p.credentials),
          bit(p.primary_seen),
          bit(p.offer_from_caller),
          bit(p.subscription_over),
          0,
          static_cast<uint32_t>(std::clamp<Nanoseconds>(p.silent / kSecond, 0, UINT32_MAX))};
}

weave::CallWeaver::Progress unpack(const PackedProgress& p) {
  weave::CallWeaver::Progress out;
  out.primary_cseq = p.primary_cseq;
  out.silent = Nanoseconds{p.silent_s} * kSecond;
  out.has_primary = p.has_primary != 0;
  out.has_final = p.has_final != 0;
  out.final_at_origin = p.final_at_origin != 0;
  out.credentials = p.credentials != 0;
  out.primary_seen = p.primary_seen != 0;
  out.offer_from_caller = p.offer_from_caller != 0;
  out.subscription_over = p.subscription_over != 0;
  return out;
}

template <class T>
void put(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// A checkpoint as it was read back: entries within `bytes`, aligned.
struct Checkpoint {
  uint64_t sequence = 0;
  Timestamp time = kNoTime;
  std::shared_ptr<std::string> bytes = std::make_shared<std::string>();
  std::vector<const store::EntryHead*> calls;
  std::map<std::string, PackedProgress, std::less<>> progress;
};

// An older format, or damage, is as if it were not there: the store has the messages.
std::optional<Checkpoint> read_checkpoint(const std::string& path) {
  const auto file = store::MappedFile::open(path);
  if (!file) return std::nullopt;
  const ByteSpan bytes = file->bytes();
  if (bytes.size() < kHeadBytes || as_text(bytes.first(4)) != kMagic ||
      load_le32(&bytes[4]) != kVersion ||
      hash_bytes(bytes.subspan(kHeadBytes), 0) != load_le64(&bytes[24])) {
    return std::nullopt;
  }
  Checkpoint out;
  out.sequence = load_le64(&bytes[8]);
  out.time = {static_cast<int64_t>(load_le64(&bytes[16]))};
  *out.bytes = as_text(bytes.subspan(kHeadBytes));
  const ByteSpan body = as_bytes(*out.bytes);
  for (size_t at = 0; at + sizeof(PackedProgress) < body.size();) {
    PackedProgress progress;
    std::memcpy(&progress, &body[at], sizeof progress);
    at += sizeof progress;
    size_t size = 0;
    if (!store::is_entry(body.subspan(at), size)) return std::nullopt;
    const auto* head = reinterpret_cast<const store::EntryHead*>(&body[at]);
    if (head->table != store::Table::Calls) return std::nullopt;
    out.calls.push_back(head);
    const auto& call = *reinterpret_cast<const store::CallHead*>(head);
    out.progress.emplace(call.text(store::CallText::CallId), progress);
    at += size;
  }
  return out;
}

}  // namespace

Result<void> Keeper::checkpoint(const std::string& path) {
  std::string out(kMagic);
  store::CallExtras extras;
  extras.received = options_.clock();
  extras.open = true;
  put(out, kVersion);
  {
    const std::lock_guard lock(weaver_mutex_);
    put(out, sequence_);
  }
  put(out, extras.received.ns);
  put(out, uint64_t{0});  // the hash of what follows
  for (size_t begin = 0;; begin += kResumeStep) {
    // Whoever waits for the lock comes first: messages that cannot be taken are lost.
    if (begin != 0) std::this_thread::sleep_for(kBreath);
    const std::lock_guard lock(weaver_mutex_);
    if (begin >= weaver_.slot_count()) break;
    weaver_.look_at_progress(
        begin, begin + kResumeStep,
        [&](const model::Call& call, const weave::CallWeaver::Progress& progress) {
          put(out, pack(progress));
          append_call_entry(out, call, extras);
        });
  }
  const uint64_t hash = hash_bytes(as_bytes(out).subspan(kHeadBytes), 0);
  std::memcpy(&out[kHeadBytes - sizeof hash], &hash, sizeof hash);
  return store::write_atomically(path, out);
}

// Calls that were over before the stop and whose rows are there already.
Result<void> Keeper::discard_written(store::Search& search, Timestamp since) {
  store::Question question;
  question.table = store::Table::Calls;
  store::Selection selection;
  selection.columns = {"call_id", "last_sequence", "received"};
  selection.sort = "received";
  selection.limit = kPageRows;
  while (true) {
    auto answer = SL_TRY(search.select(store_.view(), question, selection));
    size_t rows = 0;
    while (SL_TRY(answer->next())) {
      ++rows;
      selection.cursor = answer->cursor();
      if (answer->rows().integer(2) < since.ns) return {};
      const std::lock_guard lock(weaver_mutex_);
      weaver_.discard(answer->rows().text(0), static_cast<uint64_t>(answer->rows().integer(1)));
    }
    if (rows < kPageRows) return {};
  }
}

// Messages that came after the checkpoint had seen their call.
Result<Timestamp> Keeper::refeed(store::Search& search, uint64_t from,
                                 const FlatMap<uint64_t, uint64_t>& known) {
  Timestamp earliest = kNoTime;
  store::Question question;
  question.filter = "record.kind == sip";
  question.with_copies = true;
  question.sequence_from = from;
  store::Selection selection;
  selection.columns = record_columns();
  selection.sort = "sequence";
  selection.descending = false;
  selection.limit = 10'000;
  const auto view = std::make_unique<sip::MessageView>();
  while (true) {
    auto answer = SL_TRY(search.select(store_.view(), question, selection));
    size_t rows = 0;
    while (SL_TRY(answer->next())) {
      ++rows;
      selection.cursor = answer->cursor();
      const StoredRecord stored = read_record(answer->rows());
      view->parse(as_bytes(stored.payload), stored.datagram);
      weave::SipFacts facts;
      weave::read_facts(*view, facts);
      if (!is_known(earliest) || stored.received < earliest) earliest = stored.received;
      const uint64_t* seen = known.find(facts.call_hash, facts.call_hash);
      if (seen != nullptr && stored.sequence <= *seen) continue;
      model::Record record = as_record(stored);
      record.frame = stored.sequence;
      const std::lock_guard lock(weaver_mutex_);
      weaver_.set_clock(std::min(stored.received, options_.clock()));
      if (stored.copy) {
        weaver_.add_copy(facts);
      } else {
        weaver_.add(record, facts);
      }
    }
    if (rows < selection.limit) return earliest;
  }
}

// The agents of the last day, which may have fallen silent.
Result<void> Keeper::recall_nodes(store::Search& search, Timestamp now) {
  constexpr Nanoseconds kBack = 24 * 3600 * kSecond;
  store::QueryControl control;
  auto answer = SL_TRY(search.sql(
      store_.view(),
      fmt::format("SELECT node, source, epoch_ns(min(minute)), epoch_ns(max(minute)), "
                  "sum(count)::BIGINT, sum(bytes)::BIGINT, "
                  "sum(CASE WHEN reason = 'sip' THEN count ELSE 0 END)::BIGINT FROM ledger WHERE "
                  "fate = 'stored' AND node IS NOT NULL AND minute >= make_timestamp_ns({}) GROUP "
                  "BY node, source ORDER BY max(minute)",
                  now.ns - kBack),
      control));
  while (SL_TRY(answer->next())) {
    const store::Rows& row = answer->rows();
    const auto sender = parse_ip(row.text(1));
    if (!sender || *sender == IpAddress{}) continue;  // captured here
    NodeFacts facts;
    facts.name = row.text(0);
    facts.sender = *sender;
    facts.first_seen = {row.integer(2)};
    facts.last_seen = {row.integer(3)};
    facts.records = static_cast<uint64_t>(row.integer(4));
    facts.octets = static_cast<uint64_t>(row.integer(5));
    facts.sip = static_cast<uint64_t>(row.integer(6));
    const std::lock_guard lock(weaver_mutex_);
    nodes_.recall(std::move(facts));
  }
  return {};
}

Result<size_t> Keeper::resume(const std::string& path, store::Search& search) {
  const Timestamp now = options_.clock();
  const std::optional<Checkpoint> checkpoint = read_checkpoint(path);
  FlatMap<uint64_t, uint64_t> known;  // by hash of the Call-ID, which was told apart already
  uint64_t from = 1;
  Timestamp since = kNoTime;
  if (checkpoint) {
    const std::lock_guard lock(weaver_mutex_);
    weaver_.set_clock(std::min(checkpoint->time, now));
  }
  if (checkpoint) {
    auto rows = std::make_shared<store::RowSet>();
    rows->table = store::Table::Calls;
    rows->rows = checkpoint->calls;
    rows->owners.push_back(checkpoint->bytes);
    store::View nothing;
    nothing.manifest = std::make_shared<store::Manifest>();
    store::Question question;
    question.table = store::Table::Calls;
    question.live_calls = rows;
    store::Selection selection;
    selection.columns = call_columns();
    selection.limit = 1'000'000;
    auto answer = SL_TRY(search.select(nothing, question, selection));
    while (SL_TRY(answer->next())) {
      const auto stored = read_call(answer->rows());
      const std::string_view id = model::call_id(stored->call);
      const auto progress = checkpoint->progress.find(id);
      if (progress == checkpoint->progress.end()) continue;
      *known.insert(hash_text(id), hash_text(id)).first = stored->call.last_frame;
      const std::lock_guard lock(weaver_mutex_);
      weaver_.take_up(stored->call, unpack(progress->second));
    }
    from = checkpoint->sequence;
    since = checkpoint->time;
  } else {
    // Without one: what was not sealed yet, which is the last minutes.
    const store::View view = store_.view();
    from = view.manifest->next_sequence;
  }
  const Timestamp earliest = SL_TRY(refeed(search, std::max<uint64_t>(1, from), known));
  if (!is_known(since)) since = earliest;
  if (is_known(since)) SL_TRY_VOID(discard_written(search, since));
  SL_TRY_VOID(recall_nodes(search, now));
  const std::lock_guard lock(weaver_mutex_);
  weaver_.set_clock(now);
  size_t open = 0;
  for (size_t i = 0; i < weaver_.slot_count(); ++i) {
    weaver_.look(i, i + 1, [&](const model::Call&) { ++open; });
  }
  return open;
}

}  // namespace siploom::pipeline
