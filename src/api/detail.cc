#include "api/detail.h"

#include <algorithm>

#include "api/mask.h"
#include "api/reply.h"
#include "base/text.h"
#include "wire/sip/lint.h"
#include "wire/sip/message.h"

namespace siploom::api {

namespace {

void write_sip(JsonWriter& json, const pipeline::StoredRecord& record) {
  const auto view = std::make_unique<sip::MessageView>();
  if (!view->parse(as_bytes(record.payload), record.datagram)) return;
  std::string_view rest = view->raw();
  json.field("start_line", take_line(rest));
  json.key("headers");
  json.begin_array();
  for (size_t i = 0; i < view->header_count(); ++i) {
    const sip::HeaderSlot& slot = view->slot(i);
    json.begin_object();
    json.field("name", view->name(slot));
    json.field("value", view->value(slot));
    json.end_object();
  }
  json.end_array();
  json.key("defects");
  json.begin_array();
  const sip::NoteSet notes = sip::lint(*view);
  for (unsigned i = 0; i < static_cast<unsigned>(sip::Note::kCount); ++i) {
    const auto note = static_cast<sip::Note>(i);
    if (notes.has(note) && sip::is_defect(note)) json.value(sip::note_text(note));
  }
  json.end_array();
}

}  // namespace

Result<pipeline::CallDetail> load_detail(const Asked& asked) {
  pipeline::CallKey key;
  key.call_id = std::string(asked.request.param("call_id"));
  key.at = SL_TRY(asked.time("at"));
  store::Question question;
  question.table = store::Table::Calls;
  question.scope = asked.who().scope;
  question.control = SL_TRY(asked.control());
  asked.add_live_calls(question);
  return pipeline::load_call(asked.search(), asked.view(), key, question);
}

Result<void> check_call(const Asked& asked, const std::string& call_id) {
  store::Question question = SL_TRY(asked.question(store::Table::Calls));
  std::string quoted = "call_id == \"";
  for (const char c : call_id) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  question.filter = quoted + '"';
  question.from = question.to = kNoTime;
  store::Selection one;
  one.columns = {"call_id"};
  one.limit = 1;
  auto found = SL_TRY(asked.search().select(asked.view(), question, one));
  if (SL_TRY(found->next())) return {};
  return fail(ErrorCode::NotFound, "no call with that Call-ID is kept");
}

void mask_messages(const Asked& asked, pipeline::CallDetail& detail) {
  if (!masks(asked)) return;
  for (pipeline::StoredRecord& record : detail.messages) mask_secrets(record.payload);
  for (pipeline::StoredRecord& record : detail.tied) mask_secrets(record.payload);
}

void write_message(JsonWriter& json, const pipeline::StoredRecord& record, bool with_payload) {
  std::string text;
  JsonWriter inner(text);
  pipeline::write_record(inner, record, with_payload);
  json.raw(extended(std::move(text), [&](JsonWriter& more) {
    if (with_payload && record.kind == model::RecordKind::Sip) write_sip(more, record);
  }));
}

}  // namespace siploom::api
