// SourceTable: what is known of each peer address: its counts, what the policy says of it, its
// rate. Full, it forgets first the address that was not seen for longest and never sent anything
// good, so that forged addresses do not push out real agents.
#pragma once

#include <deque>
#include <memory>

#include "base/flat_map.h"
#include "base/intrusive_list.h"
#include "intake/counts.h"
#include "intake/policy.h"

namespace siploom::intake {

struct SourceRow {
  SourceCounts counts;
  Policy::Verdict verdict;
  double messages_left = 0, octets_left = 0;  // token buckets; below zero: in debt
  Nanoseconds refilled_at = 0;
  bool proven = false;  // something of it was taken
  ListLink<SourceRow> by_use;
};

class SourceTable final {
 public:
  SourceTable(const Policy& policy, size_t max_sources)
      : policy_(policy), max_sources_(std::max<size_t>(1, max_sources)) {}

  // The row of `address`, made when there was none; good until the next call.
  SourceRow& row(const IpAddress& address, Timestamp now);
  // The row sent something that was taken.
  void prove(SourceRow& row);

  // The policy has changed.
  void judge_again();

  size_t size() const { return rows_.size(); }
  uint64_t forgotten() const { return forgotten_; }
  // At most `max`, the most recently seen first.
  std::vector<SourceCounts> recent(size_t max) const;

 private:
  using ByUse = IntrusiveList<SourceRow, &SourceRow::by_use>;
  void forget_one();

  const Policy& policy_;
  size_t max_sources_;
  FlatMap<IpAddress, std::unique_ptr<SourceRow>> rows_;
  ByUse unproven_, proven_;  // the one seen longest ago first
  uint64_t forgotten_ = 0;
};

}  // namespace siploom::intake
