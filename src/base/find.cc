#include "base/find.h"

#include <cstring>

#include "base/text.h"
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

size_t find_plain_any_case(ByteSpan haystack, std::string_view needle) {
  const std::string_view text = as_text(haystack);
  const char first = to_lower(needle.front());
  for (size_t i = 0; i + needle.size() <= text.size(); ++i) {
    if (to_lower(text[i]) == first && iequals(text.substr(i, needle.size()), needle)) return i;
  }
  return kNone;
}

#if defined(__x86_64__)
// Compares the needle's first and last byte at 32 places at once; only places where both agree are
// looked at whole. kFold: bit 5, which tells the case of letters, is set everywhere before that.
template <bool kFold>
__attribute__((target("avx2"))) size_t find_avx2(ByteSpan haystack, std::string_view needle) {
  const size_t length = needle.size();
  const __m256i fold = _mm256_set1_epi8(kFold ? 0x20 : 0);
  const __m256i first = _mm256_or_si256(_mm256_set1_epi8(needle.front()), fold);
  const __m256i last = _mm256_or_si256(_mm256_set1_epi8(needle.back()), fold);
  const uint8_t* data = haystack.data();
  size_t i = 0;
  for (; i + length - 1 + 32 <= haystack.size(); i += 32) {
    __m256i head = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + i));
    __m256i tail = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + i + length - 1));
    if (kFold) {
      head = _mm256_or_si256(head, fold);
      tail = _mm256_or_si256(tail, fold);
    }
    auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(
        _mm256_and_si256(_mm256_cmpeq_epi8(head, first), _mm256_cmpeq_epi8(tail, last))));
    for (; mask != 0; mask &= mask - 1) {
      const size_t at = i + static_cast<size_t>(__builtin_ctz(mask));
      const ByteSpan place = haystack.subspan(at, length);
      if (kFold ? iequals(as_text(place), needle) : as_text(place) == needle) return at;
    }
  }
  const ByteSpan left = haystack.subspan(i);
  const size_t rest = kFold ? find_plain_any_case(left, needle) : find_plain(left, needle);
  return rest == kNone ? kNone : i + rest;
}
const bool g_has_avx2 = __builtin_cpu_supports("avx2");
#else
constexpr bool g_has_avx2 = false;
template <bool kFold>
size_t find_avx2(ByteSpan, std::string_view) {
  return kNone;
}
#endif

size_t find(ByteSpan haystack, std::string_view needle, LetterCase letters) {
  if (needle.empty()) return 0;
  if (needle.size() > haystack.size()) return kNone;
  if (letters == LetterCase::Any) {
    return g_has_avx2 ? find_avx2<true>(haystack, needle) : find_plain_any_case(haystack, needle);
  }
  return g_has_avx2 ? find_avx2<false>(haystack, needle) : find_plain(haystack, needle);
}

}  // namespace

size_t Finder::find(ByteSpan haystack) const { return siploom::find(haystack, needle_, letters_); }

size_t find_any_case(std::string_view haystack, std::string_view needle) {
  return find(as_bytes(haystack), needle, LetterCase::Any);
}

}  // namespace siploom
