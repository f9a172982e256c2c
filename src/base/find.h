// Finder: substring search at the speed of memory (AVX2 where the processor has it), for one needle
// and many haystacks.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace siploom {

enum class LetterCase : uint8_t { Exact, Any };  // Any: of ASCII letters

class Finder final {
 public:
  explicit Finder(std::string needle, LetterCase letters = LetterCase::Exact)
      : needle_(std::move(needle)), letters_(letters) {}
  // Offset of the first occurrence, or npos. An empty needle is found at 0.
  size_t find(ByteSpan haystack) const;
  bool in(ByteSpan haystack) const { return find(haystack) != std::string_view::npos; }
  const std::string& needle() const { return needle_; }

 private:
  std::string needle_;
  LetterCase letters_;
};

// The same for a needle that is used once.
size_t find_any_case(std::string_view haystack, std::string_view needle);

}  // namespace siploom
