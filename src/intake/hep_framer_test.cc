#include "intake/hep_framer.h"

#include <rapidcheck.h>

#include "intake/test_support.h"

using namespace siploom;
using namespace siploom::intake;
using namespace siploom::intake::test;

namespace {

struct Fed {
  explicit Fed(HepFramer::Unit unit = HepFramer::Unit::Stream) : framer(unit) {}
  bool operator()(std::string_view octets) { return framer.feed(as_bytes(octets), {notes}); }
  HepFramer framer;
  Notes notes;
};

}  // namespace

TEST_CASE("framer: messages cut at every octet") {
  const std::string a = hep3("one"), b = hep3("two", "", "EEP3"), c = hep3("three", "", "EEP1");
  const std::string all = a + b + c;
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    for (const size_t second : {size_t{0}, size_t{1}, size_t{7}}) {
      Fed fed;
      const size_t end = std::min(all.size(), cut + second);
      CHECK(fed(all.substr(0, cut)));
      CHECK(fed(all.substr(cut, end - cut)));
      CHECK(fed(all.substr(end)));
      REQUIRE(fed.notes.messages == std::vector<std::string>{a, b, c});
      CHECK(fed.framer.held_bytes() < 64);
      CHECK_FALSE(fed.framer.in_message());
    }
  }
}

TEST_CASE("framer: octet by octet") {
  const std::string all = hep3("one") + "garbage" + hep3("two");
  Fed fed;
  for (const char octet : all) CHECK(fed({&octet, 1}));
  CHECK(fed.notes.messages == std::vector<std::string>{hep3("one"), hep3("two")});
  CHECK(fed.notes.dropped(Drop::Resync) == 1);
}

TEST_CASE("framer: whatever comes before and however it is cut, the next message is found") {
  rc::check([](std::string garbage, std::vector<uint8_t> cuts) {
    // The beginning of a message within garbage would take the good one for its own.
    for (char& c : garbage) c = c == 'H' || c == 'E' ? 'x' : c;
    const std::string all = hep3("one") + garbage + hep3("two") + hep3("three");
    Fed fed;
    size_t at = 0;
    for (const uint8_t cut : cuts) {
      const size_t size = std::min<size_t>(cut, all.size() - at);
      RC_ASSERT(fed(all.substr(at, size)));
      at += size;
    }
    RC_ASSERT(fed(all.substr(at)));
    RC_ASSERT(fed.notes.messages ==
              (std::vector<std::string>{hep3("one"), hep3("two"), hep3("three")}));
    RC_ASSERT(fed.notes.dropped(Drop::Resync) == (garbage.empty() ? 0u : 1u));
  });
}

TEST_CASE("framer: a length below six is passed over") {
  Fed fed;
  CHECK(fed(std::string("HEP3\x00\x05", 6) + hep3("good")));
  CHECK(fed.notes.messages == std::vector<std::string>{hep3("good")});
  CHECK(fed.notes.dropped(Drop::Resync) == 1);
}

TEST_CASE("framer: a stream without a magic is given up after 64 KiB") {
  Fed fed;
  CHECK(fed(std::string(HepFramer::kMaxResyncBytes - 8, 'H')));
  CHECK(fed.framer.in_message());
  CHECK_FALSE(fed(std::string(64, 'H')));
  CHECK(fed.notes.dropped(Drop::Resync) == 1);
  Fed recovers;
  CHECK(recovers(std::string(60'000, 'x') + hep3("a") + std::string(60'000, 'x') + hep3("b")));
  CHECK(recovers.notes.messages.size() == 2);
}

TEST_CASE("framer: a message cut off is counted at the end") {
  Fed fed;
  CHECK(fed(hep3("whole") + hep3("cut").substr(0, 20)));
  fed.framer.finish({fed.notes});
  CHECK(fed.notes.messages.size() == 1);
  CHECK(fed.notes.dropped(Drop::BadFrame) == 1);
}

TEST_CASE("framer: a document is messages of HEP3, or one of any kind") {
  Fed several(HepFramer::Unit::Document), one(HepFramer::Unit::Document);
  several(hep3("a").substr(0, 2));
  several(hep3("a").substr(2) + hep3("b"));
  several.framer.finish({several.notes});
  CHECK(several.notes.messages.size() == 2);
  one(hep1().substr(0, 3));
  one(hep1().substr(3));
  CHECK(one.notes.messages.empty());
  one.framer.finish({one.notes});
  CHECK(one.notes.messages == std::vector<std::string>{hep1()});
  // And the next document begins anew.
  one(hep3("c"));
  one.framer.finish({one.notes});
  CHECK(one.notes.messages.size() == 2);
}

TEST_CASE("framer: a document that is larger than a message is refused, and not kept") {
  Fed fed(HepFramer::Unit::Document);
  for (int i = 0; i < 100; ++i) fed(std::string(4'096, 'x'));
  CHECK(fed.framer.held_bytes() <= 2 * HepFramer::kMaxMessageBytes);
  fed.framer.finish({fed.notes});
  CHECK(fed.notes.messages.empty());
  CHECK(fed.notes.dropped(Drop::Oversize) == 1);
}
