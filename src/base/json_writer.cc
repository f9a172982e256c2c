#include "base/json_writer.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"

namespace siploom {

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_items_.empty()) return;
  if (has_items_.back()) out_ += ',';
  has_items_.back() = true;
}

void JsonWriter::open(char c) {
  separate();
  out_ += c;
  has_items_.push_back(false);
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

void JsonWriter::value(std::string_view text) {
  separate();
  out_ += '"';
  const bool clean = is_utf8(text);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        out_ += "\\\"";
        continue;
      case '\\':
        out_ += "\\\\";
        continue;
      case '\n':
        out_ += "\\n";
        continue;
      case '\r':
        out_ += "\\r";
        continue;
      case '\t':
        out_ += "\\t";
        continue;
      default:
        break;
    }
    if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", byte);
    } else if (byte >= 0x80 && !clean) {
      out_ += "\\ufffd";
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

void JsonWriter::value(int64_t number) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
}
void JsonWriter::value(uint64_t number) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
}
void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  fmt::format_to(std::back_inserter(out_), "{:.12g}", number);
}
void JsonWriter::value(bool flag) { raw(flag ? "true" : "false"); }
void JsonWriter::null() { raw("null"); }

void JsonWriter::seconds(Nanoseconds duration) {
  std::string text = format_seconds(duration, 6);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  raw(text);
}

void JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
}

}  // namespace siploom
