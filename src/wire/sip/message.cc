#include "wire/sip/message.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/byte_masks.h"
#include "base/text.h"

namespace siploom::sip {

namespace {

constexpr std::string_view kMethods[] = {"",         "INVITE",  "ACK",   "BYE",       "CANCEL",
                                         "REGISTER", "OPTIONS", "PRACK", "SUBSCRIBE", "NOTIFY",
                                         "PUBLISH",  "INFO",    "REFER", "MESSAGE",   "UPDATE"};

// First letter and size leave one or two methods to compare with.
constexpr size_t method_slot(char first, size_t size) {
  return (static_cast<unsigned char>(first) + size * 8) % 64;
}
constexpr std::array<std::array<uint8_t, 2>, 64> make_method_slots() {
  std::array<std::array<uint8_t, 2>, 64> out{};
  for (size_t i = 1; i < std::size(kMethods); ++i) {
    auto& slot = out[method_slot(kMethods[i][0], kMethods[i].size())];
    if (slot[1] != 0) throw "three methods share a slot";  // fails to compile
    slot[slot[0] != 0 ? 1 : 0] = static_cast<uint8_t>(i);
  }
  return out;
}
constexpr auto kMethodSlots = make_method_slots();

size_t find_byte(std::string_view text, char c, size_t from) {
  if (from >= text.size()) return std::string_view::npos;
  const void* at = std::memchr(text.data() + from, c, text.size() - from);
  return at == nullptr ? std::string_view::npos
                       : static_cast<size_t>(static_cast<const char*>(at) - text.data());
}

std::string_view trim_blanks(std::string_view s) {
  while (!s.empty() && is_blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_blank(s.back())) s.remove_suffix(1);
  return s;
}

constexpr std::string_view kVersion = "SIP/2.0";

// "SIP/" digits "." digits, any case.
bool is_version(std::string_view s) {
  if (equal_short(s, kVersion)) return true;
  if (s.size() < 7 || !iequals(s.substr(0, 4), "SIP/")) return false;
  const Halves numbers = split_once(s.substr(4), '.');
  const auto all_digits = [](std::string_view t) {
    return !t.empty() && std::all_of(t.begin(), t.end(), [](char c) { return is_digit(c); });
  };
  return all_digits(numbers.before) && all_digits(numbers.after);
}

// RFC 3261 25.1: token
constexpr std::array<bool, 256> make_token_chars() {
  std::array<bool, 256> out{};
  for (size_t c = 0; c < out.size(); ++c) out[c] = is_alnum(static_cast<char>(c));
  for (const char c : std::string_view("-.!%*_+`'~")) out[static_cast<unsigned char>(c)] = true;
  return out;
}
constexpr std::array<bool, 256> kTokenChars = make_token_chars();
bool is_token_char(char c) { return kTokenChars[static_cast<unsigned char>(c)]; }

// Headers of which a second instance cannot be a list going on (RFC 3261 7.3.1, 20).
bool stands_once(HeaderId id) {
  switch (id) {
    case HeaderId::From:
    case HeaderId::To:
    case HeaderId::CallId:
    case HeaderId::CSeq:
    case HeaderId::ContentLength:
    case HeaderId::MaxForwards:
      return true;
    default:
      return false;
  }
}

}  // namespace

Method method_from(std::string_view name) {
  if (name.empty()) return Method::Unknown;
  const size_t slot = method_slot(name.front(), name.size());
  for (const uint8_t i : kMethodSlots[slot]) {
    if (i != 0 && equal_short(kMethods[i], name)) return static_cast<Method>(i);
  }
  return Method::Unknown;
}

bool MessageView::parse(ByteSpan bytes, bool datagram) {
  text_ = as_text(bytes);
  method_ = request_uri_ = reason_ = call_id_ = cseq_method_ = body_ = trailing_ = {};
  cseq_ = 0;
  status_ = count_ = 0;
  method_id_ = Method::Unknown;
  has_cseq_ = false;
  notes_ = {};
  first_.fill(0);
  size_t at = 0;
  while (at < text_.size() && (text_[at] == '\r' || text_[at] == '\n')) ++at;
  if (at != 0) {
    notes_.add(Note::LeadingBlankLines);
    text_.remove_prefix(at);
  }
  size_t end = find_byte(text_, '\n', 0);
  const size_t next = end == std::string_view::npos ? text_.size() : end + 1;
  if (end == std::string_view::npos) end = text_.size();
  std::string_view line = text_.substr(0, end);
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  } else if (next != text_.size() || end != text_.size()) {
    notes_.add(Note::LfOnlyLines);
  }
  if (!parse_start_line(line)) return false;
  index_headers(next);
  if (body_.data() == nullptr) body_ = text_.substr(text_.size());
  call_id_ = first(HeaderId::CallId);
  read_cseq();
  note_missing();
  take_body(static_cast<size_t>(body_.data() - text_.data()), datagram);
  return true;
}

