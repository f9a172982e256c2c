// Masks of where two byte values stand in 64 octets: the structure of text found many octets at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace siploom {

struct ByteMasks {
  uint64_t first = 0, second = 0;  // bit i: octet i is that value
};

// Reads exactly 64 octets at `p`.
inline ByteMasks find_in_64(const char* p, char first, char second) {
  ByteMasks out;
#if defined(__SSE2__)
  const __m128i a = _mm_set1_epi8(first), b = _mm_set1_epi8(second);
  for (unsigned i = 0; i < 4; ++i) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * i));
    const auto in_a = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, a)));
    const auto in_b = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, b)));
    out.first |= uint64_t{in_a} << (16 * i);
    out.second |= uint64_t{in_b} << (16 * i);
  }
#else
  for (unsigned i = 0; i < 64; ++i) {
    out.first |= uint64_t{p[i] == first} << i;
    out.second |= uint64_t{p[i] == second} << i;
  }
#endif
  return out;
}

// The same of the `size` octets that are left, fewer than 64.
inline ByteMasks find_in_rest(const char* p, size_t size, char first, char second) {
  char padded[64] = {};
  std::memcpy(padded, p, size);
  ByteMasks out = find_in_64(padded, first, second);
  const uint64_t valid = (uint64_t{1} << size) - 1;
  out.first &= valid;
  out.second &= valid;
  return out;
}

// How many of the `size` octets at `p` come before one that ends a SIP parameter's value: ';', ',',
// '>', a blank or a control. `readable` octets may be read, `size` or more.
inline size_t value_length(const char* p, size_t size, size_t readable) {
  size_t at = 0;
#if defined(__SSE2__)
  const __m128i semicolon = _mm_set1_epi8(';'), comma = _mm_set1_epi8(','),
                bracket = _mm_set1_epi8('>'), blank = _mm_set1_epi8(' ');
  for (; at < size && at + 16 <= readable; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + at));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, blank), block);
    const __m128i stops =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, semicolon), _mm_cmpeq_epi8(block, comma)),
                     _mm_or_si128(_mm_cmpeq_epi8(block, bracket), low));
    const auto mask = static_cast<uint32_t>(_mm_movemask_epi8(stops));
    if (mask == 0) continue;
    at += static_cast<unsigned>(__builtin_ctz(mask));
    return at < size ? at : size;
  }
#endif
  const auto stops = [](char c) {
    return c == ';' || c == ',' || c == '>' || static_cast<unsigned char>(c) <= ' ';
  };
  while (at < size && !stops(p[at])) ++at;
  return at < size ? at : size;
}

}  // namespace siploom
