// A record that is no SIP message as the filter language asks about it.
#pragma once

#include "pipeline/chunk.h"
#include "query/filter.h"

namespace siploom::pipeline {

class EventSubject final : public query::Subject {
 public:
  explicit EventSubject(const Event& event SL_LIFETIMEBOUND) : event_(event) {}
  void values(registry::FieldId field, Take take) const override;
  void header(std::string_view, Take) const override {}
  std::string_view raw() const override { return as_text(event_.record.payload); }
  bool any(size_t) const override { return false; }

 private:
  const Event& event_;
};

}  // namespace siploom::pipeline