bool MessageView::parse_start_line(std::string_view line) {
  if (line.size() >= 8 && iequals(line.substr(0, 4), "SIP/")) return parse_status_line(line);
  return parse_request_line(line);
}

// RFC 3261 7.2
bool MessageView::parse_status_line(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !is_version(line.substr(0, space))) return false;
  if (!equal_short(line.substr(0, space), kVersion)) notes_.add(Note::BadVersion);
  std::string_view rest = line.substr(space);
  const std::string_view trimmed = trim_blanks(rest);
  if (rest.size() - trim_left(rest).size() > 1) notes_.add(Note::StartLineSpacing);
  const size_t digits = std::min(trimmed.find(' '), trimmed.size());
  const auto code = parse_number<uint16_t>(trimmed.substr(0, digits));
  if (!code || digits != 3 || *code < 100) return false;
  if (*code > 699) notes_.add(Note::BadStatusCode);
  status_ = *code;
  reason_ = trim_blanks(trimmed.substr(digits));
  return true;
}

// RFC 3261 7.1; the version is taken from the end of the line, so that spaces inside the URI do no
// harm.
bool MessageView::parse_request_line(std::string_view line) {
  size_t method_end = 0;
  while (method_end < line.size() && is_token_char(line[method_end])) ++method_end;
  if (method_end == 0 || method_end == line.size() || line[method_end] != ' ') return false;
  std::string_view rest = line.substr(method_end + 1);
  const std::string_view trimmed = trim_blanks(rest);
  const size_t last = trimmed.rfind(' ');
  const bool whole = last != std::string_view::npos && is_version(trimmed.substr(last + 1));
  std::string_view uri = whole ? trim_blanks(trimmed.substr(0, last)) : trimmed;
  if (!whole && !istarts_with(uri, "sip:") && !istarts_with(uri, "sips:") &&
      !istarts_with(uri, "tel:")) {
    return false;
  }
  if (!whole || !equal_short(trimmed.substr(last + 1), kVersion)) notes_.add(Note::BadVersion);
  if (trimmed.size() != rest.size() || (whole && uri.size() != last))
    notes_.add(Note::StartLineSpacing);
  if (uri.find(' ') != std::string_view::npos) notes_.add(Note::StartLineSpacing);
  if (!uri.empty() && uri.front() == '<') notes_.add(Note::UriInBrackets);
  method_ = line.substr(0, method_end);
  method_id_ = method_from(method_);
  request_uri_ = uri;
  return true;
}

// One pass: line ends and colons are found 64 octets at a time; each line is cut out as its end is
// met.
void MessageView::index_headers(size_t at) {
  constexpr size_t kNone = std::string_view::npos;
  const char* text = text_.data();
  const size_t size = text_.size();
  size_t line = at, colon = kNone;
  bool folded = false;
  for (size_t block = at; block < size; block += 64) {
    const size_t left = size - block;
    ByteMasks masks = left >= 64 ? find_in_64(text + block, '\n', ':')
                                 : find_in_rest(text + block, left, '\n', ':');
    while (masks.first != 0) {
      const auto bit = static_cast<unsigned>(__builtin_ctzll(masks.first));
      const size_t end = block + bit;
      const uint64_t before = (uint64_t{1} << bit) - 1;
      if (colon == kNone && (masks.second & before) != 0) {
        colon = block + static_cast<unsigned>(__builtin_ctzll(masks.second));
      }
      masks.first &= masks.first - 1;
      masks.second &= ~before;
      // RFC 3261 7.3.1: a line that begins with a blank goes on with the one before it.
      if (end + 1 < size && is_blank(text[end + 1]) && end > line + 1) {
        folded = true;
        continue;
      }
      const size_t line_end = end > line && text[end - 1] == '\r' ? end - 1 : end;
      if (line_end == line) {
        body_ = text_.substr(end + 1);
        return;
      }
      add_header(line, line_end, colon, folded);
      line = end + 1;
      colon = kNone;
      folded = false;
    }
    if (colon == kNone && masks.second != 0) {
      colon = block + static_cast<unsigned>(__builtin_ctzll(masks.second));
    }
  }
  if (line < size) add_header(line, size, colon, folded);
  notes_.add(Note::HeadersCut);
}

