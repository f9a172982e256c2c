// JsonWriter: JSON into a string, in the order it is told. Text that is not UTF-8 comes out with
// U+FFFD (see text_or_base64).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

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

  template <class T>
  void field(std::string_view name, const T& v) {
    key(name);
    value(v);
  }

 private:
  void open(char c);
  void close(char c);
  void separate();

  std::string& out_;
  std::vector<char> has_items_;  // 0 or 1: by depth
  bool after_key_ = false;
};

}  // namespace siploom
