// Note: what is wrong with a message, by the clause that says so. A malformed message is data:
// kept, shown, counted.
#pragma once

#include <cstdint>
#include <string_view>

namespace siploom::sip {

enum class Note : uint8_t {
  LeadingBlankLines,  // RFC 3261 7.5: allowed, worth knowing
  LfOnlyLines,        // RFC 3261 7: lines end in CRLF
  BadVersion,         // RFC 3261 7.1: not SIP/2.0
  StartLineSpacing,   // RFC 3261 7.1: more than one space, or one inside the Request-URI
  UriInBrackets,      // RFC 3261 7.1: Request-URI in <>
  BadStatusCode,      // RFC 3261 7.2
  BadHeaderLine,      // RFC 3261 7.3: a line without a name or colon
  TooManyHeaders,     // limit of siploom
  HeadersCut,         // no empty line behind the headers: cut by snaplen or malformed
  MissingVia,
  MissingFrom,
  MissingTo,
  MissingCallId,
  MissingCSeq,           // RFC 3261 8.1.1
  BadCSeq,               // RFC 3261 20.16: number 0 to 2**31-1 and a method
  CSeqMethodMismatch,    // RFC 3261 8.1.1.5
  RepeatedHeader,        // RFC 3261 7.3.1: a second instance of a header that has one value
  BadContentLength,      // RFC 3261 20.14: not a number
  ContentLengthTooLong,  // RFC 3261 18.3: longer than what came
  TrailingBytes,         // RFC 3261 18.3: octets behind the body in a datagram
  BadVia,                // RFC 3261 20.42
  BadAddress,            // RFC 3261 20.10, 20.20, 20.39: From, To or Contact unreadable
  UnbalancedQuotes,      // RFC 3261 25.1 quoted-string
  ControlInHeader,       // RFC 3261 25.1: NUL or another control octet in a header
  BadBranch,             // RFC 3261 8.1.1.7: the cookie alone
  BadDate,               // RFC 3261 20.17: GMT only
  UnescapedUri,          // RFC 3261 19.1.2: characters a URI must escape
  MixedSessionIds,       // reserved
  kCount
};

std::string_view note_name(Note note);  // "missing-call-id"
std::string_view note_text(Note note);  // "no Call-ID header (RFC 3261 8.1.1)"
// Whether the note makes the message malformed, rather than being a remark.
bool is_defect(Note note);

class NoteSet final {
 public:
  void add(Note note) { bits_ |= uint64_t{1} << static_cast<unsigned>(note); }
  bool has(Note note) const { return (bits_ >> static_cast<unsigned>(note) & 1) != 0; }
  bool empty() const { return bits_ == 0; }
  bool malformed() const;
  uint64_t bits() const { return bits_; }

 private:
  uint64_t bits_ = 0;
};

}  // namespace siploom::sip
