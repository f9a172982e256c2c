#include "pipeline/in_blocks.h"

#include <doctest/doctest.h>

#include <string>

using siploom::pipeline::in_blocks;

TEST_CASE("blocks come in order whatever the threads, and each once") {
  for (const unsigned threads : {1u, 2u, 5u}) {
    for (const size_t count : {0u, 1u, 10u, 11u, 1000u}) {
      std::string found, expected;
      for (size_t i = 0; i < count; ++i) expected += std::to_string(i) + " ";
      in_blocks(
          threads, count, 10,
          [](size_t begin, size_t end) {
            std::string out;
            for (size_t i = begin; i < end; ++i) out += std::to_string(i) + " ";
            return out;
          },
          [&](const std::string& part) { found += part; });
      CHECK(found == expected);
    }
  }
}
