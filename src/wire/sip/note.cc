#include "wire/sip/note.h"

#include <array>

namespace siploom::sip {

namespace {

struct Entry {
  std::string_view name, text;
  bool defect;
};

constexpr std::array<Entry, static_cast<size_t>(Note::kCount)> kNotes = {{
    {"leading-blank-lines", "blank lines before the start line (RFC 3261 7.5)", false},
    {"lf-only-lines", "lines end in LF alone (RFC 3261 7)", false},
    {"bad-version", "the version is not SIP/2.0 (RFC 3261 7.1)", true},
    {"start-line-spacing", "spaces where the start line has none (RFC 3261 7.1)", true},
    {"uri-in-brackets", "Request-URI in <> (RFC 3261 7.1)", true},
    {"bad-status-code", "the status is not 100 to 699 (RFC 3261 7.2)", true},
    {"bad-header-line", "a header line without a name or colon (RFC 3261 7.3)", true},
    {"too-many-headers", "more headers than siploom indexes", true},
    {"headers-cut", "the headers do not end in an empty line: cut off (RFC 3261 7)", true},
    {"missing-via", "no Via header (RFC 3261 8.1.1)", true},
    {"missing-from", "no From header (RFC 3261 8.1.1)", true},
    {"missing-to", "no To header (RFC 3261 8.1.1)", true},
    {"missing-call-id", "no Call-ID header (RFC 3261 8.1.1)", true},
    {"missing-cseq", "no CSeq header (RFC 3261 8.1.1)", true},
    {"bad-cseq", "CSeq is not a number below 2^31 and a method (RFC 3261 20.16)", true},
    {"cseq-method-mismatch", "CSeq names another method than the request line (RFC 3261 8.1.1.5)",
     true},
    {"repeated-header", "a header that may stand once stands twice (RFC 3261 7.3.1)", true},
    {"bad-content-length", "Content-Length is not a number (RFC 3261 20.14)", true},
    {"content-length-too-long", "Content-Length is more than what came (RFC 3261 18.3)", true},
    {"trailing-bytes", "octets behind the body (RFC 3261 18.3)", false},
    {"bad-via", "a Via that cannot be read (RFC 3261 20.42)", true},
    {"bad-address", "From, To or Contact cannot be read (RFC 3261 20.10)", true},
    {"unbalanced-quotes", "a quoted string without its end (RFC 3261 25.1)", true},
    {"control-in-header", "a control octet in a header (RFC 3261 25.1)", true},
    {"bad-branch", "the branch is the bare cookie (RFC 3261 8.1.1.7)", true},
    {"bad-date", "Date is not in GMT (RFC 3261 20.17)", true},
    {"unescaped-uri", "a URI holds characters it must escape (RFC 3261 19.1.2)", true},
    {"reserved", "", false},
}};

constexpr uint64_t defect_mask() {
  uint64_t mask = 0;
  for (size_t i = 0; i < kNotes.size(); ++i) mask |= uint64_t{kNotes[i].defect} << i;
  return mask;
}

}  // namespace

std::string_view note_name(Note note) { return kNotes[static_cast<size_t>(note)].name; }
std::string_view note_text(Note note) { return kNotes[static_cast<size_t>(note)].text; }
bool is_defect(Note note) { return kNotes[static_cast<size_t>(note)].defect; }
bool NoteSet::malformed() const { return (bits_ & defect_mask()) != 0; }

}  // namespace siploom::sip
