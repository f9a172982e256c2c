// A call as the filter language, sorting and columns ask about it.
#pragma once

#include "model/call.h"
#include "query/filter.h"

namespace siploom::pipeline {

class CallSubject final : public query::Subject {
 public:
  explicit CallSubject(const model::Call& call SL_LIFETIMEBOUND) : call_(call) {}
  void values(registry::FieldId field, Take take) const override;
  void header(std::string_view, Take) const override {}
  std::string_view raw() const override { return {}; }
  bool any(size_t index) const override { return (call_.any_matches >> index & 1) != 0; }

 private:
  bool origin_values(registry::FieldId field, Take take) const;
  bool outcome_values(registry::FieldId field, Take take) const;
  bool time_values(registry::FieldId field, Take take) const;
  bool list_values(registry::FieldId field, Take take) const;

  const model::Call& call_;
};

}  // namespace siploom::pipeline
