// FlatMap, HashSet, Interner and Arena against what the standard library does.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "base/arena.h"
#include "base/flat_map.h"
#include "base/hash_set.h"
#include "base/interner.h"

using namespace siploom;

TEST_CASE("FlatMap does what std::map does, collisions included") {
  CHECK(rc::check("random inserts, finds and erases",
                  [](const std::vector<std::pair<uint8_t, uint8_t>>& steps) {
                    FlatMap<int, int> map;
                    std::map<int, int> truth;
                    for (const auto& [what, key] : steps) {
                      const uint64_t hash = key % 7;  // many keys share a slot
                      if (what % 3 == 0) {
                        RC_ASSERT(map.erase(hash, key) == (truth.erase(key) == 1));
                      } else {
                        *map.insert(hash, key).first = what;
                        truth[key] = what;
                      }
                      RC_ASSERT(map.size() == truth.size());
                    }
                    for (int key = 0; key < 256; ++key) {
                      const int* found = map.find(static_cast<uint64_t>(key) % 7, key);
                      RC_ASSERT((found != nullptr) == truth.contains(key));
                      if (found != nullptr) RC_ASSERT(*found == truth[key]);
                    }
                  }));
}

TEST_CASE("FlatMap grows and keeps everything") {
  FlatMap<uint64_t, uint64_t> map;
  for (uint64_t i = 0; i < 10'000; ++i) *map.insert(mix(i, 1), i).first = i * 2;
  CHECK(map.size() == 10'000);
  for (uint64_t i = 0; i < 10'000; ++i) REQUIRE(*map.find(mix(i, 1), i) == i * 2);
  CHECK(map.find(mix(10'001, 1), 10'001) == nullptr);
}

TEST_CASE("HashSet does what std::set does") {
  CHECK(rc::check("random inserts", [](const std::vector<uint16_t>& values) {
    HashSet set;
    std::set<uint64_t> truth;
    for (const uint16_t value : values) {
      const uint64_t hash = uint64_t{value} + 1;
      RC_ASSERT(set.insert(hash) == truth.insert(hash).second);
    }
    RC_ASSERT(set.size() == truth.size());
    for (uint64_t hash = 1; hash < 600; ++hash)
      RC_ASSERT(set.contains(hash) == truth.contains(hash));
  }));
}

TEST_CASE("equal texts are one symbol") {
  Interner interner;
  const Symbol a = interner.intern("Asterisk PBX 18");
  const Symbol b = interner.intern("Kamailio");
  CHECK(a != b);
  CHECK(interner.intern(std::string("Asterisk PBX ") + "18") == a);
  CHECK(interner.text(b) == "Kamailio");
  CHECK(interner.intern("") == Symbol::None);
}

TEST_CASE("Arena keeps bytes at their place until it is reset") {
  Arena arena(128);
  const std::string_view small = arena.copy("small");
  const std::string big(1000, 'x');
  const std::string_view large = arena.copy(std::string_view(big));
  for (int i = 0; i < 100; ++i) arena.copy("filler");
  CHECK(small == "small");
  CHECK(large == big);
  CHECK(arena.memory_bytes() >= 1128);
  arena.reset();
  CHECK(arena.memory_bytes() <= 128);
  CHECK(reinterpret_cast<uintptr_t>(arena.allocate(8, 8)) % 8 == 0);
}