void MessageView::add_header(size_t line, size_t line_end, size_t colon, bool folded) {
  if (colon == std::string_view::npos || colon >= line_end || colon == line) {
    notes_.add(Note::BadHeaderLine);
    return;
  }
  if (count_ >= kMaxHeaders) {
    notes_.add(Note::TooManyHeaders);
    return;
  }
  const char* text = text_.data();
  size_t name_end = colon;
  while (name_end > line && is_space(text[name_end - 1])) --name_end;
  size_t begin = colon + 1, end = line_end;
  while (begin < end && is_space(text[begin])) ++begin;
  while (end > begin && is_space(text[end - 1])) --end;
  HeaderSlot& slot = slots_[count_++];
  slot.name_offset = static_cast<uint32_t>(line);
  slot.name_size = static_cast<uint16_t>(std::min<size_t>(name_end - line, 0xFFFF));
  slot.value_offset = static_cast<uint32_t>(begin);
  slot.value_size = static_cast<uint32_t>(end - begin);
  slot.folded = folded;
  slot.id = header_id({text + line, name_end - line});
  uint16_t& first = first_[static_cast<size_t>(slot.id)];
  if (first == 0) {
    first = count_;
  } else if (stands_once(slot.id)) {
    notes_.add(Note::RepeatedHeader);
  }
}

std::string_view MessageView::first(std::string_view wanted) const {
  const HeaderId id = header_id(wanted);
  if (id != HeaderId::Other) return first(id);
  for (size_t i = 0; i < count_; ++i) {
    if (slots_[i].id == HeaderId::Other && iequals(name(slots_[i]), wanted))
      return value(slots_[i]);
  }
  return {};
}

// RFC 3261 20.16
void MessageView::read_cseq() {
  const std::string_view value = first(HeaderId::CSeq);
  if (value.empty()) return;
  size_t digits = 0;
  while (digits < value.size() && is_digit(value[digits])) ++digits;
  const auto number = parse_number<uint64_t>(value.substr(0, digits));
  std::string_view method = trim(value.substr(digits));
  method = method.substr(0, find_where(method, is_space));
  if (!number || *number > 0x7FFFFFFF || method.empty()) notes_.add(Note::BadCSeq);
  if (number && *number <= UINT32_MAX) {
    cseq_ = static_cast<uint32_t>(*number);
    has_cseq_ = true;
  }
  cseq_method_ = method;
  if (is_request()) {
    if (!method.empty() && !equal_short(method, method_)) notes_.add(Note::CSeqMethodMismatch);
  } else {
    method_ = method;
    method_id_ = method_from(method);
  }
}

void MessageView::note_missing() {
  constexpr struct {
    HeaderId id;
    Note note;
  } kMandatory[] = {{HeaderId::Via, Note::MissingVia},
                    {HeaderId::From, Note::MissingFrom},
                    {HeaderId::To, Note::MissingTo},
                    {HeaderId::CallId, Note::MissingCallId},
                    {HeaderId::CSeq, Note::MissingCSeq}};
  for (const auto& [id, note] : kMandatory) {
    if (first(id).empty()) notes_.add(note);
  }
}

// RFC 3261 18.3: a datagram's body ends where Content-Length says, or with the datagram; a stream's
// where it says.
void MessageView::take_body(size_t at, bool datagram) {
  const std::string_view rest = text_.substr(at);
  body_ = rest;
  if (!has(HeaderId::ContentLength)) {
    if (!datagram) return;
    return;
  }
  const auto length = parse_number<uint64_t>(first(HeaderId::ContentLength));
  if (!length) {
    notes_.add(Note::BadContentLength);
    return;
  }
  if (*length > rest.size()) {
    notes_.add(Note::ContentLengthTooLong);
    return;
  }
  body_ = rest.substr(0, *length);
  trailing_ = rest.substr(*length);
  if (!trailing_.empty()) notes_.add(Note::TrailingBytes);
  text_ = text_.substr(0, at + *length);
}

std::string_view take_list_item(std::string_view& rest) {
  bool quoted = false;
  int angles = 0;
  for (size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '<') {
      ++angles;
    } else if (c == '>') {
      angles = std::max(0, angles - 1);
    } else if (c == ',' && angles == 0) {
      const std::string_view item = rest.substr(0, i);
      rest.remove_prefix(i + 1);
      return trim(item);
    }
  }
  const std::string_view item = rest;
  rest = {};
  return trim(item);
}

std::string_view unfold(std::string_view value, std::string& scratch) {
  if (value.find('\n') == std::string_view::npos) return value;
  scratch.clear();
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\r' && value[i] != '\n') {
      scratch += value[i];
      continue;
    }
    while (i + 1 < value.size() && is_space(value[i + 1])) ++i;
    while (!scratch.empty() && is_blank(scratch.back())) scratch.pop_back();
    scratch += ' ';
  }
  return scratch;
}

}  // namespace siploom::sip
