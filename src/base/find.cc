#include "base/find.h"

#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace siploom {

namespace {

constexpr size_t kNone = std::string_view::npos;

size_t find_plain(ByteSpan haystack, std::string_view needle) {
  const void* at = memmem(haystack.data(), haystack.size(), needle.data(), needle.size());
  return at == nullptr ? kNone
                       : static_cast<size_t>(static_cast<const uint8_t*>(at) - haystack.data());
}

#if defined(__x86_64__)
// Compares the needle's first and last byte at 32 places at once; only places where both agree are
// looked at whole.
__attribute__((target("avx2"))) size_t find_avx2(ByteSpan haystack, std::string_view needle) {
  const size_t length = needle.size();
  const __m256i first = _mm256_set1_epi8(needle.front());
  const __m256i last = _mm256_set1_epi8(needle.back());
  const uint8_t* data = haystack.data();
  size_t i = 0;
  for (; i + length - 1 + 32 <= haystack.size(); i += 32) {
    const __m256i head = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + i));
    const __m256i tail =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + i + length - 1));
    auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(
        _mm256_and_si256(_mm256_cmpeq_epi8(head, first), _mm256_cmpeq_epi8(tail, last))));
    for (; mask != 0; mask &= mask - 1) {
      const size_t at = i + static_cast<size_t>(__builtin_ctz(mask));
      if (std::memcmp(data + at, needle.data(), length) == 0) return at;
    }
  }
  const size_t rest = find_plain(haystack.subspan(i), needle);
  return rest == kNone ? kNone : i + rest;
}
const bool g_has_avx2 = __builtin_cpu_supports("avx2");
#endif

}  // namespace

size_t Finder::find(ByteSpan haystack) const {
  if (needle_.empty()) return 0;
  if (needle_.size() > haystack.size()) return kNone;
#if defined(__x86_64__)
  if (g_has_avx2) return find_avx2(haystack, needle_);
#endif
  return find_plain(haystack, needle_);
}

}  // namespace siploom
