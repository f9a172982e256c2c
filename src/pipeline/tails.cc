#include "pipeline/tails.h"

#include <algorithm>

namespace siploom::pipeline {

bool Tail::takes(const query::Subject& subject, const query::Subject& masked_subject) const {
  const auto all = [](const std::vector<query::Filter>& asked, const query::Subject& of) {
    return std::all_of(asked.begin(), asked.end(),
                       [&](const query::Filter& filter) { return filter.matches(of); });
  };
  return all(filters, subject) && all(masked, masked_subject);
}

std::shared_ptr<void> Tails::add(Tail tail) {
  auto kept = std::make_shared<const Tail>(std::move(tail));
  {
    const std::lock_guard lock(mutex_);
    if (list_->size() >= kMost) return nullptr;
    auto next = std::make_shared<List>(*list_);
    next->push_back(kept);
    count_ = next->size();
    list_ = std::move(next);
  }
  // The handle's death takes it off the list; whoever is being told at that moment is told once
  // more, through a Tail that still lives.
  const Tail* raw = kept.get();
  return {static_cast<void*>(this), [raw](void* self) { static_cast<Tails*>(self)->remove(raw); }};
}

void Tails::remove(const Tail* tail) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<List>(*list_);
  std::erase_if(*next, [&](const auto& each) { return each.get() == tail; });
  count_ = next->size();
  list_ = std::move(next);
}

std::shared_ptr<const Tails::List> Tails::list() const {
  const std::lock_guard lock(mutex_);
  return list_;
}

}  // namespace siploom::pipeline
