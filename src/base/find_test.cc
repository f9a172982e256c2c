#include "base/find.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "base/text.h"

using namespace siploom;

TEST_CASE("Finder finds what std::string finds") {
  CHECK(rc::check("few letters, so that near misses abound", [] {
    const auto letters = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab")));
    const std::string haystack = *letters;
    const std::string needle = *rc::gen::resize(6, letters);
    RC_ASSERT(Finder(needle).find(as_bytes(haystack)) == haystack.find(needle));
  }));
}

TEST_CASE("a Finder of any case finds what folding both sides finds") {
  CHECK(rc::check("letters, digits and what lies 32 beside them", [] {
    const auto letters =
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("aAbB@`1Q")));
    const std::string haystack = *letters + *letters + *letters;
    const std::string needle = *rc::gen::resize(5, letters);
    const size_t expected = lower(haystack).find(lower(needle));
    RC_ASSERT(Finder(needle, LetterCase::Any).find(as_bytes(haystack)) == expected);
    RC_ASSERT(find_any_case(haystack, needle) == expected);
  }));
}

TEST_CASE("a needle is found at every offset of a long haystack") {
  const std::string needle = "z9hG4bK-776";
  for (size_t offset = 0; offset < 200; ++offset) {
    std::string haystack(offset, '.');
    haystack += needle;
    haystack += std::string(offset % 37, '.');
    REQUIRE(Finder(needle).find(as_bytes(haystack)) == offset);
    haystack[offset + 3] = 'x';
    REQUIRE_FALSE(Finder(needle).in(as_bytes(haystack)));
  }
}
