#include "pipeline/ledger.h"

#include <algorithm>

#include "store/entry_writer.h"

namespace siploom::pipeline {

namespace {

constexpr Nanoseconds kRowsPerSecond = 64;

}  // namespace

void Ledger::count(store::Fate fate, const IpAddress& source, std::string_view node,
                   std::string_view reason, uint64_t messages, uint64_t octets) {
  const size_t place = source.octets[15] + node.size() + reason.size() +
                       (node.empty() ? 0 : static_cast<unsigned char>(node.back()));
  Recent& recent = recent_[place % recent_.size()];
  const bool same = recent.key != nullptr && std::get<0>(*recent.key) == fate &&
                    std::get<1>(*recent.key) == source && std::get<2>(*recent.key) == node &&
                    std::get<3>(*recent.key) == reason;
  if (!same) {
    Key key(fate, source, node, reason);
    if (sums_.size() >= kMaxRows && sums_.find(key) == sums_.end()) {
      key = Key(fate, IpAddress{}, "(others)", std::string(reason));
    }
    const auto at = sums_.try_emplace(std::move(key)).first;
    recent = {&at->first, &at->second};
  }
  recent.sum->messages += messages;
  recent.sum->octets += octets;
}

void Ledger::write(std::string& entries, Timestamp now, bool all) {
  const int64_t minute = now.ns / kMinute;
  if (minute_ == 0) minute_ = minute;
  if (!is_known(written_)) written_ = now;
  const auto rows = static_cast<Nanoseconds>(sums_.size());
  const Nanoseconds wait = std::max(kSecond, rows * kSecond / kRowsPerSecond);
  const bool is_due = now - written_ >= wait || now < written_;
  if (minute == minute_ && !is_due && !all) return;
  written_ = now;
  for (const auto& [key, sum] : sums_) {
    store::LedgerFields fields;
    fields.minute = {minute_ * kMinute};
    fields.fate = std::get<0>(key);
    fields.source = std::get<1>(key);
    fields.node = std::get<2>(key);
    fields.reason = std::get<3>(key);
    fields.count = sum.messages;
    fields.bytes = sum.octets;
    store::append_ledger(entries, fields);
  }
  sums_.clear();
  recent_ = {};
  minute_ = minute;
}

}  // namespace siploom::pipeline
