// A SIP message as the filter language asks about it.
#pragma once

#include "model/record.h"
#include "query/filter.h"
#include "wire/sip/message.h"

namespace siploom::pipeline {

// What a record of any kind has: times, endpoints, agent, ids. False: the field is none of these.
bool take_record_values(const model::Record& record, registry::FieldId field,
                        query::Subject::Take take);

class MessageSubject final : public query::Subject {
 public:
  MessageSubject(const model::Record& record, const sip::MessageView& message SL_LIFETIMEBOUND)
      : record_(record), message_(message) {}
  void values(registry::FieldId field, Take take) const override;
  void header(std::string_view name, Take take) const override;
  std::string_view raw() const override { return message_.raw(); }
  bool any(size_t) const override { return false; }

 private:
  bool start_line_values(registry::FieldId field, Take take) const;
  bool party_values(registry::FieldId field, Take take) const;
  bool header_values(registry::FieldId field, Take take) const;
  bool rare_header_values(registry::FieldId field, Take take) const;
  bool body_values(registry::FieldId field, Take take) const;

  const model::Record& record_;
  const sip::MessageView& message_;
};

}  // namespace siploom::pipeline
