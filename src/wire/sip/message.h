// MessageView: one SIP message indexed in one pass (RFC 3261 7): start line, offsets of every
// header, body. Nothing is copied and nothing is allocated; header values are parsed when asked for
// (uri.h, via.h, address.h). Batch lifetime. Any bytes may be given: what cannot be read is absent,
// and what is wrong with the rest is in notes().
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "wire/sip/header_id.h"
#include "wire/sip/note.h"

namespace siploom::sip {

enum class Method : uint8_t {
  Unknown,
  Invite,
  Ack,
  Bye,
  Cancel,
  Register,
  Options,
  Prack,
  Subscribe,
  Notify,
  Publish,
  Info,
  Refer,
  Message,
  Update
};
Method method_from(std::string_view name);  // exact case (RFC 3261 7.1: methods are case-sensitive)

struct HeaderSlot {
  uint32_t name_offset = 0;
  uint32_t value_offset = 0;
  uint32_t value_size =
      0;  // without the line end and blanks around; folds stay inside (see unfold)
  uint16_t name_size = 0;
  HeaderId id = HeaderId::Other;
  bool folded = false;
};

class MessageView final {
 public:
  static constexpr size_t kMaxHeaders = 512;
  static constexpr size_t kMaxMessageBytes = 256 * 1024;

  // Indexes `bytes`, which must outlive the view. False: this is not a SIP message (no start line).
  // `datagram`: the message ends where the bytes end (UDP), so a wrong Content-Length does not lose
  // body bytes.
  bool parse(ByteSpan bytes, bool datagram = true);

  bool is_request() const { return status_ == 0; }
  uint16_t status() const { return status_; }  // 0 for a request
  std::string_view method() const {
    return method_;
  }  // of the request line; of CSeq for a response
  Method method_id() const { return method_id_; }
  std::string_view request_uri() const { return request_uri_; }
  std::string_view reason_phrase() const { return reason_; }
  std::string_view call_id() const { return call_id_; }
  uint32_t cseq() const { return cseq_; }
  std::string_view cseq_method() const { return cseq_method_; }
  bool has_cseq() const { return has_cseq_; }

  // First value of a header as it stands (all comma parts), or an empty view. has() tells absent
  // from empty.
  std::string_view first(HeaderId id) const {
    const uint16_t slot = first_[static_cast<size_t>(id)];
    return slot == 0 || id == HeaderId::Other ? std::string_view{} : value(slots_[slot - 1]);
  }
  bool has(HeaderId id) const { return first_[static_cast<size_t>(id)] != 0; }
  // By name, full or compact, any case.
  std::string_view first(std::string_view name) const;
  size_t header_count() const { return count_; }
  const HeaderSlot& slot(size_t i) const { return slots_[i]; }
  std::string_view name(const HeaderSlot& s) const {
    return text_.substr(s.name_offset, s.name_size);
  }
  std::string_view value(const HeaderSlot& s) const {
    return text_.substr(s.value_offset, s.value_size);
  }

  std::string_view body() const { return body_; }
  std::string_view trailing() const { return trailing_; }  // datagram octets behind Content-Length
  std::string_view raw() const { return text_; }  // from the start line to the end of the body
  NoteSet notes() const { return notes_; }

 private:
  bool parse_start_line(std::string_view line);
  bool parse_status_line(std::string_view line);
  bool parse_request_line(std::string_view line);
  void index_headers(size_t at);
  void add_header(size_t line, size_t line_end, size_t colon, bool folded);
  void take_body(size_t at, bool datagram);
  void read_cseq();
  void note_missing();

  std::string_view text_;
  std::string_view method_, request_uri_, reason_, call_id_, cseq_method_, body_, trailing_;
  uint32_t cseq_ = 0;
  uint16_t status_ = 0;
  uint16_t count_ = 0;
  Method method_id_ = Method::Unknown;
  bool has_cseq_ = false;
  NoteSet notes_;
  std::array<uint16_t, static_cast<size_t>(HeaderId::kCount)> first_{};  // slot + 1
  std::array<HeaderSlot, kMaxHeaders> slots_;
};

// Calls fn(part) for each comma-separated value of every instance of a list header (RFC
// 3261 7.3.1), minding quotes and <>.
template <class Fn>
void for_each_value(const MessageView& message, HeaderId id, Fn&& fn);

// Splits off the next value of a comma list.
std::string_view take_list_item(std::string_view& rest);
// `value` with folds (CRLF followed by blanks, RFC 3261 7.3.1) turned into one space; `scratch`
// holds the text if needed.
std::string_view unfold(std::string_view value, std::string& scratch);

template <class Fn>
void for_each_value(const MessageView& message, HeaderId id, Fn&& fn) {
  for (size_t i = 0; i < message.header_count(); ++i) {
    const HeaderSlot& slot = message.slot(i);
    if (slot.id != id) continue;
    std::string_view rest = message.value(slot);
    do {
      fn(take_list_item(rest));
    } while (!rest.empty());
  }
}

}  // namespace siploom::sip
