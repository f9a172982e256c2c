#include "pipeline/event_subject.h"

#include "base/text.h"
#include "pipeline/message_subject.h"

namespace siploom::pipeline {

using query::Value;
using registry::FieldId;

void EventSubject::values(FieldId field, Take take) const {
  const auto text = [&](std::string_view value) {
    if (!value.empty()) take(Value(value));
  };
  switch (field) {
    case FieldId::CallId:
      return text(event_.primary_id);
    case FieldId::Method:
      return text(event_.event);
    case FieldId::Summary:
      return text(event_.summary);
    case FieldId::Malformed:
      take(Value(event_.malformed));
      return;
    case FieldId::Size:
      take(Value(static_cast<double>(event_.record.payload.size())));
      return;
    case FieldId::ExtraId: {
      std::string_view rest = event_.extra_ids;
      while (!rest.empty()) {
        const Halves halves = split_once(rest, '\n');
        if (!take(Value(halves.before))) return;
        rest = halves.after;
      }
      return;
    }
    default:
      take_record_values(event_.record, field, take);
  }
}

}  // namespace siploom::pipeline
