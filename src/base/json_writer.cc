#include "base/json_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.h"

namespace siploom {

void JsonWriter::key(std::string_view name) {
  value(name);
  out_ += ':';
  after_key_ = true;
}

namespace {

constexpr uint64_t repeated(uint8_t octet) { return uint64_t{0x0101010101010101} * octet; }
// The high bit of each octet that is `octet`, and perhaps of some above the first such.
constexpr uint64_t equal_to(uint64_t word, uint8_t octet) {
  const uint64_t differ = word ^ repeated(octet);
  return (differ - repeated(1)) & ~differ & repeated(0x80);
}
// Octets that stand for themselves in a JSON string: printable ASCII but quotes and backslashes.
constexpr bool is_plain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

// Whether some octet of `word` has to be escaped or looked at. Below 0x20 borrows into the high
// bit, 0x7F carries into it; of octets above such a one it may be wrong, which only costs time.
bool has_special(uint64_t word) {
  const uint64_t odd = (word - repeated(0x20)) | (word + repeated(1)) | word;
  return ((odd & repeated(0x80)) | equal_to(word, '"') | equal_to(word, '\\')) != 0;
}
uint64_t load(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

// Most texts: nothing in them has to be escaped. The last eight octets overlap those before.
bool all_plain(std::string_view text) {
  const size_t size = text.size();
  if (size < 8) {
    return std::all_of(text.begin(), text.end(), is_plain);
  }
  for (size_t at = 0; at + 8 < size; at += 8) {
    if (has_special(load(text.data() + at))) return false;
  }
  return !has_special(load(text.data() + size - 8));
}

// Where the first octet that has to be escaped or looked at stands: eight at a time.
size_t plain_until(std::string_view text, size_t at) {
  while (at + 8 <= text.size() && !has_special(load(text.data() + at))) at += 8;
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

// U+0080 to U+009F: terminals obey these, too (ECMA-48 5.3), such as U+009B for ESC [.
bool is_c1(std::string_view text, size_t at) {
  return text[at] == '\xC2' && at + 1 < text.size() && static_cast<uint8_t>(text[at + 1]) < 0xA0;
}

void append_escaped(std::string& out, char c, bool clean) {
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (byte < 0x20 || byte == 0x7F) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
  } else if (byte >= 0x80 && !clean) {
    out += "\\ufffd";
  } else {
    out += c;
  }
}

}  // namespace

void JsonWriter::value(std::string_view text) {
  separate();
  out_ += '"';
  if (all_plain(text)) {
    out_.append(text) += '"';
    return;
  }
  size_t at = plain_until(text, 0);
  out_.append(text.substr(0, at));
  const bool clean = is_utf8(text);
  while (at < text.size()) {
    size_t behind = at + 1;
    if (clean && is_c1(text, at)) {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<uint8_t>(text[behind++]));
    } else {
      append_escaped(out_, text[at], clean);
    }
    const size_t next = plain_until(text, behind);
    out_.append(text.substr(behind, next - behind));
    at = next;
  }
  out_ += '"';
}

void JsonWriter::value(int64_t number) {
  separate();
  const fmt::format_int digits(number);
  out_.append(digits.data(), digits.size());
}
void JsonWriter::value(uint64_t number) {
  separate();
  const fmt::format_int digits(number);
  out_.append(digits.data(), digits.size());
}
void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  fmt::format_to(std::back_inserter(out_), "{:.12g}", number);
}
void JsonWriter::value(bool flag) { raw(flag ? "true" : "false"); }
void JsonWriter::null() { raw("null"); }

void JsonWriter::seconds(Nanoseconds duration) {
  const uint64_t magnitude =
      duration < 0 ? 0 - static_cast<uint64_t>(duration) : static_cast<uint64_t>(duration);
  const uint64_t micros = (magnitude + 500) / 1000;
  separate();
  if (duration < 0 && micros != 0) out_ += '-';
  const fmt::format_int whole(micros / 1'000'000);
  out_.append(whole.data(), whole.size());
  uint64_t rest = micros % 1'000'000;
  if (rest == 0) return;
  char digits[7] = {'.'};
  for (size_t i = 6; i > 0; --i, rest /= 10) digits[i] = static_cast<char>('0' + rest % 10);
  size_t size = sizeof digits;
  while (digits[size - 1] == '0') --size;
  out_.append(digits, size);
}

void JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
}

}  // namespace siploom
