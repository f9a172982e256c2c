#include "base/json_writer.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/text.h"

namespace siploom {

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_items_.empty()) return;
  if (has_items_.back() != 0) out_ += ',';
  has_items_.back() = 1;
}

void JsonWriter::open(char c) {
  separate();
  out_ += c;
  has_items_.push_back(0);
}

void JsonWriter::close(char c) {
  has_items_.pop_back();
  out_ += c;
}

void JsonWriter::key(std::string_view name) {
  value(name);
  out_ += ':';
  after_key_ = true;
}

namespace {

constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> out{};
  for (size_t c = 0x20; c < 0x7F; ++c) out[c] = c != '"' && c != '\\';
  return out;
}
// Octets that stand for themselves in a JSON string.
constexpr std::array<bool, 256> kPlain = make_plain();

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
  const auto plain_until = [&](size_t at) {
    return find_where(
        text, [](char c) { return !kPlain[static_cast<unsigned char>(c)]; }, at);
  };
  size_t at = plain_until(0);
  out_.append(text.substr(0, at));
  const bool clean = at == text.size() || is_utf8(text);
  while (at < text.size()) {
    append_escaped(out_, text[at], clean);
    const size_t next = plain_until(at + 1);
    out_.append(text.substr(at + 1, next - at - 1));
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
