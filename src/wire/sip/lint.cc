#include "wire/sip/lint.h"

#include "base/text.h"
#include "wire/sip/address.h"
#include "wire/sip/via.h"

namespace siploom::sip {

namespace {

bool has_open_quote(std::string_view value) {
  bool quoted = false;
  for (size_t i = 0; i < value.size(); ++i) {
    if (quoted && value[i] == '\\') {
      ++i;
    } else if (value[i] == '"') {
      quoted = !quoted;
    }
  }
  return quoted;
}

bool has_control(std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t' && c != '\r' && c != '\n') || byte == 0x7F) return true;
  }
  return false;
}

bool needs_escape(std::string_view uri) {
  return uri.find_first_of(" \t<>\"{}|\\^`") != std::string_view::npos;
}

void lint_address(const MessageView& message, HeaderId id, NoteSet& notes) {
  for_each_value(message, id, [&](std::string_view value) {
    const auto address = parse_address(value);
    if (!address) {
      notes.add(Note::BadAddress);
    } else if (needs_escape(address->uri_text)) {
      notes.add(Note::UnescapedUri);
    }
  });
}

void lint_via(const MessageView& message, NoteSet& notes) {
  for_each_value(message, HeaderId::Via, [&](std::string_view value) {
    const auto via = parse_via(value);
    if (!via) {
      notes.add(Note::BadVia);
    } else if (via->branch == "z9hG4bK") {
      notes.add(Note::BadBranch);
    } else if (via->params.find(";;") != std::string_view::npos || via->params.ends_with(';')) {
      notes.add(Note::BadVia);
    }
  });
}

}  // namespace

NoteSet lint(const MessageView& message) {
  NoteSet notes = message.notes();
  for (size_t i = 0; i < message.header_count(); ++i) {
    const std::string_view value = message.value(message.slot(i));
    if (has_open_quote(value)) notes.add(Note::UnbalancedQuotes);
    if (has_control(value)) notes.add(Note::ControlInHeader);
  }
  lint_address(message, HeaderId::From, notes);
  lint_address(message, HeaderId::To, notes);
  lint_address(message, HeaderId::Contact, notes);
  lint_via(message, notes);
  if (needs_escape(message.request_uri())) notes.add(Note::UnescapedUri);
  const std::string_view date = message.first(HeaderId::Date);
  if (!date.empty() && !date.ends_with("GMT")) notes.add(Note::BadDate);
  return notes;
}

}  // namespace siploom::sip
