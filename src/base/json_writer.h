// JsonWriter: JSON into a string, in the order it is told. Text that is not UTF-8 comes out with
// U+FFFD (see text_or_base64).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/time.h"

namespace siploom {

class JsonWriter final {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);
  // A name of our own: nothing in it has to be escaped.
  template <size_t N>
  void key(const char (&name)[N]) {
    const bool comma = takes_comma();
    const size_t at = out_.size();
    out_.resize(at + N + 2 + (comma ? 1 : 0));
    char* to = out_.data() + at;
    if (comma) *to++ = ',';
    *to++ = '"';
    std::memcpy(to, name, N - 1);
    to[N - 1] = '"';
    to[N] = ':';
    after_key_ = true;
  }

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(int64_t number);
  void value(uint64_t number);
  void value(int number) { value(int64_t{number}); }
  void value(unsigned number) { value(uint64_t{number}); }
  void value(double number);
  void value(bool flag);
  void null();
  // A duration as seconds with six decimals, trailing zeros cut.
  void seconds(Nanoseconds duration);
  // Digits that are JSON already.
  void raw(std::string_view json);

  template <class Name, class T>
  void field(const Name& name, const T& v) {
    key(name);
    value(v);
  }

 private:
  void open(char c) {
    separate();
    out_ += c;
    has_items_ <<= 1;
  }
  void close(char c) {
    has_items_ >>= 1;
    out_ += c;
  }
  // Whether what comes next is set off from what stands before it.
  bool takes_comma() {
    if (after_key_) return after_key_ = false;
    const bool comma = (has_items_ & 1) != 0;
    has_items_ |= 1;
    return comma;
  }
  void separate() {
    if (takes_comma()) out_ += ',';
  }

  std::string& out_;
  uint64_t has_items_ = 0;  // a bit a level, the innermost lowest; nobody nests 64 deep
  bool after_key_ = true;   // nothing stands before the outermost value
};

}  // namespace siploom
