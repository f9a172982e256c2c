// Looking on while calls go on: those without a row, beside a view of the store, each once.
#include <chrono>
#include <thread>

#include "pipeline/keeper.h"
#include "pipeline/record_entry.h"

namespace siploom::pipeline {

namespace {

constexpr size_t kLookStep = 2048;  // calls looked at between two breaths of the weaver
constexpr auto kLookBreath = std::chrono::microseconds(100);

template <class Take>
void for_each_call(const std::string& texts, Take&& take) {
  for (size_t at = 0; at < texts.size();) {
    const auto* head = reinterpret_cast<const store::CallHead*>(texts.data() + at);
    take(*head);
    at += head->entry.size;
  }
}

std::shared_ptr<const store::RowSet> rows_of(std::shared_ptr<const std::string> texts) {
  auto rows = std::make_shared<store::RowSet>();
  rows->table = store::Table::Calls;
  for_each_call(*texts, [&](const store::CallHead& head) { rows->rows.push_back(&head.entry); });
  rows->owners.push_back(std::move(texts));
  return rows;
}

std::shared_ptr<const store::RowSet> without(const store::RowSet& rows,
                                             const std::unordered_set<uint64_t>& gone) {
  auto left = std::make_shared<store::RowSet>();
  left->table = rows.table;
  left->owners = rows.owners;
  for (const store::EntryHead* entry : rows.rows) {
    const auto* head = reinterpret_cast<const store::CallHead*>(entry);
    if (!gone.contains(head->first_sequence)) left->rows.push_back(entry);
  }
  return left;
}

}  // namespace

// Rows that are in the store need not be remembered; their calls do, for who looked before.
void Keeper::forget_done() {
  const std::lock_guard lock(weaver_mutex_);
  for (auto call = done_.rbegin(); call != done_.rend() && !call->row.empty(); ++call) {
    call->row = std::string();
  }
  while (done_.size() > kMaxDone) {
    done_forgotten_ = done_.front().number;
    done_.pop_front();
  }
}

// Calls that the weaver has forgotten and the store had not got when looking began; rows of earlier
// ones may be remembered still. Under the weaver's mutex.
void Keeper::add_leaving(std::string& texts) const {
  if (done_.empty() || done_.back().row.empty()) return;
  std::unordered_set<uint64_t> seen;
  for_each_call(texts, [&](const store::CallHead& head) { seen.insert(head.first_sequence); });
  for (auto call = done_.rbegin(); call != done_.rend() && !call->row.empty(); ++call) {
    if (call->number <= looked_stored_) break;
    if (!seen.contains(call->first_record)) texts += call->row;
  }
}

void Keeper::look_at_calls() {
  {
    const std::lock_guard lock(handover_mutex_);
    looked_stored_ = stored_calls_;
  }
  auto texts = std::make_shared<std::string>();
  store::CallExtras extras;
  extras.received = options_.clock();
  extras.open = true;
  for (size_t begin = 0;; begin += kLookStep) {
    // Whoever waits for the lock comes first: messages that cannot be taken are lost.
    if (begin != 0) std::this_thread::sleep_for(kLookBreath);
    const std::lock_guard lock(weaver_mutex_);
    if (begin >= weaver_.slot_count()) {
      add_leaving(*texts);
      break;
    }
    weaver_.look(begin, begin + kLookStep,
                 [&](const model::Call& call) { append_call_entry(*texts, call, extras); });
  }
  looked_ = rows_of(std::move(texts));
}

// Those of the calls looked at whose rows are among the first `stored`; `known`: or it is forgotten
// which these are.
std::unordered_set<uint64_t> Keeper::written_since_look(uint64_t stored, bool& known) const {
  const std::lock_guard lock(weaver_mutex_);
  std::unordered_set<uint64_t> out;
  known = done_forgotten_ <= looked_stored_;
  for (auto call = done_.rbegin(); call != done_.rend() && call->number > looked_stored_; ++call) {
    if (call->number <= stored) out.insert(call->first_record);
  }
  return out;
}

Keeper::Moment Keeper::moment(Nanoseconds max_age) {
  const std::lock_guard lock(look_mutex_);
  const Timestamp now = options_.clock();
  bool known = looked_ != nullptr && now - looked_at_ <= max_age && now >= looked_at_;
  while (true) {
    if (!known) {
      look_at_calls();
      looked_at_ = now;
    }
    Moment out;
    uint64_t stored = 0;
    {
      const std::lock_guard handover(handover_mutex_);
      out.view = store_.view();
      stored = stored_calls_;
    }
    const auto written = written_since_look(stored, known);
    if (!known) continue;  // so many were written meanwhile: look again
    out.live_calls = written.empty() ? looked_ : without(*looked_, written);
    return out;
  }
}

}  // namespace siploom::pipeline
