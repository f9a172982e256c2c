// TextBuffer: text put together piece by piece in memory that is used again and again.
#pragma once

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace siploom::simulate {

class TextBuffer final {
 public:
  TextBuffer() : bytes_(16 * 1024) {}

  void clear() { size_ = 0; }
  size_t size() const { return size_; }
  std::string_view view() const { return {bytes_.data(), size_}; }
  ByteSpan bytes() const { return as_bytes(view()); }
  char* data() { return bytes_.data(); }
  void truncate(size_t size) { size_ = size; }

  TextBuffer& operator<<(std::string_view text) {
    reserve(text.size());
    if (!text.empty()) std::memcpy(&bytes_[size_], text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  // Literals: their size is known, so that copying one is a few moves.
  template <size_t N>
  [[gnu::always_inline]] TextBuffer& operator<<(const char (&literal)[N]) {
    reserve(N);
    std::memcpy(bytes_.data() + size_, literal, N - 1);
    size_ += N - 1;
    return *this;
  }
  TextBuffer& operator<<(char c) {
    reserve(1);
    bytes_[size_++] = c;
    return *this;
  }
  TextBuffer& operator<<(uint64_t number) {
    reserve(20);
    char* const begin = bytes_.data() + size_;
    size_ += static_cast<size_t>(std::to_chars(begin, begin + 20, number).ptr - begin);
    return *this;
  }
  // 0 to 255: a part of an IPv4 address. From a table: every message holds a dozen addresses.
  TextBuffer& octet(uint32_t number) {
    reserve(4);
    const auto& digits = kOctets[number & 255];
    std::memcpy(&bytes_[size_], digits.data(), 4);
    size_ += static_cast<size_t>(digits[3]);
    return *this;
  }
  TextBuffer& operator<<(uint32_t number) { return *this << uint64_t{number}; }
  TextBuffer& operator<<(uint16_t number) { return *this << uint64_t{number}; }
  // Exactly `digits` hexadecimal digits, the lowest of `value`.
  TextBuffer& hex(uint64_t value, unsigned digits) {
    reserve(digits);
    for (unsigned i = digits; i-- > 0;) bytes_[size_++] = "0123456789abcdef"[value >> (4 * i) & 15];
    return *this;
  }
  // Exactly `digits` decimal digits.
  TextBuffer& padded(uint64_t value, unsigned digits) {
    reserve(digits);
    for (unsigned i = digits; i-- > 0; value /= 10) {
      bytes_[size_ + i] = static_cast<char>('0' + value % 10);
    }
    size_ += digits;
    return *this;
  }

 private:
  // Digits, and their number behind them.
  static constexpr std::array<std::array<char, 4>, 256> kOctets = [] {
    std::array<std::array<char, 4>, 256> out{};
    for (size_t n = 0; n < out.size(); ++n) {
      char count = 0;
      if (n >= 100) out[n][static_cast<size_t>(count++)] = static_cast<char>('0' + n / 100);
      if (n >= 10) out[n][static_cast<size_t>(count++)] = static_cast<char>('0' + n / 10 % 10);
      out[n][static_cast<size_t>(count++)] = static_cast<char>('0' + n % 10);
      out[n][3] = count;
    }
    return out;
  }();

  void reserve(size_t more) {
    if (bytes_.size() - size_ < more) bytes_.resize(bytes_.size() * 2 + more);
  }
  std::vector<char> bytes_;
  size_t size_ = 0;
};

}  // namespace siploom::simulate
