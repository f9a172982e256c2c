#include "intake/source_table.h"

#include <algorithm>

#include "base/hash_net.h"

namespace siploom::intake {

SourceRow& SourceTable::row(const IpAddress& address, Timestamp now) {
  const uint64_t hash = hash_address(address);
  std::unique_ptr<SourceRow>* found = rows_.find(hash, address);
  if (found == nullptr) {
    if (rows_.size() >= max_sources_) forget_one();
    found = rows_.insert(hash, address).first;
    *found = std::make_unique<SourceRow>();
    (*found)->counts.address = address;
    (*found)->counts.first_seen = (*found)->counts.last_seen = now;
    (*found)->verdict = policy_.judge(address);
  }
  SourceRow& row = **found;
  (row.proven ? proven_ : unproven_).push_back(row);
  return row;
}

void SourceTable::prove(SourceRow& row) {
  if (row.proven) return;
  row.proven = true;
  proven_.push_back(row);
}

void SourceTable::judge_again() {
  rows_.for_each([&](const IpAddress& address, std::unique_ptr<SourceRow>& row) {
    row->verdict = policy_.judge(address);
  });
}

void SourceTable::forget_one() {
  const SourceRow* oldest = unproven_.empty() ? proven_.front() : unproven_.front();
  const IpAddress address = oldest->counts.address;
  rows_.erase(hash_address(address), address);
  ++forgotten_;
}

std::vector<SourceCounts> SourceTable::recent(size_t max) const {
  std::vector<const SourceCounts*> all;
  all.reserve(rows_.size());
  rows_.for_each([&](const IpAddress&, const std::unique_ptr<SourceRow>& row) {
    all.push_back(&row->counts);
  });
  max = std::min(max, all.size());
  const auto later = [](const SourceCounts* a, const SourceCounts* b) {
    return a->last_seen != b->last_seen ? a->last_seen > b->last_seen : a->address < b->address;
  };
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(max), all.end(), later);
  std::vector<SourceCounts> out;
  out.reserve(max);
  for (size_t i = 0; i < max; ++i) out.push_back(*all[i]);
  return out;
}

}  // namespace siploom::intake
