// Finder: substring search at the speed of memory (AVX2 where the processor has it), for one needle
// and many haystacks.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace siploom {

class Finder final {
 public:
  explicit Finder(std::string needle) : needle_(std::move(needle)) {}
  // Offset of the first occurrence, or npos. An empty needle is found at 0.
  size_t find(ByteSpan haystack) const;
  bool in(ByteSpan haystack) const { return find(haystack) != std::string_view::npos; }
  const std::string& needle() const { return needle_; }

 private:
  std::string needle_;
};

}  // namespace siploom
